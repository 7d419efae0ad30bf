// Stores: data that is written once, sealed, and mapped by any number of processes. None sees what another writes then.
#pragma once
#include <pthread.h>

#include "segments.h"

namespace shoal {

// A segment that is written once with ordinary writes and then sealed.
inline napi_value create_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return create_sealed(call, "shoal-store", 0);
}

// What one thread writes to a segment of a store.
struct Piece {
  int fd;
  const uint8_t* bytes;
  size_t size;
  off_t offset;
  int error;
  pthread_t thread;
  bool has_thread;
};

constexpr size_t kMostSegments = 8;

// ssize_t pwrite(int fd, const void *buf, size_t count, off_t offset);
inline void* write_piece(void* given) {
  constexpr size_t kMost = size_t(1) << 30;
  Piece* const piece = static_cast<Piece*>(given);
  for (size_t at = 0; at < piece->size && piece->error == 0;) {
    const size_t left = piece->size - at;
    const ssize_t count = pwrite(piece->fd, piece->bytes + at, left < kMost ? left : kMost, piece->offset + off_t(at));
    if (count > 0) {
      at += size_t(count);
    } else if (count == 0 || errno != EINTR) {
      piece->error = count == 0 ? ENOSPC : errno;
    }
  }
  return nullptr;
}

// int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start_routine)(void *), void *arg);
// Writes bytes to a store whose segments lie one after another, all of one size but the last. Each segment that is
// touched has a thread: the kernel makes pages as it fills them, and lets one writer at a time into a file. Returns
// when all is written; the bytes stay the caller's.
inline napi_value write_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  size_t descriptors_size = 0, length = 0;
  const int32_t* const descriptors = reinterpret_cast<int32_t*>(call.memory(0, &descriptors_size));
  const size_t segment_size = size_t(call.integer(1));
  const uint8_t* const bytes = call.memory(2, &length);
  const size_t offset = size_t(call.integer(3));
  if (call.failed()) return nullptr;
  const size_t segments = descriptors_size / sizeof(int32_t);
  if (segments == 0 || segments > kMostSegments || segment_size == 0) return call.fail("pwrite", EINVAL);
  Piece pieces[kMostSegments] = {};
  size_t count = 0;
  for (size_t at = 0; at < length;) {
    const size_t segment = (offset + at) / segment_size, start = (offset + at) % segment_size;
    if (segment >= segments) return call.fail("pwrite", EFBIG);
    const size_t left = length - at, room = segment + 1 == segments ? left : segment_size - start;
    const size_t size = left < room ? left : room;
    pieces[count++] = {descriptors[segment], bytes + at, size, off_t(start), 0, {}, false};
    at += size;
  }
  for (size_t i = 1; i < count; i++) {
    pieces[i].has_thread = pthread_create(&pieces[i].thread, nullptr, write_piece, &pieces[i]) == 0;
  }
  int error = 0;
  for (size_t i = 0; i < count; i++) {
    if (pieces[i].has_thread) {
      pthread_join(pieces[i].thread, nullptr);
    } else {
      write_piece(&pieces[i]);
    }
    if (error == 0) error = pieces[i].error;
  }
  if (error != 0) return call.fail("pwrite", error);
  return call.number(double(length));
}

// int fcntl(int fd, F_ADD_SEALS, int seals);
// From now on nobody writes to the store, whoever opens it.
inline napi_value seal_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0) return call.fail("fcntl");
  return call.number(fd);
}

// int munmap(void *addr, size_t length);
// Of an ArrayBuffer that was collected or detached, or whose thread has ended.
inline void unmap_store(napi_env, void* address, void* size) {
  munmap(address, size_t(size));
}

// void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
// An ArrayBuffer over the segments of a store, one after another, all of one size but the last. Pages are the store's
// until this process writes to them: those it has for itself.
inline napi_value map_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  size_t descriptors_size = 0;
  const int32_t* const descriptors = reinterpret_cast<int32_t*>(call.memory(0, &descriptors_size));
  const size_t segment_size = size_t(call.integer(1));
  const size_t size = size_t(call.integer(2));
  if (call.failed()) return nullptr;
  const size_t segments = descriptors_size / sizeof(int32_t);
  const bool is_whole = segments > 0 && (segments - 1) * segment_size < size && size <= segments * segment_size;
  if (!is_whole || segment_size % size_t(sysconf(_SC_PAGESIZE)) != 0) return call.fail("mmap", EINVAL);
  void* const reserved = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return call.fail("mmap");
  uint8_t* const address = static_cast<uint8_t*>(reserved);
  for (size_t i = 0; i < segments; i++) {
    const size_t start = i * segment_size, left = size - start;
    const size_t length = left < segment_size ? left : segment_size;
    const int flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED;
    if (mmap(address + start, length, PROT_READ | PROT_WRITE, flags, descriptors[i], 0) == MAP_FAILED) {
      const int error = errno;
      munmap(address, size);
      return call.fail("mmap", error);
    }
  }
  madvise(address, size, MADV_DONTDUMP);
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, address, size, unmap_store, reinterpret_cast<void*>(size), &buffer) != napi_ok) {
    munmap(address, size);
    return call.fail("mmap", ENOMEM);
  }
  return buffer;
}

// Takes the memory from an ArrayBuffer of map_store: it and all its views are of length 0 from now on.
inline napi_value detach_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const bool detached = call.detach(0);
  return call.failed() ? nullptr : call.boolean(detached);
}

}  // namespace shoal
