/** What can be asked of a reduction, by the class of its array: the compiler refuses what the call would. */
import type { Float16ArrayLike, NumericBuffer, TypedArray } from './buffers.js';
import type { Dtype } from './dtype.js';
import type { ReduceOp } from './reduce-op.js';

/** Operations on integers and truth values: they have no mean. */
export type ExactOp = Exclude<ReduceOp, 'avg'>;
/** Operations on floats and complex numbers: they have no bits to combine. */
export type FloatOp = Exclude<ReduceOp, 'band' | 'bor' | 'bxor'>;

/** Operations of the half types that can be carried in float32. */
type CarriedOp = 'sum' | 'prod' | 'avg';

/** A name of the contract, or Ray's for it. */
type Named<Op extends ReduceOp> = Op | Uppercase<Op> | ('prod' extends Op ? 'product' | 'PRODUCT' : never);

/** @typeParam Implied - The dtype that the array's class stands for; others have to be named. */
interface Exact<Implied> {
  /** Reduction, default `'sum'`; Ray's names (`'PRODUCT'` …) work too. */
  readonly op?: Named<ExactOp> | undefined;
  /** Element type, where the array's class stands for several: `'bool'` in a Uint8Array. */
  readonly dtype?: Implied | undefined;
}
interface Float<Implied> {
  /** Reduction, default `'sum'`; Ray's names (`'PRODUCT'` …) work too. */
  readonly op?: Named<FloatOp> | undefined;
  /** Element type, where the array's class stands for several: complex numbers are (re, im) pairs of floats. */
  readonly dtype?: Implied | undefined;
}
/** @typeParam Given - The dtype that has to be named. */
interface HalfCarried<Given> {
  /** Reduction, default `'sum'`; Ray's names (`'PRODUCT'` …) work too. */
  readonly op?: Named<CarriedOp> | undefined;
  /** Element type: the numbers are the 16 bits of each. */
  readonly dtype: Given;
  /**
   * `'float32'`: sums, products and means are carried in float32 across the ranks and rounded once, not at each rank.
   */
  readonly accumulate?: 'float32' | undefined;
}
interface HalfPlain<Given> {
  readonly op: Named<FloatOp>;
  readonly dtype: Given;
}
type Half<Given> = HalfCarried<Given> | HalfPlain<Given>;
/** The class says float16 already. */
type HalfImplied =
  | (Omit<HalfCarried<never>, 'dtype'> & { readonly dtype?: 'float16' })
  | (Omit<HalfPlain<never>, 'dtype'> & { readonly dtype?: 'float16' });
/** Of arrays whose dtypes the compiler does not know; the call refuses what does not fit. */
export interface AnyReduceOptions {
  /** Reduction, default `'sum'`; Ray's names (`'PRODUCT'` …) work too. */
  readonly op?: Named<ReduceOp> | undefined;
  /** Element type, where the tensor does not say it. */
  readonly dtype?: Dtype | undefined;
  /**
   * `'float32'`: sums, products and means of the half types are carried in float32 across the ranks and rounded once.
   */
  readonly accumulate?: 'float32' | undefined;
}
/** A tensor's own dtype says which of its class's dtypes it holds: known only where they allow the same. */
type OfData<D> = D extends Uint16Array
  ? AnyReduceOptions
  : D extends TypedArray | Float16ArrayLike
    ? ReduceOptions<D>
    : AnyReduceOptions;

/** Operation and dtype of a reduction over such an array or tensor. */
export type ReduceOptions<T extends NumericBuffer> = T extends Float32Array
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
                    : T extends Float16ArrayLike
                      ? HalfImplied
                      : T extends { readonly data: infer D }
                        ? OfData<D>
                        : never;

/** Operation and dtype of a reduction over a list of arrays. */
export type ReduceListOptions<L> = AnyReduceOptions & {
  /** Where the results go: a list of arrays like those of the buffer; default: in place. */
  readonly out?: L | undefined;
};

/** Operation of a reduction over a number, which is a float64, or over a bigint, an int64. */
export type ReduceNumberOptions = Pick<AnyReduceOptions, 'op'>;
