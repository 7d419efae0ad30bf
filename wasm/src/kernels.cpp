// Cost per call: k n bytes read once, n bytes written once. Light operations go four vectors at a time, so that the
// pointer of a source is loaded once per 64 bytes; heavy ones one at a time.
// Loads need no alignment.
#include "kernels.h"

#include "complex.h"
#include "half.h"
#include "simd.h"

namespace shoal {
namespace {

constexpr uint32_t kVectorBytes = 16;
constexpr uint32_t kBlockBytes = 4 * kVectorBytes;

// The first two sources, then each further one: heavy operations have a member for either.
template <typename Op>
typename Op::Acc begin(v128_t first, v128_t second) {
  if constexpr (Op::kLight) return Op::combine(Op::load(first), Op::load(second));
  else return Op::second(first, second);
}
template <typename Op>
typename Op::Acc next(typename Op::Acc acc, v128_t source) {
  if constexpr (Op::kLight) return Op::combine(acc, Op::load(source));
  else return Op::next(acc, source);
}

// One result vector: `load` gives the sources' by their number.
template <typename Op, typename Load>
v128_t fold_vector(uint32_t k, Load load) {
  v128_t result;
  if (Shorter<Op>::fold(k, load, &result)) return result;
  if (k == 1) return Op::finish(Op::load(load(0)), 1);
  typename Op::Acc acc = begin<Op>(load(0), load(1));
  for (uint32_t s = 2; s < k; s++) acc = next<Op>(acc, load(s));
  return Op::finish(acc, k);
}

// Not inlined: all of them in one function would be more than a compiler optimises well.
template <typename Op>
__attribute__((noinline)) void fold(const uint8_t* const* sources, uint32_t k, uint8_t* target, uint64_t bytes) {
  uint64_t at = 0;
  if constexpr (Op::kLight) {
    for (; at + kBlockBytes <= bytes; at += kBlockBytes) {
      const uint8_t* first = sources[0] + at;
      v128_t a = Op::load(wasm_v128_load(first));
      v128_t b = Op::load(wasm_v128_load(first + 16));
      v128_t c = Op::load(wasm_v128_load(first + 32));
      v128_t d = Op::load(wasm_v128_load(first + 48));
      for (uint32_t s = 1; s < k; s++) {
        const uint8_t* source = sources[s] + at;
        a = Op::combine(a, Op::load(wasm_v128_load(source)));
        b = Op::combine(b, Op::load(wasm_v128_load(source + 16)));
        c = Op::combine(c, Op::load(wasm_v128_load(source + 32)));
        d = Op::combine(d, Op::load(wasm_v128_load(source + 48)));
      }
      wasm_v128_store(target + at, Op::finish(a, k));
      wasm_v128_store(target + at + 16, Op::finish(b, k));
      wasm_v128_store(target + at + 32, Op::finish(c, k));
      wasm_v128_store(target + at + 48, Op::finish(d, k));
    }
  } else {
    // Two sources, the most frequent number: no loop over them is left.
    const uint8_t* const first = sources[0];
    const uint8_t* const second = sources[k - 1];
    const auto load_two = [&at, first, second](uint32_t s) { return wasm_v128_load((s == 0 ? first : second) + at); };
    for (; k == 2 && at + kVectorBytes <= bytes; at += kVectorBytes) {
      wasm_v128_store(target + at, fold_vector<Op>(2, load_two));
    }
    for (; at + kVectorBytes <= bytes; at += kVectorBytes) {
      const auto load = [=](uint32_t s) { return wasm_v128_load(sources[s] + at); };
      wasm_v128_store(target + at, fold_vector<Op>(k, load));
    }
  }
  // The rest goes through the same vectors, the last of them filled up with zeros: no result depends on its place.
  while (at < bytes) {
    const uint64_t size = bytes - at < kVectorBytes ? bytes - at : kVectorBytes;
    const v128_t result = fold_vector<Op>(k, [=](uint32_t s) {
      uint8_t vector[kVectorBytes] = {};
      memcpy(vector, sources[s] + at, size);
      return wasm_v128_load(vector);
    });
    uint8_t vector[kVectorBytes];
    wasm_v128_store(vector, result);
    memcpy(target + at, vector, size);
    at += size;
  }
}

constexpr uint32_t pair(uint32_t dtype, uint32_t op) { return dtype * kReduceOps + op; }

#define SHOAL_ROW(DTYPE, OP, ...)                                                                   \
  case pair(DTYPE, OP):                                                                             \
    fold<__VA_ARGS__>(sources, k, target, bytes);                                                   \
    return true;
#define SHOAL_ARITHMETIC(DTYPE, SUM, PROD, MIN, MAX)                                                \
  SHOAL_ROW(DTYPE, kSum, SUM) SHOAL_ROW(DTYPE, kProd, PROD) SHOAL_ROW(DTYPE, kMin, MIN)             \
      SHOAL_ROW(DTYPE, kMax, MAX)
#define SHOAL_LOGICAL(DTYPE, TRUTH)                                                                 \
  SHOAL_ROW(DTYPE, kLand, Land<TRUTH>) SHOAL_ROW(DTYPE, kLor, Lor<TRUTH>) SHOAL_ROW(DTYPE, kLxor, Lxor<TRUTH>)
#define SHOAL_INTEGER(DTYPE, BITS, SIGN)                                                            \
  SHOAL_ARITHMETIC(DTYPE, Sum##BITS, Prod##BITS, Min##SIGN##BITS, Max##SIGN##BITS)                  \
      SHOAL_LOGICAL(DTYPE, Truth##BITS) SHOAL_ROW(DTYPE, kBand, And) SHOAL_ROW(DTYPE, kBor, Or)     \
      SHOAL_ROW(DTYPE, kBxor, Xor)
#define SHOAL_FLOAT(DTYPE, BITS)                                                                    \
  SHOAL_ARITHMETIC(DTYPE, SumF##BITS, ProdF##BITS, MinF##BITS, MaxF##BITS)                          \
      SHOAL_ROW(DTYPE, kAvg, AvgF##BITS) SHOAL_LOGICAL(DTYPE, TruthF##BITS)
#define SHOAL_HALF(DTYPE, T)                                                                        \
  SHOAL_ARITHMETIC(DTYPE, Rounded<T COMMA AddLanes>, Rounded<T COMMA MultiplyLanes>, MinHalf<T>, MaxHalf<T>)\
      SHOAL_ROW(DTYPE, kAvg, RoundedAvg<T>) SHOAL_LOGICAL(DTYPE, TruthHalf<T>)                      \
      SHOAL_ROW(DTYPE, kCarriedSum, Carried<T, AddLanes>)                                           \
      SHOAL_ROW(DTYPE, kCarriedProd, Carried<T, MultiplyLanes>) SHOAL_ROW(DTYPE, kCarriedAvg, CarriedAvg<T>)
#define SHOAL_COMPLEX(DTYPE, T, BITS)                                                               \
  SHOAL_ARITHMETIC(DTYPE, SumF##BITS, ComplexProd<T>, ComplexMin<T>, ComplexMax<T>)                 \
      SHOAL_ROW(DTYPE, kAvg, AvgF##BITS) SHOAL_LOGICAL(DTYPE, ComplexTruth<T>)
#define COMMA ,

}  // namespace

// Every dtype and operation that there is; docs/numeric-contract.md has them as a table. A switch and no table of
// functions: a table would lie in the memory that tasks can write to.
bool reduce(uint32_t dtype, uint32_t op, const uint8_t* const* sources, uint32_t k, uint8_t* target, uint64_t bytes) {
  if (dtype >= kDtypes || op >= kReduceOps) return false;
  switch (pair(dtype, op)) {
    SHOAL_ARITHMETIC(kBool, Lor<Truth8>, Land<Truth8>, Land<Truth8>, Lor<Truth8>)
    SHOAL_LOGICAL(kBool, Truth8)
    SHOAL_ROW(kBool, kBand, Land<Truth8>) SHOAL_ROW(kBool, kBor, Lor<Truth8>) SHOAL_ROW(kBool, kBxor, Lxor<Truth8>)
    SHOAL_INTEGER(kInt8, 8, I) SHOAL_INTEGER(kUint8, 8, U)
    SHOAL_INTEGER(kInt16, 16, I) SHOAL_INTEGER(kUint16, 16, U)
    SHOAL_INTEGER(kInt32, 32, I) SHOAL_INTEGER(kUint32, 32, U)
    SHOAL_INTEGER(kInt64, 64, I) SHOAL_INTEGER(kUint64, 64, U)
    SHOAL_HALF(kFloat16, Half) SHOAL_HALF(kBfloat16, Bfloat)
    SHOAL_FLOAT(kFloat32, 32) SHOAL_FLOAT(kFloat64, 64)
    SHOAL_COMPLEX(kComplex64, Complex64, 32) SHOAL_COMPLEX(kComplex128, Complex128, 64)
    default:
      return false;
  }
}

}  // namespace shoal
