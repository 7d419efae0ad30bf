// The SIMD bodies of the element operations: one struct per operation and lane type.
// An operation has an accumulator, `Acc`, which `load` makes of 16 bytes of a source, `combine` puts the next source's
// onto in rank order, and `finish` turns into 16 bytes of the result, once, with the number of sources.
// Host builds (sanitizers) put SIMDe in place of the WebAssembly intrinsics.
#pragma once
#include <stdint.h>
#include <string.h>
#ifdef __wasm__
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#endif

namespace shoal {

// Sources are folded as they are.
struct Plain {
  using Acc = v128_t;
  // A few instructions for each vector.
  static constexpr bool kLight = true;
  static v128_t load(v128_t v) { return v; }
  static v128_t finish(v128_t a, uint32_t) { return a; }
};

// A way to fold one vector that is quicker and not always right: true when it was. Most operations have none.
template <typename Op>
struct Shorter {
  template <typename Load>
  static bool fold(uint32_t, Load, v128_t*) {
    return false;
  }
};

#define SHOAL_OP(NAME, BASE, EXPRESSION)                                     \
  struct NAME : BASE {                                                       \
    static v128_t combine(v128_t a, v128_t b) { return EXPRESSION; }         \
  };

// There is no product of 8-bit lanes: widen, multiply, keep the low byte of each, which is the same for both signs.
inline v128_t multiply_8(v128_t a, v128_t b) {
  const v128_t low = wasm_u16x8_extmul_low_u8x16(a, b);
  const v128_t high = wasm_u16x8_extmul_high_u8x16(a, b);
  return wasm_i8x16_shuffle(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
// Nor an unsigned comparison of 64-bit lanes: shift both ranges to the signed one. The compiler must not see which bit is
// flipped: it would make an unsigned comparison of it again, and that lane by lane.
inline v128_t less_u64(v128_t a, v128_t b) {
  v128_t sign = wasm_i64x2_splat(INT64_MIN);
#ifdef __wasm__
  __asm__("" : "+r"(sign));
#endif
  return wasm_i64x2_lt(wasm_v128_xor(a, sign), wasm_v128_xor(b, sign));
}
inline v128_t pick(v128_t mask, v128_t yes, v128_t no) { return wasm_v128_bitselect(yes, no, mask); }

// Integers wrap modulo 2^n: sums and products are the same for both signs.
SHOAL_OP(Sum8, Plain, wasm_i8x16_add(a, b))
SHOAL_OP(Sum16, Plain, wasm_i16x8_add(a, b))
SHOAL_OP(Sum32, Plain, wasm_i32x4_add(a, b))
SHOAL_OP(Sum64, Plain, wasm_i64x2_add(a, b))
SHOAL_OP(Prod8, Plain, multiply_8(a, b))
SHOAL_OP(Prod16, Plain, wasm_i16x8_mul(a, b))
SHOAL_OP(Prod32, Plain, wasm_i32x4_mul(a, b))
SHOAL_OP(Prod64, Plain, wasm_i64x2_mul(a, b))
SHOAL_OP(MinI8, Plain, wasm_i8x16_min(a, b))
SHOAL_OP(MinU8, Plain, wasm_u8x16_min(a, b))
SHOAL_OP(MinI16, Plain, wasm_i16x8_min(a, b))
SHOAL_OP(MinU16, Plain, wasm_u16x8_min(a, b))
SHOAL_OP(MinI32, Plain, wasm_i32x4_min(a, b))
SHOAL_OP(MinU32, Plain, wasm_u32x4_min(a, b))
SHOAL_OP(MinI64, Plain, pick(wasm_i64x2_lt(a, b), a, b))
SHOAL_OP(MinU64, Plain, pick(less_u64(a, b), a, b))
SHOAL_OP(MaxI8, Plain, wasm_i8x16_max(a, b))
SHOAL_OP(MaxU8, Plain, wasm_u8x16_max(a, b))
SHOAL_OP(MaxI16, Plain, wasm_i16x8_max(a, b))
SHOAL_OP(MaxU16, Plain, wasm_u16x8_max(a, b))
SHOAL_OP(MaxI32, Plain, wasm_i32x4_max(a, b))
SHOAL_OP(MaxU32, Plain, wasm_u32x4_max(a, b))
SHOAL_OP(MaxI64, Plain, pick(wasm_i64x2_lt(a, b), b, a))
SHOAL_OP(MaxU64, Plain, pick(less_u64(a, b), b, a))
SHOAL_OP(And, Plain, wasm_v128_and(a, b))
SHOAL_OP(Or, Plain, wasm_v128_or(a, b))
SHOAL_OP(Xor, Plain, wasm_v128_xor(a, b))

// IEEE 754: round to nearest even after each operation; minimum and maximum of 2019: NaN wins, -0 < +0.
SHOAL_OP(SumF32, Plain, wasm_f32x4_add(a, b))
SHOAL_OP(SumF64, Plain, wasm_f64x2_add(a, b))
SHOAL_OP(ProdF32, Plain, wasm_f32x4_mul(a, b))
SHOAL_OP(ProdF64, Plain, wasm_f64x2_mul(a, b))
SHOAL_OP(MinF32, Plain, wasm_f32x4_min(a, b))
SHOAL_OP(MinF64, Plain, wasm_f64x2_min(a, b))
SHOAL_OP(MaxF32, Plain, wasm_f32x4_max(a, b))
SHOAL_OP(MaxF64, Plain, wasm_f64x2_max(a, b))

// One division, after the sum. By a power of two it is a product with the reciprocal, which is exact: the same bits, sooner.
inline bool has_exact_reciprocal(uint32_t k) { return (k & (k - 1)) == 0; }
inline v128_t over_f32(v128_t a, uint32_t k) {
  if (has_exact_reciprocal(k)) return wasm_f32x4_mul(a, wasm_f32x4_splat(1 / float(k)));
  return wasm_f32x4_div(a, wasm_f32x4_splat(float(k)));
}
inline v128_t over_f64(v128_t a, uint32_t k) {
  if (has_exact_reciprocal(k)) return wasm_f64x2_mul(a, wasm_f64x2_splat(1 / double(k)));
  return wasm_f64x2_div(a, wasm_f64x2_splat(double(k)));
}
struct AvgF32 : SumF32 {
  static v128_t finish(v128_t a, uint32_t k) { return over_f32(a, k); }
};
struct AvgF64 : SumF64 {
  static v128_t finish(v128_t a, uint32_t k) { return over_f64(a, k); }
};

// Truth: 1 of the dtype, or 0. Folding it with the bitwise operations gives one of the two again, also for floats.
#define SHOAL_TRUTH(NAME, EXPRESSION)                                        \
  struct NAME : Plain {                                                      \
    static v128_t load(v128_t v) { return EXPRESSION; }                      \
  };
SHOAL_TRUTH(Truth8, wasm_v128_and(wasm_i8x16_ne(v, wasm_i8x16_splat(0)), wasm_i8x16_splat(1)))
SHOAL_TRUTH(Truth16, wasm_v128_and(wasm_i16x8_ne(v, wasm_i16x8_splat(0)), wasm_i16x8_splat(1)))
SHOAL_TRUTH(Truth32, wasm_v128_and(wasm_i32x4_ne(v, wasm_i32x4_splat(0)), wasm_i32x4_splat(1)))
SHOAL_TRUTH(Truth64, wasm_v128_and(wasm_i64x2_ne(v, wasm_i64x2_splat(0)), wasm_i64x2_splat(1)))
// NaN differs from zero, -0 does not.
SHOAL_TRUTH(TruthF32, wasm_v128_and(wasm_f32x4_ne(v, wasm_f32x4_splat(0)), wasm_f32x4_splat(1)))
SHOAL_TRUTH(TruthF64, wasm_v128_and(wasm_f64x2_ne(v, wasm_f64x2_splat(0)), wasm_f64x2_splat(1)))

template <typename Truth>
SHOAL_OP(Land, Truth, wasm_v128_and(a, b))
template <typename Truth>
SHOAL_OP(Lor, Truth, wasm_v128_or(a, b))
template <typename Truth>
SHOAL_OP(Lxor, Truth, wasm_v128_xor(a, b))

}  // namespace shoal
