import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AddonCopy, SetCopy } from '../../src/backend/window/byte-copy.js';
import type { ByteCopy } from '../../src/backend/window/byte-copy.js';
import { findOs } from '../../src/native/os.js';
import type { TypedArray } from '../../src/types/buffers.js';

const test = suite('byte copy');
const sizes = [1, 8, 100, 128, 129, 4_096, 20_000, 40_000];
const window = new Uint8Array(new SharedArrayBuffer(65_536));
const os = findOs();
const ways: [string, ByteCopy][] = [['set', new SetCopy(window)]];
if (os) ways.push(['addon', new AddonCopy(os, window)]);

type Resizable = ArrayBuffer & { resize(sizeBytes: number): void };
const resizable = (sizeBytes: number): Resizable =>
  new (ArrayBuffer as unknown as new (size: number, options: object) => Resizable)(sizeBytes, {
    maxByteLength: sizeBytes,
  });

for (const [name, copy] of ways) {
  for (const [sizeBytes, way] of sizes.flatMap((size) => [[size, 'into'] as const, [size, 'stage'] as const])) {
    test(`${name}: ${way} and out again at odd places, ${sizeBytes} bytes`, () => {
      for (const [address, offset] of [
        [64, 0],
        [65, 3],
        [8, 1],
      ] as const) {
        const array = Uint8Array.from({ length: sizeBytes + 7 }, (_, i) => (i * 7) % 253);
        const want = array.slice();
        window.fill(254);
        assert.ok(copy[way](address, array, offset, sizeBytes));
        assert.is(window[address - 1], 254);
        assert.is(window[address + sizeBytes], 254);
        array.fill(255, offset, offset + sizeBytes);
        assert.ok(copy.outOf(address, array, offset, sizeBytes));
        assert.is(Buffer.compare(array, want), 0);
      }
    });
  }

  test(`${name}: nothing is copied where an array has lost its bytes`, () => {
    const gone = new Float32Array(16);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const buffer = resizable(64);
    const shrunk = new Float32Array(buffer);
    const outside = new Float32Array(buffer, 32, 8);
    buffer.resize(48);
    window.fill(7);
    const lost: readonly (readonly [TypedArray, number])[] = [
      [gone, 4],
      [shrunk, 52],
      [outside, 4],
    ];
    for (const [array, sizeBytes] of lost) {
      assert.is(copy.into(0, array, 0, sizeBytes), false);
      assert.is(copy.stage(0, array, 0, sizeBytes), false);
      assert.is(copy.outOf(0, array, 0, sizeBytes), false);
    }
    assert.ok(window.every((byte) => byte === 7));
    assert.ok(shrunk.every((value) => value === 0));
    assert.ok(copy.outOf(0, shrunk, 0, 48));
    assert.ok(new Uint8Array(buffer).every((byte) => byte === 7));
  });
}

test.run();
