/** Expected results from closed forms, element by element, independent of the kernels. */
import type { ReduceOp, TypedArray } from 'shoal/worker';

export const dtypes = ['uint8', 'int32', 'int64', 'float32', 'float64'] as const;
export const ops = ['sum', 'prod', 'min', 'max'] as const satisfies readonly ReduceOp[];
export type TestDtype = (typeof dtypes)[number];

export const classOf = {
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** Elements come again after so many. */
const period = 23;

/** Element i of rank r: small integers of both signs, different on every rank; floats get a fraction. */
function element(dtype: TestDtype, rank: number, i: number): number | bigint {
  const base = ((i * 7 + rank * 13) % period) - 11;
  switch (dtype) {
    case 'uint8':
      return base & 0xff;
    case 'int32':
      return base * 104_729_001;
    case 'int64':
      return BigInt(base) * 4_294_967_311n * 65_537n;
    case 'float32':
      return Math.fround(base * 0.37 + 0.1);
    case 'float64':
      return base * 0.37 + 0.1;
  }
}

/** Values of the indexes below the period; they come again and again. */
type Values = readonly (number | bigint)[];

function valuesOf(valueAt: (i: number) => number | bigint): Values {
  return Array.from({ length: period }, (_, i) => valueAt(i));
}

/** The elements of a rank. */
export function elements(dtype: TestDtype, rank: number): Values {
  return valuesOf((i) => element(dtype, rank, i));
}

/** Fill an array with a rank's elements. */
export function fill(array: TypedArray, dtype: TestDtype, rank: number): void {
  repeat(array, elements(dtype, rank));
}

/** Write the values once, then copy what there is behind itself: as whole periods. */
function repeat(array: TypedArray, values: Values): void {
  for (let i = 0; i < Math.min(period, array.length); i++) array[i] = values[i]!;
  for (let done = period; done < array.length; done *= 2) array.copyWithin(done, 0, done);
}

/** The left fold over ranks, with the dtype's own arithmetic after each step. */
export function expected(dtype: TestDtype, op: (typeof ops)[number], size: number): Values {
  return valuesOf((i) => {
    let value = element(dtype, 0, i);
    for (let rank = 1; rank < size; rank++) value = combine(dtype, op, value, element(dtype, rank, i));
    return value;
  });
}

function combine(dtype: TestDtype, op: (typeof ops)[number], a: number | bigint, b: number | bigint): number | bigint {
  if (op === 'min') return a < b ? a : b;
  if (op === 'max') return a > b ? a : b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return BigInt.asIntN(64, op === 'sum' ? a + b : a * b);
  const [x, y] = [Number(a), Number(b)];
  if (dtype === 'int32') return op === 'sum' ? (x + y) | 0 : Math.imul(x, y);
  const exact = op === 'sum' ? x + y : x * y;
  if (dtype === 'uint8') return exact & 0xff;
  return dtype === 'float32' ? Math.fround(exact) : exact;
}

/** Where the first difference is, in words; undefined when there is none. */
export function difference(array: TypedArray, values: Values): string | undefined {
  const wanted = new (array.constructor as new (length: number) => TypedArray)(array.length);
  repeat(wanted, values);
  const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array => {
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  if (Buffer.compare(bytesOf(array), bytesOf(wanted)) === 0) return undefined;
  for (let i = 0; i < array.length; i++) {
    const [got, want] = [array[i], wanted[i]];
    if (!Object.is(got, want)) return `element ${i} of ${array.length}: expected ${want}, got ${got}`;
  }
  return 'a NaN has other bits';
}
