// complex64: two numbers a vector; complex128: one. Lanes are (re, im) pairs.
#pragma once
#include "simd.h"

namespace shoal {

struct Complex64 {
  static v128_t swap(v128_t v) { return wasm_i32x4_shuffle(v, v, 1, 0, 3, 2); }
  static v128_t real(v128_t v) { return wasm_i32x4_shuffle(v, v, 0, 0, 2, 2); }
  static v128_t imaginary(v128_t v) { return wasm_i32x4_shuffle(v, v, 1, 1, 3, 3); }
  static v128_t add(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
  static v128_t multiply(v128_t a, v128_t b) { return wasm_f32x4_mul(a, b); }
  static v128_t less(v128_t a, v128_t b) { return wasm_f32x4_lt(a, b); }
  static v128_t equal(v128_t a, v128_t b) { return wasm_f32x4_eq(a, b); }
  // The sign bit of each real part.
  static v128_t real_sign() { return wasm_i32x4_const(INT32_MIN, 0, INT32_MIN, 0); }
  static v128_t one() { return wasm_f32x4_const(1, 0, 1, 0); }
  static v128_t zero() { return wasm_f32x4_splat(0); }
};

struct Complex128 {
  static v128_t swap(v128_t v) { return wasm_i64x2_shuffle(v, v, 1, 0); }
  static v128_t real(v128_t v) { return wasm_i64x2_shuffle(v, v, 0, 0); }
  static v128_t imaginary(v128_t v) { return wasm_i64x2_shuffle(v, v, 1, 1); }
  static v128_t add(v128_t a, v128_t b) { return wasm_f64x2_add(a, b); }
  static v128_t multiply(v128_t a, v128_t b) { return wasm_f64x2_mul(a, b); }
  static v128_t less(v128_t a, v128_t b) { return wasm_f64x2_lt(a, b); }
  static v128_t equal(v128_t a, v128_t b) { return wasm_f64x2_eq(a, b); }
  static v128_t real_sign() { return wasm_i64x2_const(INT64_MIN, 0); }
  static v128_t one() { return wasm_f64x2_const(1, 0); }
  static v128_t zero() { return wasm_f64x2_splat(0); }
};

// (ac - bd) + (ad + bc)i, unfused, without repair of infinities: as written out by hand.
template <typename T>
struct ComplexProd : Plain {
  static v128_t combine(v128_t a, v128_t b) {
    const v128_t with_real = T::multiply(T::real(a), b);
    const v128_t with_imaginary = T::multiply(T::imaginary(a), T::swap(b));
    return T::add(with_real, wasm_v128_xor(with_imaginary, T::real_sign()));
  }
};

// In both lanes of each number, whether either part is NaN.
template <typename T>
inline v128_t is_nan_pair(v128_t v) {
  const v128_t number = T::equal(v, v);
  return wasm_v128_not(wasm_v128_and(number, T::swap(number)));
}
// In both lanes of each number, whether a comes before b: by the real part, then by the imaginary one.
template <typename T>
inline v128_t before(v128_t a, v128_t b) {
  const v128_t less = T::less(a, b), equal = T::equal(a, b);
  return wasm_v128_or(T::real(less), wasm_v128_and(T::real(equal), T::imaginary(less)));
}
// The first with a NaN, else the second with one, else the second where `wins`, else the first.
template <typename T>
inline v128_t choose_pair(v128_t wins, v128_t a, v128_t b) {
  const v128_t second = wasm_v128_or(is_nan_pair<T>(b), wins);
  return pick(wasm_v128_andnot(second, is_nan_pair<T>(a)), b, a);
}
// Where both parts of all numbers differ and none is NaN, as most do, the real parts alone decide.
inline bool real_parts_decide(v128_t less, v128_t more) {
  return !wasm_v128_any_true(wasm_v128_not(wasm_v128_or(less, more)));
}
template <typename T>
struct ComplexMin : Plain {
  static v128_t combine(v128_t a, v128_t b) {
    const v128_t less = T::less(a, b), more = T::less(b, a);
    if (__builtin_expect(real_parts_decide(less, more), 1)) return pick(T::real(more), b, a);
    return choose_pair<T>(before<T>(b, a), a, b);
  }
};
template <typename T>
struct ComplexMax : Plain {
  static v128_t combine(v128_t a, v128_t b) {
    const v128_t less = T::less(a, b), more = T::less(b, a);
    if (__builtin_expect(real_parts_decide(less, more), 1)) return pick(T::real(less), b, a);
    return choose_pair<T>(before<T>(a, b), a, b);
  }
};

template <typename T>
struct ComplexTruth : Plain {
  static v128_t load(v128_t v) {
    const v128_t zero = T::equal(v, T::zero());
    return wasm_v128_andnot(T::one(), wasm_v128_and(zero, T::swap(zero)));
  }
};

}  // namespace shoal
