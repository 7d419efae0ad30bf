// Cost per call: k n bytes read once, m n bytes written once. Light operations go four vectors at a time, so that the
// pointer of an array is loaded once per 64 bytes; heavy ones one at a time.
// Loads and stores need no alignment.
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

// Four vectors of a light operation.
template <typename Op>
struct Block {
  v128_t vectors[4];

  explicit Block(const uint8_t* source) {
    for (uint32_t i = 0; i < 4; i++) vectors[i] = Op::load(wasm_v128_load(source + i * kVectorBytes));
  }
  void combine(const uint8_t* source) {
    for (uint32_t i = 0; i < 4; i++) {
      vectors[i] = Op::combine(vectors[i], Op::load(wasm_v128_load(source + i * kVectorBytes)));
    }
  }
  void finish(uint32_t k) {
    for (uint32_t i = 0; i < 4; i++) vectors[i] = Op::finish(vectors[i], k);
  }
  // By rising address: the compiler would turn the order round, which takes up to a fifth longer.
  void store(uint8_t* target) const {
    for (uint32_t i = 0; i < 4; i++) {
      wasm_v128_store(target + i * kVectorBytes, vectors[i]);
      __asm__ volatile("" ::: "memory");
    }
  }
};

// The most frequent numbers of arrays: their pointers stay in registers and no loop over them is left. Returns the bytes
// that are done, whole blocks.
template <typename Op, uint32_t kSources, uint32_t kTargets>
uint64_t fold_few(const uint8_t* const* sources, uint8_t* const* targets, uint64_t bytes) {
  const uint8_t* const first = sources[0];
  const uint8_t* const second = sources[kSources - 1];
  uint8_t* const target = targets[0];
  uint8_t* const other = targets[kTargets - 1];
  uint64_t at = 0;
  for (; at + kBlockBytes <= bytes; at += kBlockBytes) {
    Block<Op> block(first + at);
    if (kSources == 2) block.combine(second + at);
    block.finish(kSources);
    block.store(target + at);
    if (kTargets == 2) block.store(other + at);
  }
  return at;
}

// Any numbers of arrays, two in a turn of the loops over them.
template <typename Op>
uint64_t fold_many(const uint8_t* const* sources, uint32_t k, uint8_t* const* targets, uint32_t m, uint64_t bytes) {
  uint64_t at = 0;
  for (; at + kBlockBytes <= bytes; at += kBlockBytes) {
    Block<Op> block(sources[0] + at);
    uint32_t s = 1;
    for (; s + 2 <= k; s += 2) {
      const uint8_t* const next = sources[s + 1] + at;
      block.combine(sources[s] + at);
      block.combine(next);
    }
    if (s < k) block.combine(sources[s] + at);
    block.finish(k);
    uint32_t t = 0;
    for (; t + 2 <= m; t += 2) {
      uint8_t* const next = targets[t + 1] + at;
      block.store(targets[t] + at);
      block.store(next);
    }
    if (t < m) block.store(targets[t] + at);
  }
  return at;
}

template <typename Op>
uint64_t fold_blocks(const uint8_t* const* sources, uint32_t k, uint8_t* const* targets, uint32_t m, uint64_t bytes) {
  if (k == 2 && m == 2) return fold_few<Op, 2, 2>(sources, targets, bytes);
  if (k == 2 && m == 1) return fold_few<Op, 2, 1>(sources, targets, bytes);
  return fold_many<Op>(sources, k, targets, m, bytes);
}

// Heavy operations, vector by vector.
template <typename Op, typename Load, typename Store>
uint64_t fold_vectors(uint32_t k, uint64_t bytes, Load load_at, Store store_at) {
  uint64_t at = 0;
  for (; at + kVectorBytes <= bytes; at += kVectorBytes) {
    store_at(fold_vector<Op>(k, [&](uint32_t s) { return load_at(s, at); }), at);
  }
  return at;
}

// Not inlined: all of them in one function would be more than a compiler optimises well.
template <typename Op>
__attribute__((noinline)) void fold(const uint8_t* const* sources, uint32_t k, uint8_t* const* targets, uint32_t m,
                                    uint64_t bytes) {
  uint64_t at = 0;
  if constexpr (Op::kLight) {
    at = fold_blocks<Op>(sources, k, targets, m, bytes);
  } else {
    const uint8_t* const first = sources[0];
    const uint8_t* const second = sources[k - 1];
    uint8_t* const target = targets[0];
    uint8_t* const other = targets[m - 1];
    const auto load_two = [=](uint32_t s, uint64_t from) { return wasm_v128_load((s == 0 ? first : second) + from); };
    const auto load = [=](uint32_t s, uint64_t from) { return wasm_v128_load(sources[s] + from); };
    // A single target is stored to twice: a loop over targets takes longer.
    const auto store_two = [=](v128_t result, uint64_t to) {
      wasm_v128_store(target + to, result);
      wasm_v128_store(other + to, result);
    };
    const auto store = [=](v128_t result, uint64_t to) {
      for (uint32_t t = 0; t < m; t++) wasm_v128_store(targets[t] + to, result);
    };
    if (m > 2) at = fold_vectors<Op>(k, bytes, load, store);
    else if (k == 2) at = fold_vectors<Op>(2, bytes, load_two, store_two);
    else at = fold_vectors<Op>(k, bytes, load, store_two);
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
    for (uint32_t t = 0; t < m; t++) memcpy(targets[t] + at, vector, size);
    at += size;
  }
}

constexpr uint32_t pair(uint32_t dtype, uint32_t op) { return dtype * kReduceOps + op; }

#define SHOAL_ROW(DTYPE, OP, ...)                                                                   \
  case pair(DTYPE, OP):                                                                             \
    fold<__VA_ARGS__>(sources, k, targets, m, bytes);                                               \
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
bool reduce(uint32_t dtype, uint32_t op, const uint8_t* const* sources, uint32_t k, uint8_t* const* targets, uint32_t m,
            uint64_t bytes) {
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

void copy(const uint8_t* source, uint8_t* const* targets, uint32_t m, uint64_t bytes) {
  // Any operation that leaves a single source as it is.
  const uint64_t at =
      m == 1 ? fold_few<Or, 1, 1>(&source, targets, bytes) : fold_many<Or>(&source, 1, targets, m, bytes);
  for (uint32_t t = 0; t < m && at < bytes; t++) memcpy(targets[t] + at, source + at, bytes - at);
}

}  // namespace shoal
