/** Dtypes: numbers mirror `wasm/src/dtype.h`; docs/numeric-contract.md says what each computes. */

/** Names of all dtypes, indexed by their number in the kernels. */
export const dtypeNames = [
  'bool',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float16',
  'bfloat16',
  'float32',
  'float64',
  'complex64',
  'complex128',
] as const;

/**
 * Name of an element type, as in NumPy.
 *
 * @example
 * const dtype: Dtype = 'bfloat16';
 * await collective.broadcast(new Uint16Array(4), { dtype });
 */
export type Dtype = (typeof dtypeNames)[number];

/** Bytes of one element. */
export const itemBytes: Readonly<Record<Dtype, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  complex64: 8,
  complex128: 16,
};

/** The dtypes that a typed array can hold, by the name of its class: the first unless another is named. */
export const dtypesOfTag: ReadonlyMap<string, readonly [Dtype, ...Dtype[]]> = new Map([
  ['Int8Array', ['int8']],
  ['Uint8Array', ['uint8', 'bool']],
  ['Int16Array', ['int16']],
  ['Uint16Array', ['uint16', 'float16', 'bfloat16']],
  ['Int32Array', ['int32']],
  ['Uint32Array', ['uint32']],
  ['BigInt64Array', ['int64']],
  ['BigUint64Array', ['uint64']],
  ['Float16Array', ['float16']],
  ['Float32Array', ['float32', 'complex64']],
  ['Float64Array', ['float64', 'complex128']],
]);

/** In place of a dtype's number: the bytes of a message are an encoded value. No kernel knows it. */
export const objectId = 255;

/** Number of a dtype in the kernels. */
export function dtypeId(dtype: Dtype): number {
  return dtypeNames.indexOf(dtype);
}
