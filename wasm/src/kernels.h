// Reduction over k sources in one pass, in rank order: the left fold ((a0 + a1) + a2) + …
#pragma once
#include <stdint.h>

#include "dtype.h"

namespace shoal {

// `sources`: k pointers, k at least 1; `target` may be one of them. `bytes` are those of whole elements. False where the
// contract has no such operation, or a number is out of range: then nothing is written.
bool reduce(uint32_t dtype, uint32_t op, const uint8_t* const* sources, uint32_t k, uint8_t* target, uint64_t bytes);

}  // namespace shoal
