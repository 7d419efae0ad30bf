// What Linux has and Node has not: shared segments mapped over linear memory, doorbells, yield.
// src/native/os.ts declares the same functions in the same order. Every function runs on the calling thread.
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "libraries.h"
#include "napi.h"

using shoal::Call;

namespace {

// int memfd_create(const char *name, unsigned int flags);
// The segment is sized, then sealed: a page past the end would be a SIGBUS in every process. The caller owns the fd.
napi_value create_segment(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int64_t size = call.integer(0);
  if (call.failed()) return nullptr;
  const int fd = memfd_create("shoal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return call.fail("memfd_create");
  if (ftruncate(fd, size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    const int error = errno;
    close(fd);
    return call.fail("ftruncate", error);
  }
  return call.number(fd);
}

// int open(const char *path, int flags);
// Another process's descriptor through /proc/<pid>/fd/<n>. The caller owns the new fd.
napi_value open_descriptor(napi_env env, napi_callback_info info) {
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
napi_value map_segment(napi_env env, napi_callback_info info) {
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

// int memfd_create(const char *name, unsigned int flags);
// A segment of memory of this host that is written once with ordinary writes and then sealed. The caller owns the fd.
napi_value create_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int64_t size = call.integer(0);
  if (call.failed()) return nullptr;
  const int fd = memfd_create("shoal-store", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return call.fail("memfd_create");
  if (ftruncate(fd, size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    const int error = errno;
    close(fd);
    return call.fail("ftruncate", error);
  }
  return call.number(fd);
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
void* write_piece(void* given) {
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
napi_value write_store(napi_env env, napi_callback_info info) {
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
napi_value seal_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0) return call.fail("fcntl");
  return call.number(fd);
}

// int munmap(void *addr, size_t length);
// Of an ArrayBuffer that was collected or detached, or whose thread has ended.
void unmap_store(napi_env, void* address, void* size) {
  munmap(address, size_t(size));
}

// void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
// An ArrayBuffer over the segments of a store, one after another, all of one size but the last. Pages are the store's
// until this process writes to them: those it has for itself.
napi_value map_store(napi_env env, napi_callback_info info) {
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
napi_value detach_store(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const bool detached = call.detach(0);
  return call.failed() ? nullptr : call.boolean(detached);
}

// The C library chooses the clone when the addon is loaded; musl cannot.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define SHOAL_WIDEST __attribute__((target_clones("avx2", "default")))
#else
#define SHOAL_WIDEST
#endif

// memcpy of one C library moves a byte at a time from some addresses to others. This loop takes as long for all of
// them.
SHOAL_WIDEST void copy(uint8_t* target, const uint8_t* source, size_t size) {
  typedef uint8_t Vector __attribute__((vector_size(32), aligned(1), may_alias));
  constexpr size_t kBlock = 4 * sizeof(Vector);
  size_t at = 0;
  for (; at + kBlock <= size; at += kBlock) {
    const Vector* const from = reinterpret_cast<const Vector*>(source + at);
    Vector* const to = reinterpret_cast<Vector*>(target + at);
    const Vector a = from[0], b = from[1], c = from[2], d = from[3];
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
    asm volatile("" ::: "memory");  // stays a loop: no call of memcpy
  }
  memcpy(target + at, source + at, size - at);
}

constexpr size_t kLine = 64;

// The same with stores past the caches, for lines that another core has read and will read. An ordinary store
// waits until that core has given its copy up, at 30 ns a line where cores are far from each other.
// Whoever calls fences them.
void stream(uint8_t* target, const uint8_t* source, size_t size) {
  size_t at = 0;
#ifdef __SSE2__
  const size_t lead = -uintptr_t(target) % kLine;
  at = lead < size ? lead : size;
  memcpy(target, source, at);
  for (; at + kLine <= size; at += kLine) {
    const __m128i* const from = reinterpret_cast<const __m128i*>(source + at);
    __m128i* const to = reinterpret_cast<__m128i*>(target + at);
    for (int i = 0; i < 4; i++) _mm_stream_si128(to + i, _mm_loadu_si128(from + i));
  }
#endif
  copy(target + at, source + at, size - at);
}

// What was streamed comes before what publishes it.
void fence() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

// The reader waits for memory: with cores near each other short arrays take longer.
constexpr size_t kLeastStreamed = 32 * 1024;

void stage(uint8_t* target, const uint8_t* source, size_t size) {
  if (size < kLeastStreamed) return copy(target, source, size);
  stream(target, source, size);
  fence();
}

bool holds(uint64_t length, uint64_t offset, uint64_t size) {
  return offset <= length && size <= length - offset;
}

// void *memcpy(void *dest, const void *src, size_t n);
// Two typed arrays that do not overlap, and byte offsets within each. False, and nothing copied, when either has not so
// many bytes (any more). The arrays are read anew in each call: nothing is kept of memory that can go away.
template <void (*kCopy)(uint8_t*, const uint8_t*, size_t)>
napi_value copy_bytes(napi_env env, napi_callback_info info) {
  Call call(env, info);
  size_t target_length = 0, source_length = 0;
  uint8_t* target = call.memory(0, &target_length);
  const uint64_t target_offset = uint64_t(call.integer(1));
  const uint8_t* source = call.memory(2, &source_length);
  const uint64_t source_offset = uint64_t(call.integer(3));
  const uint64_t size = uint64_t(call.integer(4));
  if (call.failed()) return nullptr;
  const bool fits = holds(target_length, target_offset, size) && holds(source_length, source_offset, size);
  if (fits) kCopy(target + target_offset, source + source_offset, size);
  return call.boolean(fits);
}

// Where the bytes of several arrays lie, which are copied as one. JavaScript keeps the arrays alive as long as the list,
// and looks before each copy that each is as long as it was: a view of fixed length has its bytes at one place until it
// has none.
struct Parts {
  struct Part {
    uint8_t* data;
    size_t start;  // byte of the whole
  };
  std::vector<Part> parts;  // and one behind the last
  size_t size = 0;

  const Part* at(size_t offset) const {
    const auto behind = [](size_t byte, const Part& part) { return byte < part.start; };
    return &*std::upper_bound(parts.begin(), parts.end() - 1, offset, behind) - 1;
  }
};

napi_value list_arrays(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const uint32_t count = call.length(0);
  Parts* const list = new Parts;
  list->parts.reserve(count + 1);
  for (uint32_t i = 0; i < count && !call.failed(); i++) {
    size_t length = 0;
    uint8_t* const data = call.element(0, i, &length);
    list->parts.push_back({data, list->size});
    list->size += length;
  }
  list->parts.push_back({nullptr, list->size});
  if (!call.failed()) return call.own(list);
  delete list;
  return nullptr;
}

// Calls `move` for what each array has of a range: its bytes, where they stand in the range, how many.
template <typename Move>
void each_part(const Parts& list, size_t offset, size_t size, Move move) {
  const size_t end = offset + size;
  if (size == 0) return;
  for (const Parts::Part* part = list.at(offset); part->start < end; part++) {
    const size_t first = std::max(part->start, offset);
    const size_t last = std::min(part[1].start, end);
    if (first < last) move(part->data + (first - part->start), first - offset, last - first);
    if (last == end) return;
  }
}

void copy_parts(uint8_t* target, const Parts& list, size_t offset, size_t size) {
  each_part(list, offset, size, [target](const uint8_t* data, size_t place, size_t length) {
    copy(target + place, data, length);
  });
}

// The lines of the target are written whole, past the caches: one that several arrays share is put together first.
void stage_parts(uint8_t* target, const Parts& list, size_t offset, size_t size) {
  if (size < kLeastStreamed) return copy_parts(target, list, offset, size);
  uint8_t line[kLine];
  size_t held = 0;
  each_part(list, offset, size, [&](const uint8_t* data, size_t, size_t length) {
    if (held > 0) {
      const size_t more = std::min(kLine - held, length);
      memcpy(line + held, data, more);
      held += more;
      data += more;
      length -= more;
      if (held < kLine) return;
      stream(target, line, kLine);
      target += kLine;
    }
    held = length % kLine;
    stream(target, data, length - held);
    target += length - held;
    memcpy(line, data + length - held, held);
  });
  copy(target, line, held);
  fence();
}

// void *memcpy(void *dest, const void *src, size_t n);
// From the parts of a list to a typed array. False, and nothing copied, when either has not so many bytes.
template <void (*kCopy)(uint8_t*, const Parts&, size_t, size_t)>
napi_value gather_bytes(napi_env env, napi_callback_info info) {
  Call call(env, info);
  size_t length = 0;
  uint8_t* target = call.bytes(0, &length);
  const uint64_t target_offset = uint64_t(call.integer(1));
  const Parts* list = call.owned<Parts>(2);
  const uint64_t offset = uint64_t(call.integer(3));
  const uint64_t size = uint64_t(call.integer(4));
  if (call.failed()) return nullptr;
  const bool fits = holds(length, target_offset, size) && holds(list->size, offset, size);
  if (fits) kCopy(target + target_offset, *list, offset, size);
  return call.boolean(fits);
}

// void *memcpy(void *dest, const void *src, size_t n);
// The other way round.
napi_value scatter_bytes(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Parts* list = call.owned<Parts>(0);
  const uint64_t offset = uint64_t(call.integer(1));
  size_t length = 0;
  const uint8_t* source = call.bytes(2, &length);
  const uint64_t source_offset = uint64_t(call.integer(3));
  const uint64_t size = uint64_t(call.integer(4));
  if (call.failed()) return nullptr;
  const bool fits = holds(length, source_offset, size) && holds(list->size, offset, size);
  if (fits) {
    each_part(*list, offset, size, [source = source + source_offset](uint8_t* data, size_t place, size_t part) {
      copy(data, source + place, part);
    });
  }
  return call.boolean(fits);
}

// int sched_yield(void);
napi_value yield_core(napi_env, napi_callback_info) {
  sched_yield();
  return nullptr;
}

// int sched_getaffinity(pid_t pid, size_t cpusetsize, cpu_set_t *mask);
napi_value count_cores(napi_env env, napi_callback_info info) {
  Call call(env, info);
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return call.fail("sched_getaffinity");
  return call.number(CPU_COUNT(&mask));
}

// int pipe2(int pipefd[2], int flags);
// Returns [read end, write end], both non-blocking and closed on exec. The caller owns both.
napi_value create_doorbell(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return call.fail("pipe2");
  return call.pair(ends[0], ends[1]);
}

// ssize_t write(int fd, const void *buf, size_t count);
// A full pipe has a notification already; a closed one belongs to a process that is gone: neither is an error.
napi_value ring_doorbell(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  const uint8_t one = 1;
  if (write(fd, &one, 1) < 0 && errno != EAGAIN && errno != EPIPE) return call.fail("write");
  return nullptr;
}

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);
// Waits until the doorbell is notified, at most `timeoutMs`, and takes the notification. Returns 1 if it came.
napi_value wait_doorbell(napi_env env, napi_callback_info info) {
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
napi_value close_descriptor(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  if (close(fd) != 0) return call.fail("close");
  return nullptr;
}

// int pidfd_open(pid_t pid, unsigned int flags);
// A descriptor that becomes readable when the process ends, whoever gets its pid later. The caller owns it.
napi_value open_process(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int64_t pid = call.integer(0);
  if (call.failed()) return nullptr;
  const long fd = syscall(SYS_pidfd_open, pid_t(pid), 0);
  return fd < 0 ? call.fail("pidfd_open") : call.number(double(fd));
}

// int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned int flags);
// Never reaches a process that got the pid later. Returns 0 when the process is gone.
napi_value signal_process(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0)), signal = int(call.integer(1));
  if (call.failed()) return nullptr;
  if (syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0) return call.number(1);
  return errno == ESRCH ? call.number(0) : call.fail("pidfd_send_signal");
}

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);
// Returns 1 once the process has ended: its memory is then gone.
napi_value process_ended(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const int fd = int(call.integer(0));
  if (call.failed()) return nullptr;
  pollfd entry = {fd, POLLIN, 0};
  return call.number(poll(&entry, 1, 0) > 0);
}

// int ioctl(int pidfd, PIDFD_GET_INFO, struct pidfd_info *info);
// The wait status of a process that has ended, also of one that is no child; -1 where the kernel (before 6.15) does not
// tell. The structure and the request are spelt out here, since the headers are older than the call.
napi_value exit_status(napi_env env, napi_callback_info info) {
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

}  // namespace

NAPI_MODULE_INIT() {
  shoal::define(env, exports, "createSegment", create_segment);
  shoal::define(env, exports, "openDescriptor", open_descriptor);
  shoal::define(env, exports, "mapSegment", map_segment);
  shoal::define(env, exports, "createStore", create_store);
  shoal::define(env, exports, "writeStore", write_store);
  shoal::define(env, exports, "sealStore", seal_store);
  shoal::define(env, exports, "mapStore", map_store);
  shoal::define(env, exports, "detachStore", detach_store);
  shoal::define(env, exports, "copyBytes", copy_bytes<copy>);
  shoal::define(env, exports, "stageBytes", copy_bytes<stage>);
  shoal::define(env, exports, "listArrays", list_arrays);
  shoal::define(env, exports, "gather", gather_bytes<copy_parts>);
  shoal::define(env, exports, "gatherStaged", gather_bytes<stage_parts>);
  shoal::define(env, exports, "scatter", scatter_bytes);
  shoal::define(env, exports, "yieldCore", yield_core);
  shoal::define(env, exports, "countCores", count_cores);
  shoal::define(env, exports, "createDoorbell", create_doorbell);
  shoal::define(env, exports, "ringDoorbell", ring_doorbell);
  shoal::define(env, exports, "waitDoorbell", wait_doorbell);
  shoal::define(env, exports, "closeDescriptor", close_descriptor);
  shoal::define(env, exports, "openProcess", open_process);
  shoal::define(env, exports, "signalProcess", signal_process);
  shoal::define(env, exports, "processEnded", process_ended);
  shoal::define(env, exports, "exitStatus", exit_status);
  shoal::define(env, exports, "openLibrary", shoal::open_library);
  shoal::define(env, exports, "describeMpi", shoal::describe_mpi);
  return exports;
}
