// Copies between typed arrays, plain or past the caches.
// `static`: the compiler puts what has one caller into it, which saves 10 ns a call.
#pragma once
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "napi.h"

namespace shoal {

// The C library chooses the clone when the addon is loaded; musl cannot.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define SHOAL_WIDEST __attribute__((target_clones("avx2", "default")))
#else
#define SHOAL_WIDEST
#endif

// memcpy of one C library moves a byte at a time from some addresses to others. This loop takes as long for all of
// them.
static SHOAL_WIDEST void copy(uint8_t* target, const uint8_t* source, size_t size) {
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
static void stream(uint8_t* target, const uint8_t* source, size_t size) {
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
static void fence() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

// The reader waits for memory: with cores near each other short arrays take longer.
constexpr size_t kLeastStreamed = 32 * 1024;

static void stage(uint8_t* target, const uint8_t* source, size_t size) {
  if (size < kLeastStreamed) return copy(target, source, size);
  stream(target, source, size);
  fence();
}

static bool holds(uint64_t length, uint64_t offset, uint64_t size) {
  return offset <= length && size <= length - offset;
}

// void *memcpy(void *dest, const void *src, size_t n);
// Two typed arrays that do not overlap, and byte offsets within each. False, and nothing copied, when either has not so
// many bytes (any more). The arrays are read anew in each call: nothing is kept of memory that can go away.
template <void (*kCopy)(uint8_t*, const uint8_t*, size_t)>
static napi_value copy_bytes(napi_env env, napi_callback_info info) {
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

}  // namespace shoal
