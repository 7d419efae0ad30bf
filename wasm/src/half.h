// float16 and bfloat16: eight lanes of 16 bits, computed as two vectors of float32.
#pragma once
#include "simd.h"

namespace shoal {

struct Wide {
  v128_t low;
  v128_t high;
};

// IEEE 754 binary16.
struct Half {
  static constexpr int16_t kInfinity = 0x7c00;
  static constexpr int16_t kOne = 0x3c00;

  // Lanes hold the 16 bits. Shifted to where float32 has its exponent and fraction, every finite number, subnormal ones
  // too, is 2^-112 of what it should be; infinities and NaN get the largest exponent back.
  static v128_t widen_lanes(v128_t bits) {
    const v128_t magnitude = wasm_v128_and(bits, wasm_i32x4_splat(0x7fff));
    const v128_t shifted = wasm_i32x4_shl(magnitude, 13);
    const v128_t value = wasm_f32x4_mul(shifted, wasm_f32x4_splat(0x1p112f));
    const v128_t special = wasm_i32x4_gt(magnitude, wasm_i32x4_splat(kInfinity - 1));
    const v128_t exponent = wasm_v128_and(special, wasm_i32x4_splat(0x7f800000));
    const v128_t sign = wasm_i32x4_shl(wasm_v128_xor(bits, magnitude), 16);
    return wasm_v128_or(wasm_v128_or(value, exponent), sign);
  }

  // Round to nearest even. Source of the three ranges: F. Giesen, "float->half variants", 2012 (public domain).
  static v128_t narrow_lanes(v128_t value) {
    const v128_t magnitude = wasm_v128_and(value, wasm_i32x4_splat(0x7fffffff));
    const v128_t sign = wasm_u32x4_shr(wasm_v128_xor(value, magnitude), 16);
    // Normal: move the exponent's bias, add half of the last place, or just less when that place is even.
    const v128_t odd = wasm_v128_and(wasm_u32x4_shr(magnitude, 13), wasm_i32x4_splat(1));
    const v128_t rounding = wasm_i32x4_add(odd, wasm_i32x4_splat(int32_t(0xc8000fffu)));
    const v128_t normal = wasm_u32x4_shr(wasm_i32x4_add(magnitude, rounding), 13);
    // Subnormal: an addition puts the last place where float32 rounds.
    const v128_t magic = wasm_f32x4_splat(0.5f);
    const v128_t subnormal = wasm_i32x4_sub(wasm_f32x4_add(magnitude, magic), magic);
    // From 65536 on, infinity; what rounds up to it from below gets there through its exponent.
    const v128_t nan = wasm_i32x4_gt(magnitude, wasm_i32x4_splat(0x7f800000));
    const v128_t beyond = pick(nan, wasm_i32x4_splat(0x7e00), wasm_i32x4_splat(kInfinity));
    const v128_t finite =
        pick(wasm_i32x4_lt(magnitude, wasm_i32x4_splat(0x38800000)), subnormal, normal);
    const v128_t is_beyond = wasm_i32x4_gt(magnitude, wasm_i32x4_splat(0x477fffff));
    return wasm_v128_or(pick(is_beyond, beyond, finite), sign);
  }
  static v128_t round_lanes(v128_t value) { return widen_lanes(narrow_lanes(value)); }
};

// The upper half of a float32.
struct Bfloat {
  static constexpr int16_t kInfinity = 0x7f80;
  static constexpr int16_t kOne = 0x3f80;

  static v128_t widen_lanes(v128_t bits) { return wasm_i32x4_shl(bits, 16); }

  static v128_t narrow_lanes(v128_t value) {
    const v128_t nan = wasm_f32x4_ne(value, value);
    return pick(nan, wasm_i32x4_splat(0x7fc0), wasm_u32x4_shr(raise(value), 16));
  }
  // The nearest number that is one of bfloat16, as float32; NaN stays one.
  static v128_t round_lanes(v128_t value) {
    const v128_t nan = wasm_f32x4_ne(value, value);
    return pick(nan, value, wasm_v128_and(raise(value), wasm_i32x4_splat(int32_t(0xffff0000u))));
  }

 private:
  // By half of the last place, or just less when that place is even: cutting off the lower half then rounds.
  static v128_t raise(v128_t value) {
    const v128_t odd = wasm_v128_and(wasm_u32x4_shr(value, 16), wasm_i32x4_splat(1));
    return wasm_i32x4_add(value, wasm_i32x4_add(odd, wasm_i32x4_splat(0x7fff)));
  }
};

template <typename T>
inline Wide widen(v128_t v) {
  return {T::widen_lanes(wasm_u32x4_extend_low_u16x8(v)), T::widen_lanes(wasm_u32x4_extend_high_u16x8(v))};
}
template <typename T>
inline v128_t narrow(Wide w) {
  return wasm_u16x8_narrow_i32x4(T::narrow_lanes(w.low), T::narrow_lanes(w.high));
}

struct AddLanes {
  static v128_t apply(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
};
struct MultiplyLanes {
  static v128_t apply(v128_t a, v128_t b) { return wasm_f32x4_mul(a, b); }
};

template <typename Lanes>
inline Wide apply(Wide a, Wide b) {
  return {Lanes::apply(a.low, b.low), Lanes::apply(a.high, b.high)};
}

inline Wide over(Wide a, uint32_t k) { return {over_f32(a.low, k), over_f32(a.high, k)}; }

// Computed in float32 and rounded to the dtype after each operation. The accumulator is the last operation's result before
// it is rounded, so that nothing goes back to 16 bits before the end. `second` puts the second source onto the first, `next`
// each further one.
template <typename T, typename Lanes>
struct Rounded {
  using Acc = Wide;
  static constexpr bool kLight = false;
  static Wide load(v128_t v) { return widen<T>(v); }
  static Wide second(v128_t a, v128_t b) { return apply<Lanes>(widen<T>(a), widen<T>(b)); }
  static Wide round(Wide a) { return {T::round_lanes(a.low), T::round_lanes(a.high)}; }
  static Wide next(Wide a, v128_t b) { return apply<Lanes>(round(a), widen<T>(b)); }
  static v128_t finish(Wide a, uint32_t) { return narrow<T>(a); }
};

// float16 has a second, shorter way for what most numbers are: finite, with results that are zero or normal. These need neither
// the ranges of `narrow_lanes` nor the exponents of `widen_lanes`. A vector is tried that way, looking only at the end whether
// any lane was not so; then it is folded once more the long way.
template <typename Lanes, bool kMean>
struct UsualHalf {
  template <typename Load>
  static bool fold(uint32_t k, Load load, v128_t* result) {
    v128_t source = load(0);
    v128_t rare = is_special(source);
    Wide acc = widen(source);
    if (k > 1) {
      source = load(1);
      rare = wasm_v128_or(rare, is_special(source));
      acc = apply<Lanes>(acc, widen(source));
    }
    for (uint32_t s = 2; s < k; s++) {
      source = load(s);
      rare = wasm_v128_or(wasm_v128_or(rare, is_special(source)), is_rare(acc));
      acc = apply<Lanes>(round(acc), widen(source));
    }
    if (kMean) {
      rare = wasm_v128_or(rare, is_rare(acc));
      acc = over(round(acc), k);
    }
    rare = wasm_v128_or(rare, is_rare(acc));
    *result = narrow(acc);
    return __builtin_expect(!wasm_v128_any_true(rare), 1);
  }

 private:
  static v128_t is_special(v128_t v) {
    const v128_t magnitudes = wasm_v128_and(v, wasm_i16x8_splat(0x7fff));
    return wasm_i16x8_gt(magnitudes, wasm_i16x8_splat(Half::kInfinity - 1));
  }
  static Wide widen(v128_t v) {
    return {widen_lanes(wasm_i32x4_extend_low_i16x8(v)), widen_lanes(wasm_i32x4_extend_high_i16x8(v))};
  }
  // Sign extension has filled the bits between the sign and the exponent.
  static v128_t widen_lanes(v128_t extended) {
    const v128_t bits = wasm_v128_and(wasm_i32x4_shl(extended, 13), wasm_i32x4_splat(int32_t(0x8fffffffu)));
    return wasm_f32x4_mul(bits, wasm_f32x4_splat(0x1p112f));
  }
  static v128_t magnitude(v128_t value) { return wasm_v128_and(value, wasm_i32x4_splat(0x7fffffff)); }
  // Neither zero nor from the least normal number to what still rounds to the largest: one comparison of a range,
  // moved to the lower end of the signed integers.
  static v128_t is_rare_lanes(v128_t value) {
    const v128_t moved = wasm_i32x4_add(magnitude(value), wasm_i32x4_splat(int32_t(0x80000000u - 0x38800000u)));
    const v128_t outside = wasm_i32x4_gt(moved, wasm_i32x4_splat(int32_t(0x80000000u + 0x477ff000u - 0x38800000u - 1)));
    return wasm_v128_andnot(outside, wasm_f32x4_eq(value, wasm_f32x4_splat(0)));
  }
  static v128_t is_rare(Wide w) { return wasm_v128_or(is_rare_lanes(w.low), is_rare_lanes(w.high)); }

  // By half of the last place, or just less when that place is even: cutting off what is below it then rounds.
  static v128_t raise(v128_t bits) {
    const v128_t odd = wasm_v128_and(wasm_u32x4_shr(bits, 13), wasm_i32x4_splat(1));
    return wasm_i32x4_add(bits, wasm_i32x4_add(odd, wasm_i32x4_splat(0xfff)));
  }
  static v128_t round_lanes(v128_t value) {
    return wasm_v128_and(raise(value), wasm_i32x4_splat(int32_t(0xffffe000u)));
  }
  static Wide round(Wide w) { return {round_lanes(w.low), round_lanes(w.high)}; }
  static v128_t narrow_lanes(v128_t value) {
    const v128_t moved = wasm_i32x4_sub(raise(magnitude(value)), wasm_i32x4_splat(0x38000000));
    return wasm_v128_and(wasm_u32x4_shr(moved, 13), wasm_f32x4_ne(value, wasm_f32x4_splat(0)));
  }
  static v128_t narrow(Wide w) {
    // The signs are the top bits of the upper halves of the lanes.
    const v128_t upper =
        wasm_i8x16_shuffle(w.low, w.high, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
    const v128_t signs = wasm_v128_andnot(upper, wasm_i16x8_splat(0x7fff));
    return wasm_v128_or(wasm_u16x8_narrow_i32x4(narrow_lanes(w.low), narrow_lanes(w.high)), signs);
  }
};

// Carried in float32 across all sources, rounded once.
template <typename T, typename Lanes>
struct Carried {
  using Acc = Wide;
  static constexpr bool kLight = false;
  static Wide load(v128_t v) { return widen<T>(v); }
  static Wide second(v128_t a, v128_t b) { return apply<Lanes>(widen<T>(a), widen<T>(b)); }
  static Wide next(Wide a, v128_t b) { return apply<Lanes>(a, widen<T>(b)); }
  static v128_t finish(Wide a, uint32_t) { return narrow<T>(a); }
};

template <typename T>
struct RoundedAvg : Rounded<T, AddLanes> {
  using Sum = Rounded<T, AddLanes>;
  static v128_t finish(Wide a, uint32_t k) { return Sum::finish(over(Sum::round(a), k), k); }
};
template <typename T>
struct CarriedAvg : Carried<T, AddLanes> {
  static v128_t finish(Wide a, uint32_t k) { return narrow<T>(over(a, k)); }
};

template <typename Lanes>
struct Shorter<Rounded<Half, Lanes>> : UsualHalf<Lanes, false> {};
template <>
struct Shorter<RoundedAvg<Half>> : UsualHalf<AddLanes, true> {};

// As integers, sign and magnitude turned into two's complement, floats compare as they should, -0 below +0.
inline v128_t ordered(v128_t v) {
  return wasm_v128_xor(v, wasm_v128_and(wasm_i16x8_shr(v, 15), wasm_i16x8_splat(0x7fff)));
}
template <typename T>
inline v128_t is_nan(v128_t v) {
  return wasm_i16x8_gt(wasm_v128_and(v, wasm_i16x8_splat(0x7fff)), wasm_i16x8_splat(T::kInfinity));
}
// The first NaN, else the first where `wins`, else the second.
template <typename T>
inline v128_t choose(v128_t wins, v128_t a, v128_t b) {
  return pick(wasm_v128_or(is_nan<T>(a), wasm_v128_andnot(wins, is_nan<T>(b))), a, b);
}
template <typename T>
SHOAL_OP(MinHalf, Plain, choose<T>(wasm_i16x8_lt(ordered(a), ordered(b)), a, b))
template <typename T>
SHOAL_OP(MaxHalf, Plain, choose<T>(wasm_i16x8_gt(ordered(a), ordered(b)), a, b))

template <typename T>
struct TruthHalf : Plain {
  static v128_t load(v128_t v) {
    const v128_t magnitude = wasm_v128_and(v, wasm_i16x8_splat(0x7fff));
    const v128_t truth = wasm_i16x8_ne(magnitude, wasm_i16x8_splat(0));
    return wasm_v128_and(truth, wasm_i16x8_splat(T::kOne));
  }
};

}  // namespace shoal
