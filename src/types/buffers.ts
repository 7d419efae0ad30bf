/** What a collective takes: typed arrays, and tensors over them. */

/**
 * `Float16Array` where the runtime and the user's `lib` have it, else nothing.
 *
 * @example
 * type Half = [Float16ArrayIfAny] extends [never] ? Uint16Array : Float16ArrayIfAny; // as the compiler's `lib` has it
 */
export type Float16ArrayIfAny = typeof globalThis extends { Float16Array: { prototype: infer T } } ? T : never;

/**
 * Any typed array with a dtype; over an ArrayBuffer or a SharedArrayBuffer, at any `byteOffset`.
 *
 * @example
 * async function meanOf<T extends TypedArray>(x: T): Promise<T> {
 *   return collective.broadcast(x, { root: 0 });
 * }
 * await meanOf(Float32Array.of(1, 2));
 */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array
  // eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- never where lib lacks it
  | Float16ArrayIfAny;

/**
 * Numbers of float16 over a buffer: the runtime's `Float16Array`, or that of @petamoriken/float16.
 *
 * @example
 * import { Float16Array } from '@petamoriken/float16';
 *
 * const halves: Float16ArrayLike = Float16Array.of(0.5, 1.5);
 * await collective.broadcast(halves);
 */
export interface Float16ArrayLike {
  readonly [Symbol.toStringTag]: 'Float16Array';
  /** Memory that it lies in. */
  readonly buffer: ArrayBufferLike;
  /** Byte of it at which the first number lies. */
  readonly byteOffset: number;
  /** Bytes that they take: two each. */
  readonly byteLength: number;
  /** How many there are. */
  readonly length: number;
}

/**
 * Elements of `data` in the row-major order of a shape, such as the tensors of onnxruntime and the ndarrays of scijs
 * and stdlib. Without a shape all elements of `data`; without strides in row-major order. Views with strides are packed
 * into memory of the call's own and the result is put back. Elements that share memory are refused where they would be
 * written.
 *
 * @example
 * const matrix: Tensor = { data: new Float32Array(6), shape: [2, 3] };
 * await collective.allreduce(matrix);
 */
export interface Tensor {
  /** A typed array; anything else is refused by the call. */
  readonly data: unknown;
  /** Element type: a dtype, or the library's name for it; default: what the class of `data` stands for. */
  readonly dtype?: unknown;
  /** The same, in onnxruntime. */
  readonly type?: unknown;
  /** Elements along each axis. */
  readonly shape?: ArrayLike<number> | undefined;
  /** The same, in onnxruntime. */
  readonly dims?: ArrayLike<number> | undefined;
  /** Elements of `data` from one index to the next along each axis; below 0 for a reversed one. */
  readonly strides?: ArrayLike<number> | undefined;
  /** The same, in scijs. */
  readonly stride?: ArrayLike<number> | undefined;
  /** Element of `data` that the first index stands for, default 0. */
  readonly offset?: number | undefined;
}

/**
 * What a collective takes.
 *
 * @example
 * async function shareOut(parameters: readonly NumericBuffer[]): Promise<void> {
 *   await collective.broadcast(parameters, { root: 0 });
 * }
 * await shareOut([weights, { data: new Float64Array(4), shape: [2, 2] }]);
 */
export type NumericBuffer = TypedArray | Float16ArrayLike | Tensor;

/**
 * A class of typed array, as `collective.empty` takes it.
 *
 * @example
 * function zeros<T extends TypedArray>(arrayClass: TypedArrayClass<T>, count: number): T {
 *   return collective.empty(arrayClass, count);
 * }
 * const counts = zeros(Uint32Array, 10);
 */
export interface TypedArrayClass<T extends TypedArray | Float16ArrayLike> {
  /** Bytes of one element. */
  readonly BYTES_PER_ELEMENT: number;
  /** Such as `Float32Array`. */
  readonly name: string;
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): T;
}
