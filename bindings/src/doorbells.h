// How a rank waits: its cores, yields of a core, and doorbells, which are pipes.
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "napi.h"

namespace shoal {

// int sched_yield(void);
inline napi_value yield_core(napi_env, napi_callback_info) {
  sched_yield();
  return nullptr;
}

// int sched_getaffinity(pid_t pid, size_t cpusetsize, cpu_set_t *mask);
inline napi_value count_cores(napi_env env, napi_callback_info info) {
  Call call(env, info);
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return call.fail("sched_getaffinity");
  return call.number(CPU_COUNT(&mask));
}

// int pipe2(int pipefd[2], int flags);
// Returns [read end, write end], both non-blocking and closed on exec. The caller owns both.
inline napi_value create_doorbell(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return call.fail("pipe2");
  return call.pair(ends[0], ends[1]);
}

// ssize_t write(int fd, const void *buf, size_t count);
// A full pipe has a notification already; a closed one belongs to a process that is gone: neither is an error.
inline napi_value ring_doorbell(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  const uint8_t one = 1;
  if (write(fd, &one, 1) < 0 && errno != EAGAIN && errno != EPIPE) return call.fail("write");
  return nullptr;
}

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);
// Waits until the doorbell is notified, at most `timeoutMs`, and takes the notification. Returns 1 if it came.
inline napi_value wait_doorbell(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  const int timeout = int(call.integer(1));
  if (call.failed()) return nullptr;
  pollfd entry = {fd, POLLIN, 0};
  const int ready = poll(&entry, 1, timeout);
  if (ready < 0 && errno != EINTR) return call.fail("poll");
  uint8_t rings[512];
  bool rang = false;
  while (read(fd, rings, sizeof rings) > 0) rang = true;
  return call.number(rang);
}

// int close(int fd);
inline napi_value close_descriptor(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  if (close(fd) != 0) return call.fail("close");
  return nullptr;
}

}  // namespace shoal
