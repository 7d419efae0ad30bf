// The SIMD bodies of the element operations, one struct per operation and element type:
// `vector` works on 16 bytes, `scalar` on one element with the same result, bit for bit.
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

template <typename T>
struct Sum;
template <typename T>
struct Prod;
template <typename T>
struct Min;
template <typename T>
struct Max;

// Integers wrap modulo 2^n: computed unsigned, since signed overflow is undefined in C++.
#define SHOAL_INTEGER(OP, T, U, VECTOR, SCALAR)                      \
  template <>                                                        \
  struct OP<T> {                                                     \
    static v128_t vector(v128_t a, v128_t b) { return VECTOR(a, b); } \
    static T scalar(T a, T b) { return T(U(a) SCALAR U(b)); }        \
  }
#define SHOAL_COMPARE(OP, T, VECTOR, SCALAR)                         \
  template <>                                                        \
  struct OP<T> {                                                     \
    static v128_t vector(v128_t a, v128_t b) { return VECTOR(a, b); } \
    static T scalar(T a, T b) { return a SCALAR b ? a : b; }         \
  }
// The scalar form goes through lane 0 of the vector form: NaN, signed zero and rounding cannot differ.
#define SHOAL_FLOAT(OP, T, SHAPE, VECTOR)                                                          \
  template <>                                                                                      \
  struct OP<T> {                                                                                   \
    static v128_t vector(v128_t a, v128_t b) { return VECTOR(a, b); }                              \
    static T scalar(T a, T b) {                                                                    \
      return wasm_##SHAPE##_extract_lane(VECTOR(wasm_##SHAPE##_splat(a), wasm_##SHAPE##_splat(b)), 0); \
    }                                                                                              \
  }

// uint8 has no product instruction: widen, multiply, keep the low byte of each product.
inline v128_t multiply_8(v128_t a, v128_t b) {
  const v128_t low = wasm_u16x8_extmul_low_u8x16(a, b);
  const v128_t high = wasm_u16x8_extmul_high_u8x16(a, b);
  return wasm_i8x16_shuffle(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
inline v128_t min_i64(v128_t a, v128_t b) { return wasm_v128_bitselect(a, b, wasm_i64x2_lt(a, b)); }
inline v128_t max_i64(v128_t a, v128_t b) { return wasm_v128_bitselect(a, b, wasm_i64x2_gt(a, b)); }

SHOAL_INTEGER(Sum, uint8_t, uint32_t, wasm_i8x16_add, +);
SHOAL_INTEGER(Sum, int32_t, uint32_t, wasm_i32x4_add, +);
SHOAL_INTEGER(Sum, int64_t, uint64_t, wasm_i64x2_add, +);
SHOAL_FLOAT(Sum, float, f32x4, wasm_f32x4_add);
SHOAL_FLOAT(Sum, double, f64x2, wasm_f64x2_add);

SHOAL_INTEGER(Prod, uint8_t, uint32_t, multiply_8, *);
SHOAL_INTEGER(Prod, int32_t, uint32_t, wasm_i32x4_mul, *);
SHOAL_INTEGER(Prod, int64_t, uint64_t, wasm_i64x2_mul, *);
SHOAL_FLOAT(Prod, float, f32x4, wasm_f32x4_mul);
SHOAL_FLOAT(Prod, double, f64x2, wasm_f64x2_mul);

SHOAL_COMPARE(Min, uint8_t, wasm_u8x16_min, <);
SHOAL_COMPARE(Min, int32_t, wasm_i32x4_min, <);
SHOAL_COMPARE(Min, int64_t, min_i64, <);
SHOAL_FLOAT(Min, float, f32x4, wasm_f32x4_min);  // IEEE 754-2019 minimum: NaN wins, -0 < +0
SHOAL_FLOAT(Min, double, f64x2, wasm_f64x2_min);

SHOAL_COMPARE(Max, uint8_t, wasm_u8x16_max, >);
SHOAL_COMPARE(Max, int32_t, wasm_i32x4_max, >);
SHOAL_COMPARE(Max, int64_t, max_i64, >);
SHOAL_FLOAT(Max, float, f32x4, wasm_f32x4_max);
SHOAL_FLOAT(Max, double, f64x2, wasm_f64x2_max);

#undef SHOAL_INTEGER
#undef SHOAL_COMPARE
#undef SHOAL_FLOAT

}  // namespace shoal
