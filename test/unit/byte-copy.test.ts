import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AddonCopy, SetCopy, WindowCopy } from '../../src/backend/window/byte-copy.js';
import type { ByteCopy } from '../../src/backend/window/byte-copy.js';
import { compileKernels, instantiateKernels } from '../../src/kernels/wasm-module.js';
import { ArrayParts } from '../../src/operands/array-parts.js';
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

/** Arrays of many lengths, some of none, and their bytes in a row. */
function lengthsOf(total: number): number[] {
  const lengths = [0];
  for (let left = total, next = 1; left > 0; next = (next * 7 + 3) % 9_001) {
    lengths.push(Math.min(left, next), 0);
    left -= Math.min(left, next);
  }
  return lengths;
}

for (const [name, copy] of ways) {
  for (const total of [1, 63, 500, 40_000, 60_000]) {
    test(`${name}: several arrays go as one, in ranges of any bytes, ${total} bytes`, () => {
      const bytes = Uint8Array.from({ length: total }, (_, i) => (i * 11) % 251);
      const lengths = lengthsOf(total);
      const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
      const arrays = lengths.map((length, i) => {
        const array = new Uint8Array(length + 3).fill(255).subarray(i % 2, (i % 2) + length);
        array.set(bytes.subarray(ends[i]! - length, ends[i]));
        return array;
      });
      const parts = copy.ofParts(new ArrayParts(arrays));
      for (const [address, offset] of [
        [64, 0],
        [129, Math.floor(total / 3)],
        [8, total - 1],
        [8, total],
      ] as const) {
        const size = total - offset;
        for (const way of ['into', 'stage'] as const) {
          window.fill(254);
          assert.ok(parts[way](address, offset, size));
          assert.is(Buffer.compare(window.subarray(address, address + size), bytes.subarray(offset)), 0);
          assert.is(window[address - 1], 254);
          assert.is(window[address + size], 254);
        }
        for (let i = 0; i < size; i++) window[address + i] = (bytes[offset + i]! + 1) % 251;
        assert.ok(parts.outOf(address, offset, size));
        const want = bytes.map((byte, i) => (i < offset ? byte : (byte + 1) % 251));
        assert.is(Buffer.compare(Buffer.concat(arrays), want), 0);
        for (const [i, array] of arrays.entries()) array.set(bytes.subarray(ends[i]! - array.length, ends[i]));
        for (const [i, { buffer }] of arrays.entries()) {
          const around = new Uint8Array(buffer).filter((_, at) => at < i % 2 || at >= (i % 2) + lengths[i]!);
          assert.ok(around.every((byte) => byte === 255));
        }
      }
    });
  }

  test(`${name}: nothing of several arrays is copied where one of the range is gone`, () => {
    const arrays = [new Uint8Array(8).fill(1), new Float64Array(4).fill(1), new Uint8Array(8).fill(1)];
    const parts = copy.ofParts(new ArrayParts(arrays));
    structuredClone(arrays[1]!.buffer, { transfer: [arrays[1]!.buffer] });
    assert.is(parts.bytesLeft, 16);
    for (const [offset, size] of [
      [0, 48],
      [0, 9],
      [8, 1],
      [39, 2],
    ] as const) {
      window.fill(7);
      assert.is(parts.into(0, offset, size), false);
      assert.is(parts.stage(0, offset, size), false);
      assert.is(parts.outOf(0, offset, size), false);
      assert.ok(window.every((byte) => byte === 7));
      assert.ok([arrays[0]!, arrays[2]!].every((array) => array.every((value) => value === 1)));
    }
    assert.ok(parts.outOf(0, 0, 8));
    assert.ok(parts.outOf(0, 40, 8));
    assert.ok([arrays[0]!, arrays[2]!].every((array) => array.every((value) => value === 7)));
  });

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

test('window: between two of its places, which may overlap, nothing beside them, and nothing beyond an array', () => {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const bytes = new Uint8Array(memory.buffer);
  const outside = new SetCopy(bytes);
  const copy = new WindowCopy(instantiateKernels(compileKernels(), memory, 65_536), bytes, outside);
  const pattern = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 253);
  for (const sizeBytes of [0, ...sizes, 150_000]) {
    for (const [from, to] of [
      [100_000, 300_001],
      [100_000, 100_003],
      [100_003, 100_000],
    ] as const) {
      const array = bytes.subarray(from, from + sizeBytes + 2);
      for (const way of ['into', 'stage', 'outOf'] as const) {
        bytes.fill(254);
        const [source, target] = way === 'outOf' ? [to, from + 1] : [from + 1, to];
        bytes.set(pattern.subarray(0, sizeBytes), source);
        const want = bytes.slice();
        want.copyWithin(target, source, source + sizeBytes);
        assert.ok(copy[way](to, array, 1, sizeBytes));
        assert.is(Buffer.compare(bytes, want), 0);
        assert.is(copy[way](to, array, 2, sizeBytes + 1), false);
        assert.is(Buffer.compare(bytes, want), 0);
      }
    }
  }
  const plain = new Uint8Array(8).fill(9);
  assert.ok(copy.into(70_000, plain, 0, 8) && copy.stage(70_008, plain, 0, 8));
  assert.ok(bytes.subarray(70_000, 70_016).every((byte) => byte === 9));
  bytes[70_003] = 1;
  assert.ok(copy.outOf(70_000, plain, 0, 8));
  assert.is(plain[3], 1);
  assert.is(copy.outOf(70_000, plain, 1, 8), false);
});

test.run();
