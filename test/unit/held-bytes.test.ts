import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ArrayParts } from '../../src/operands/array-parts.js';
import { bytesOf, isThere } from '../../src/operands/held-bytes.js';

const test = suite('memory that is still there');

type Resizable = ArrayBuffer & { resize(sizeBytes: number): void };
const ResizableBuffer = ArrayBuffer as unknown as new (size: number, options: object) => Resizable;

/** An array, and what takes its memory away. */
const kinds: readonly (() => readonly [array: Float32Array, lose: () => void])[] = [
  () => {
    const array = new Float32Array(40);
    return [array, () => void structuredClone(array.buffer, { transfer: [array.buffer] })];
  },
  () => {
    const buffer = new ResizableBuffer(160, { maxByteLength: 160 });
    return [new Float32Array(buffer, 0, 40), () => buffer.resize(80)];
  },
];

test('is told from memory that is gone, however often and in whatever code', () => {
  let [told, missed] = [0, 0];
  for (let round = 0; round < 200; round++) {
    for (const kind of kinds) {
      const [array, lose] = kind();
      const [bytes, parts] = [bytesOf(array), new ArrayParts([new Uint8Array(3), array])];
      // So often that compilers take it.
      for (let i = 0; i < 500; i++) if (!isThere(bytes) || !parts.holds(0, 163)) told++;
      lose();
      if (isThere(bytes) || parts.holds(3, 1) || parts.holds(0, 163)) missed++;
      if (!parts.holds(0, 3)) told++;
      if (isThere(bytesOf(array))) missed++;
    }
  }
  assert.is(told, 0);
  assert.is(missed, 0);
});

test('an array without elements has none to lose', () => {
  assert.is(bytesOf(new Float64Array(0)).length, 0);
  assert.ok(new ArrayParts([new Uint8Array(0), new Uint8Array(2)]).holds(0, 2));
});

test.run();
