/** ES2024: every supported Node has it, the es2022 library does not declare it. */
type Resizable = ArrayBuffer & { resize(sizeBytes: number): void };
const Maker = ArrayBuffer as unknown as new (sizeBytes: number, options: { maxByteLength: number }) => Resizable;

/** A buffer that can shrink and grow, to twice its size. */
export function resizable(sizeBytes: number): Resizable {
  return new Maker(sizeBytes, { maxByteLength: 2 * sizeBytes });
}
