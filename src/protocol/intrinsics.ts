/**
 * What objects of the language's own classes hold, read by the getters of those classes: an object may say otherwise of
 * itself.
 */

const boxes = [Number, String, Boolean, BigInt, Symbol] as const;

/** The primitive in an object of any realm. */
export function unboxed(value: object): unknown {
  for (const { prototype } of boxes) {
    try {
      return (prototype as { valueOf(): unknown }).valueOf.call(value);
    } catch {
      // Of another of these classes.
    }
  }
  return undefined;
}

const getter = (owner: object, key: string | symbol): ((self: unknown) => unknown) => {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  return (self) => descriptor?.get?.call(self) as unknown;
};
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayTag = getter(typedArray, Symbol.toStringTag);
const parts = ['buffer', 'byteOffset', 'byteLength'] as const;
const typedArrayParts = parts.map((part) => getter(typedArray, part));
const dataViewParts = parts.map((part) => getter(DataView.prototype, part));
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its `this`
const elementAt = Uint8Array.prototype.at;
const regExpSource = getter(RegExp.prototype, 'source');
const regExpFlags = getter(RegExp.prototype, 'flags');

/** Name of the class of a view. */
export function viewTag(value: object): string {
  const tag = typedArrayTag(value);
  return typeof tag === 'string' ? tag : 'DataView';
}

/** The bytes of a view. @throws {@link TypeError} for a view of a buffer that was detached or shrunk. */
export function viewBytes(value: object, kind: string): Uint8Array {
  const read = kind === 'DataView' ? dataViewParts : typedArrayParts;
  const [buffer, byteOffset, byteLength] = read.map((part) => part(value)) as [ArrayBuffer, number, number];
  // A typed array beyond the end of its buffer says that it is empty; what reads an element throws.
  if (byteLength === 0 && kind !== 'DataView') Reflect.apply(elementAt, value, [0]);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Of a RegExp. */
export function sourceOf(value: object): string {
  return regExpSource(value) as string;
}

/** Of a pattern whose own fields lie about its flags: those that there are. */
export function flagsOf(value: object): string {
  return [...new Set(String(regExpFlags(value)))].filter((flag) => 'dgimsuvy'.includes(flag)).join('');
}
