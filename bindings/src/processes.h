// Processes by pidfd: whoever has a pid later is never taken for the one that had it.
#pragma once
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "napi.h"

namespace shoal {

// int pidfd_open(pid_t pid, unsigned int flags);
// A descriptor that becomes readable when the process ends, whoever gets its pid later. The caller owns it.
inline napi_value open_process(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int64_t pid = call.integer(0);
  if (call.failed()) return nullptr;
  const long fd = syscall(SYS_pidfd_open, pid_t(pid), 0);
  return fd < 0 ? call.fail("pidfd_open") : call.number(double(fd));
}

// int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned int flags);
// Never reaches a process that got the pid later. Returns 0 when the process is gone.
inline napi_value signal_process(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0)), signal = int(call.integer(1));
  if (call.failed()) return nullptr;
  if (syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0) return call.number(1);
  return errno == ESRCH ? call.number(0) : call.fail("pidfd_send_signal");
}

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);
// Returns 1 once the process has ended: its memory is then gone.
inline napi_value process_ended(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  pollfd entry = {fd, POLLIN, 0};
  return call.number(poll(&entry, 1, 0) > 0);
}

// int ioctl(int pidfd, PIDFD_GET_INFO, struct pidfd_info *info);
// The wait status of a process that has ended, also of one that is no child; -1 where the kernel (before 6.15) does not
// tell. The structure and the request are spelt out here, since the headers are older than the call.
inline napi_value exit_status(napi_env env, napi_callback_info info) {
  struct {
    uint64_t mask, cgroup;
    uint32_t pid, tgid, ppid, ids[8];
    int32_t exit_code;
    uint32_t more[2];
  } status = {};
  constexpr uint64_t kExit = 1 << 3;
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  status.mask = kExit;
  const bool known = ioctl(fd, _IOWR(0xFF, 11, status), &status) == 0 && (status.mask & kExit) != 0;
  return call.number(known ? status.exit_code : -1);
}

}  // namespace shoal
