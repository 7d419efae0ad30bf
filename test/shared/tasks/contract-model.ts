/** The numeric contract once more, one element at a time in JavaScript's own numbers: independent of the kernels. */
import type { Dtype, ReduceOp, TypedArray } from 'shoal/worker';

/** One element: complex ones are pairs. */
export type Element = number | bigint | readonly [re: number, im: number];

interface FloatFormat {
  readonly fractionBits: number;
  readonly leastExponent: number;
  readonly largest: number;
}
const formats = {
  float16: { fractionBits: 10, leastExponent: -14, largest: 65_504 },
  bfloat16: { fractionBits: 7, leastExponent: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
} as const satisfies Record<string, FloatFormat>;

/** To the nearest number of a format, ties to even. */
function roundTo(value: number, { fractionBits, leastExponent, largest }: FloatFormat): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), leastExponent);
  const unit = 2 ** (exponent - fractionBits);
  const scaled = value / unit;
  const below = Math.floor(scaled);
  const up = scaled - below > 0.5 || (scaled - below === 0.5 && below % 2 !== 0);
  const rounded = (up ? below + 1 : below) * unit;
  if (Math.abs(rounded) > largest) return Math.sign(value) * Infinity;
  return rounded === 0 ? 0 * Math.sign(value) : rounded;
}

/** Number of a 16-bit pattern. */
function decode(bits: number, { fractionBits, leastExponent }: FloatFormat): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponentBits = 15 - fractionBits;
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = bits & (2 ** fractionBits - 1);
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  const hidden = exponent === 0 ? 0 : 2 ** fractionBits;
  return sign * (hidden + fraction) * 2 ** (Math.max(exponent, 1) - 1 + leastExponent - fractionBits);
}

/** Pattern of a number that the format has. */
function encode(value: number, { fractionBits, leastExponent, largest }: FloatFormat): number {
  const sign = Object.is(Math.sign(value), -1) || Object.is(value, -0) ? 0x8000 : 0;
  const top = 2 ** (15 - fractionBits) - 1;
  if (Number.isNaN(value)) return (top << fractionBits) | (1 << (fractionBits - 1));
  const size = Math.abs(value);
  if (size > largest) return sign | (top << fractionBits);
  if (size < 2 ** leastExponent) return sign | (size / 2 ** (leastExponent - fractionBits));
  const exponent = Math.floor(Math.log2(size));
  const fraction = (size / 2 ** exponent - 1) * 2 ** fractionBits;
  return sign | ((exponent - leastExponent + 1) << fractionBits) | fraction;
}

const isComplex = (dtype: Dtype): boolean => dtype.startsWith('complex');
const isFloat = (dtype: Dtype): boolean => /^b?float/.test(dtype);

/** An array that holds this many elements of a dtype. */
export function arrayOf(dtype: Dtype, count: number): TypedArray {
  const classes = {
    bool: Uint8Array,
    int8: Int8Array,
    uint8: Uint8Array,
    int16: Int16Array,
    uint16: Uint16Array,
    int32: Int32Array,
    uint32: Uint32Array,
    int64: BigInt64Array,
    uint64: BigUint64Array,
    float16: Uint16Array,
    bfloat16: Uint16Array,
    float32: Float32Array,
    float64: Float64Array,
    complex64: Float32Array,
    complex128: Float64Array,
  } as const;
  return new classes[dtype](isComplex(dtype) ? 2 * count : count);
}

/** Element i of an array. */
export function read(dtype: Dtype, array: TypedArray, i: number): Element {
  if (isComplex(dtype)) return [Number(array[2 * i]), Number(array[2 * i + 1])];
  const value = array[i]!;
  if (dtype === 'float16' || dtype === 'bfloat16') return decode(Number(value), formats[dtype]);
  return dtype === 'bool' ? Number(value !== 0) : value;
}

function putFloat(dtype: Dtype, array: TypedArray, at: number, value: number): void {
  const isHalf = dtype === 'float16' || dtype === 'bfloat16';
  array[at] = isHalf ? encode(roundTo(value, formats[dtype]), formats[dtype]) : value;
}

/** Set element i, both parts of a complex one, to a number; what integers do not have is 0 to them. */
export function write(dtype: Dtype, array: TypedArray, i: number, value: number): void {
  if (isFloat(dtype)) putFloat(dtype, array, i, value);
  else if (isComplex(dtype)) for (const part of [0, 1]) putFloat(dtype, array, 2 * i + part, value);
  else {
    const integer = Number.isFinite(value) ? Math.trunc(value) : 0;
    array[i] = array instanceof BigInt64Array || array instanceof BigUint64Array ? BigInt(integer) : integer;
  }
}

/** Element i of rank r: extremes and everyday numbers, different on every rank. */
export function fill(dtype: Dtype, array: TypedArray, rank: number): void {
  const specials = [0, -0, 1, NaN, Infinity, -Infinity, 65_504, 6e-8, 2048, 3];
  for (let i = 0; i < array.length; i++) {
    const turn = i * 7 + rank * 13;
    const everyday = (turn % 23) - 11 + (isFloat(dtype) || isComplex(dtype) ? 0.375 : 0);
    const value = turn % 5 === 0 ? specials[Math.floor(turn / 5) % specials.length]! : everyday;
    if (isFloat(dtype) || isComplex(dtype)) putFloat(dtype, array, i, value);
    else if (dtype === 'bool') array[i] = turn % 3 === 0 ? 0 : turn & 0xff;
    else {
      // Spread over all bits: products and sums wrap.
      const bits = BigInt(turn % 4 === 0 ? 0 : turn) * 0x9e37_79b9_7f4a_7c15n;
      array[i] =
        array instanceof BigInt64Array || array instanceof BigUint64Array
          ? bits
          : Number(BigInt.asIntN(32, bits >> 32n));
    }
  }
}

/** To the dtype's precision. */
function round(dtype: Dtype, value: number): number {
  if (dtype === 'float16' || dtype === 'bfloat16') return roundTo(Math.fround(value), formats[dtype]);
  return dtype === 'float32' || dtype === 'complex64' ? Math.fround(value) : value;
}

function least(a: number, b: number): number {
  return Math.min(a, b); // NaN wins, −0 is below +0
}

function combine(dtype: Dtype, op: ReduceOp, a: Element, b: Element, carried: boolean): Element {
  if (typeof a === 'object' && typeof b === 'object') return combineComplex(dtype, op, a, b);
  if (op === 'land') return Number(Boolean(a) || Number.isNaN(a)) & Number(Boolean(b) || Number.isNaN(b));
  if (op === 'lor') return Number(Boolean(a) || Number.isNaN(a)) | Number(Boolean(b) || Number.isNaN(b));
  if (op === 'lxor') return Number(Boolean(a) || Number.isNaN(a)) ^ Number(Boolean(b) || Number.isNaN(b));
  if (dtype === 'bool') {
    const [x, y] = [Number(a), Number(b)];
    if (op === 'bxor') return x ^ y;
    return ['sum', 'max', 'bor'].includes(op) ? x | y : x & y;
  }
  if (isFloat(dtype)) {
    const [x, y] = [Number(a), Number(b)];
    if (op === 'min') return least(x, y);
    if (op === 'max') return -least(-x, -y);
    const value = op === 'prod' ? x * y : x + y;
    return carried ? Math.fround(value) : round(dtype, value);
  }
  const [x, y] = [a, b].map((each) => BigInt(each as number | bigint)) as [bigint, bigint];
  const results: Partial<Record<ReduceOp, bigint>> = {
    sum: x + y,
    prod: x * y,
    min: x < y ? x : y,
    max: x > y ? x : y,
    band: x & y,
    bor: x | y,
    bxor: x ^ y,
  };
  const bits = Number(/\d+/.exec(dtype)![0]);
  const wrapped = dtype.startsWith('u') ? BigInt.asUintN(bits, results[op]!) : BigInt.asIntN(bits, results[op]!);
  return bits === 64 ? wrapped : Number(wrapped);
}

function combineComplex(
  dtype: Dtype,
  op: ReduceOp,
  a: readonly [number, number],
  b: readonly [number, number],
): Element {
  const to = (value: number): number => round(dtype, value);
  const isNaNIn = (z: readonly [number, number]): boolean => z.some(Number.isNaN);
  const truth = (z: readonly [number, number]): number => Number(z[0] !== 0 || z[1] !== 0);
  switch (op) {
    case 'sum':
    case 'avg':
      return [to(a[0] + b[0]), to(a[1] + b[1])];
    case 'prod':
      return [to(to(a[0] * b[0]) - to(a[1] * b[1])), to(to(a[0] * b[1]) + to(a[1] * b[0]))];
    case 'land':
      return [truth(a) & truth(b), 0];
    case 'lor':
      return [truth(a) | truth(b), 0];
    case 'lxor':
      return [truth(a) ^ truth(b), 0];
    default: {
      if (isNaNIn(a)) return a;
      if (isNaNIn(b)) return b;
      const isLess = a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
      const isMore = a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
      return (op === 'min' ? isMore : isLess) ? b : a;
    }
  }
}

/** What one element is after an operation on one rank alone: truth becomes 0 or 1. */
function alone(dtype: Dtype, op: ReduceOp, value: Element): Element {
  if (!['land', 'lor', 'lxor'].includes(op)) return value;
  return combine(dtype, 'lor', value, isComplex(dtype) ? [0, 0] : 0, false);
}

/** The left fold over ranks. */
export function fold(dtype: Dtype, op: ReduceOp, values: readonly Element[], carried = false): Element {
  let value = alone(dtype, op, values[0]!);
  for (const next of values.slice(1)) value = combine(dtype, op, value, next, carried);
  const divide = (sum: number): number => (op === 'avg' ? round(dtype, sum / values.length) : round(dtype, sum));
  if (typeof value === 'object') return op === 'avg' ? [divide(value[0]), divide(value[1])] : value;
  if (!isFloat(dtype)) return typeof value === 'bigint' || /64/.test(dtype) ? BigInt(value) : value;
  return divide(Number(value));
}

/** Whether two elements are the same; NaN is NaN, and of complex extremes the sign of zero is open. */
export function same(got: Element, want: Element): boolean {
  if (typeof got === 'object' && typeof want === 'object') {
    return [0, 1].every((part) => Object.is(got[part], want[part]) || (got[part] === 0 && want[part] === 0));
  }
  return Object.is(got, want);
}
