// Reduction over k sources in one pass, in rank order: the left fold ((a0 + a1) + a2) + …
#pragma once
#include <stdint.h>

#include "dtype.h"

namespace shoal {

// `sources`: k pointers; `target` may be one of them. `bytes` are those of whole elements.
using ReduceKernel = void (*)(const uint8_t* const* sources, uint32_t k, uint8_t* target, uint64_t bytes);

// Null where the contract has no such operation, or a number is out of range.
ReduceKernel reduce_kernel(uint32_t dtype, uint32_t op);

}  // namespace shoal
