// Reduction over k sources in one pass, in rank order: the left fold ((a0 + a1) + a2) + …
#pragma once
#include <stdint.h>

#include "dtype.h"

namespace shoal {

// `sources`: k pointers; `targets`: m pointers, each to what no other points to or the same as one source. k and m are at
// least 1. `bytes` are those of whole elements. False where the contract has no such operation, or a number is out of range:
// then nothing is written.
bool reduce(uint32_t dtype, uint32_t op, const uint8_t* const* sources, uint32_t k, uint8_t* const* targets, uint32_t m,
            uint64_t bytes);
inline bool reduce(uint32_t dtype, uint32_t op, const uint8_t* const* sources, uint32_t k, uint8_t* target,
                   uint64_t bytes) {
  return reduce(dtype, op, sources, k, &target, 1, bytes);
}

// To m targets, none of which overlaps the source. As long as memory.copy where that is quick; memory.copy takes up to
// twenty times as long where the target's address is a little above the source's modulo the size of a page.
void copy(const uint8_t* source, uint8_t* const* targets, uint32_t m, uint64_t bytes);

}  // namespace shoal
