/** What can be asked of a reduction, by the class of its array: the compiler refuses what the call would. */
import type { Float16ArrayIfAny, TypedArray } from './buffers.js';
import type { ReduceOp } from './reduce-op.js';

/** Operations on integers and truth values: they have no mean. */
export type ExactOp = Exclude<ReduceOp, 'avg'>;
/** Operations on floats and complex numbers: they have no bits to combine. */
export type FloatOp = Exclude<ReduceOp, 'band' | 'bor' | 'bxor'>;

/** A name of the contract, or Ray's for it. */
type Named<Op extends ReduceOp> = Op | Uppercase<Op> | ('prod' extends Op ? 'product' | 'PRODUCT' : never);

/** @typeParam Implied - The dtype that the array's class stands for; others have to be named. */
interface Exact<Implied> {
  /** Reduction, default `'sum'`; Ray's names (`'PRODUCT'` …) work too. */
  readonly op?: Named<ExactOp>;
  /** Element type, where the array's class stands for several: `'bool'` in a Uint8Array. */
  readonly dtype?: Implied;
}
interface Float<Implied> {
  /** Reduction, default `'sum'`; Ray's names (`'PRODUCT'` …) work too. */
  readonly op?: Named<FloatOp>;
  /** Element type, where the array's class stands for several: complex numbers are (re, im) pairs of floats. */
  readonly dtype?: Implied;
}
/** @typeParam Given - The dtype that has to be named. */
interface Half<Given> {
  /** Reduction, default `'sum'`; Ray's names (`'PRODUCT'` …) work too. */
  readonly op?: Float<never>['op'];
  /** Element type: the numbers are the 16 bits of each. */
  readonly dtype: Given;
  /** `'float32'`: sums, products and means are carried in float32 across the ranks and rounded once, not at each rank. */
  readonly accumulate?: 'float32';
}
type HalfIfImplied = Omit<Half<'float16'>, 'dtype'> & { readonly dtype?: 'float16' };

/** Operation and dtype of a reduction over such an array. */
export type ReduceOptions<T extends TypedArray> = T extends Float32Array
  ? Float<'float32' | 'complex64'>
  : T extends Float64Array
    ? Float<'float64' | 'complex128'>
    : T extends Uint16Array
      ? Exact<'uint16'> | Half<'float16' | 'bfloat16'>
      : T extends Uint8Array
        ? Exact<'uint8' | 'bool'>
        : T extends Int8Array
          ? Exact<'int8'>
          : T extends Int16Array
            ? Exact<'int16'>
            : T extends Int32Array
              ? Exact<'int32'>
              : T extends Uint32Array
                ? Exact<'uint32'>
                : T extends BigInt64Array
                  ? Exact<'int64'>
                  : T extends BigUint64Array
                    ? Exact<'uint64'>
                    : T extends Float16ArrayIfAny
                      ? HalfIfImplied
                      : never;
