// Dtypes and reduce operations. src/types/dtype.ts and src/types/reduce-op.ts mirror the numbers.
#pragma once
#include <stdint.h>

namespace shoal {

enum Dtype : uint8_t {
  kBool, kInt8, kUint8, kInt16, kUint16, kInt32, kUint32, kInt64, kUint64,
  kFloat16, kBfloat16, kFloat32, kFloat64, kComplex64, kComplex128,
  kDtypes
};

// The carried ones are those with accumulate: 'float32': carried in float32 across the ranks, rounded once.
enum ReduceOp : uint8_t {
  kSum, kProd, kMin, kMax, kAvg, kLand, kLor, kLxor, kBand, kBor, kBxor,
  kCarriedSum, kCarriedProd, kCarriedAvg,
  kReduceOps
};

constexpr uint8_t kItemBytes[kDtypes] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8, 8, 16};

}  // namespace shoal
