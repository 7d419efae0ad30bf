// Several arrays copied as one: gathered into one array, or scattered from it.
// `static`: the compiler puts what has one caller into it, which saves 10 ns a call.
#pragma once
#include <algorithm>
#include <vector>

#include "byte-copy.h"

namespace shoal {

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

static napi_value list_arrays(napi_env env, napi_callback_info info) {
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
static void each_part(const Parts& list, size_t offset, size_t size, Move move) {
  const size_t end = offset + size;
  if (size == 0) return;
  for (const Parts::Part* part = list.at(offset); part->start < end; part++) {
    const size_t first = std::max(part->start, offset);
    const size_t last = std::min(part[1].start, end);
    if (first < last) move(part->data + (first - part->start), first - offset, last - first);
    if (last == end) return;
  }
}

static void copy_parts(uint8_t* target, const Parts& list, size_t offset, size_t size) {
  each_part(list, offset, size, [target](const uint8_t* data, size_t place, size_t length) {
    copy(target + place, data, length);
  });
}

// The lines of the target are written whole, past the caches: one that several arrays share is put together first.
static void stage_parts(uint8_t* target, const Parts& list, size_t offset, size_t size) {
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
static napi_value gather_bytes(napi_env env, napi_callback_info info) {
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
static napi_value scatter_bytes(napi_env env, napi_callback_info info) {
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

}  // namespace shoal
