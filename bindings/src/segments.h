// Segments: memory of one host that one process makes, others open, and each maps over its linear memory.
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "napi.h"

namespace shoal {

// int memfd_create(const char *name, unsigned int flags);
// Memory of this host that has its size for good: a page past the end would be a SIGBUS in every process that has mapped
// it. The caller owns the fd.
inline napi_value create_sealed(Call& call, const char* name, int seals) {
  const int64_t size = call.integer(0);
  if (call.failed()) return nullptr;
  const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return call.fail("memfd_create");
  if (ftruncate(fd, size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | seals) != 0) {
    const int error = errno;
    close(fd);
    return call.fail("ftruncate", error);
  }
  return call.number(fd);
}

// No further seal can be added: whoever has it open may write to it until the end.
inline napi_value create_segment(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return create_sealed(call, "shoal", F_SEAL_SEAL);
}

// int open(const char *path, int flags);
// Another process's descriptor through /proc/<pid>/fd/<n>. The caller owns the new fd.
inline napi_value open_descriptor(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int64_t pid = call.integer(0);
  const int64_t number = call.integer(1);
  const bool write_only = call.integer(2) != 0;
  if (call.failed()) return nullptr;
  const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(number);
  const int fd = open(path.c_str(), (write_only ? O_WRONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
  return fd < 0 ? call.fail("open") : call.number(fd);
}

// void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
// Puts the segment over a range of linear memory, for good. The range belongs to a WebAssembly.Memory that the caller
// keeps alive until the process ends; both ends lie on pages.
inline napi_value map_segment(napi_env env, napi_callback_info info) {
  Call call(env, info);
  size_t length = 0;
  uint8_t* memory = call.bytes(0, &length);
  const uint64_t offset = uint64_t(call.integer(1));
  const uint64_t size = uint64_t(call.integer(2));
  const int fd = int(call.integer(3));
  if (call.failed()) return nullptr;
  const uint64_t page = uint64_t(sysconf(_SC_PAGESIZE));
  uint8_t* address = memory + offset;
  if (size == 0 || offset > length || size > length - offset || uintptr_t(address) % page || size % page) {
    return call.fail("mmap", EINVAL);
  }
  if (mmap(address, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) return call.fail("mmap");
  madvise(address, size, MADV_DONTDUMP);
  return call.number(double(size));
}

}  // namespace shoal
