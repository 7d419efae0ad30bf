// Cost per call: k n bytes read once, n bytes written once. Four vectors at a time, so that the
// pointer of a source is loaded once per 64 bytes; loads need no alignment.
#include "kernels.h"

#include "simd.h"

namespace shoal {
namespace {

constexpr uint32_t kVectorBytes = 16;
constexpr uint32_t kBlockBytes = 4 * kVectorBytes;

template <typename T, template <typename> class Op>
void fold(const uint8_t* const* sources, uint32_t k, uint8_t* target, uint64_t count) {
  const uint64_t bytes = count * sizeof(T);
  uint64_t at = 0;
  for (; at + kBlockBytes <= bytes; at += kBlockBytes) {
    const uint8_t* first = sources[0] + at;
    v128_t a = wasm_v128_load(first);
    v128_t b = wasm_v128_load(first + 16);
    v128_t c = wasm_v128_load(first + 32);
    v128_t d = wasm_v128_load(first + 48);
    for (uint32_t s = 1; s < k; s++) {
      const uint8_t* next = sources[s] + at;
      a = Op<T>::vector(a, wasm_v128_load(next));
      b = Op<T>::vector(b, wasm_v128_load(next + 16));
      c = Op<T>::vector(c, wasm_v128_load(next + 32));
      d = Op<T>::vector(d, wasm_v128_load(next + 48));
    }
    wasm_v128_store(target + at, a);
    wasm_v128_store(target + at + 16, b);
    wasm_v128_store(target + at + 32, c);
    wasm_v128_store(target + at + 48, d);
  }
  for (; at + kVectorBytes <= bytes; at += kVectorBytes) {
    v128_t a = wasm_v128_load(sources[0] + at);
    for (uint32_t s = 1; s < k; s++) a = Op<T>::vector(a, wasm_v128_load(sources[s] + at));
    wasm_v128_store(target + at, a);
  }
  for (; at < bytes; at += sizeof(T)) {
    T a, b;
    memcpy(&a, sources[0] + at, sizeof(T));
    for (uint32_t s = 1; s < k; s++) {
      memcpy(&b, sources[s] + at, sizeof(T));
      a = Op<T>::scalar(a, b);
    }
    memcpy(target + at, &a, sizeof(T));
  }
}

struct Row {
  Dtype dtype;
  ReduceOp op;
  ReduceKernel kernel;
};

#define SHOAL_ARITHMETIC(DTYPE, T)                                                        \
  {DTYPE, kSum, fold<T, Sum>}, {DTYPE, kProd, fold<T, Prod>}, {DTYPE, kMin, fold<T, Min>}, \
      {DTYPE, kMax, fold<T, Max>}

// Every dtype and operation that there is; the rest of the contract is a matter of rows.
constexpr Row kRows[] = {
    SHOAL_ARITHMETIC(kUint8, uint8_t),  SHOAL_ARITHMETIC(kInt32, int32_t),
    SHOAL_ARITHMETIC(kInt64, int64_t),  SHOAL_ARITHMETIC(kFloat32, float),
    SHOAL_ARITHMETIC(kFloat64, double),
};

struct Table {
  ReduceKernel kernels[kDtypes][kReduceOps];
  constexpr Table() : kernels() {
    for (const Row& row : kRows) kernels[row.dtype][row.op] = row.kernel;
  }
};
constexpr Table kTable;

}  // namespace

ReduceKernel reduce_kernel(uint32_t dtype, uint32_t op) {
  return dtype < kDtypes && op < kReduceOps ? kTable.kernels[dtype][op] : nullptr;
}

}  // namespace shoal
