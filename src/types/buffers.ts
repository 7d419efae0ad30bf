/** The arrays that a collective takes. */

/** `Float16Array` where the runtime and the user's `lib` have it, else nothing. */
export type Float16ArrayIfAny = typeof globalThis extends { Float16Array: { prototype: infer T } } ? T : never;

/** Any typed array with a dtype; over an ArrayBuffer or a SharedArrayBuffer, at any `byteOffset`. */
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
  // eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- never only where `lib` lacks Float16Array
  | Float16ArrayIfAny;

/** A class of typed array, as `collective.empty` takes it. */
export interface TypedArrayClass<T extends TypedArray> {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): T;
}
