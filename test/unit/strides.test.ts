import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Layout } from '../../src/operands/strides.js';
import { countOf, isContiguous, mayOverlap, PackedCopy, rowMajor, spanOf } from '../../src/operands/strides.js';
import fc from '../support/property.js';

const test = suite('strides');

/** Any layout of a few axes, also such whose elements share memory. */
const layouts: fc.Arbitrary<Layout> = fc.record({
  axes: fc.array(fc.record({ size: fc.integer({ min: 0, max: 5 }), stride: fc.integer({ min: -12, max: 12 }) }), {
    maxLength: 4,
  }),
  offset: fc.integer({ min: 0, max: 20 }),
});

/** Addresses of all elements in row-major order, one index at a time. */
function addresses({ axes, offset }: Layout): number[] {
  let all = [offset];
  for (const { size, stride } of axes) {
    all = all.flatMap((address) => Array.from({ length: size }, (_, i) => address + i * stride));
  }
  return all;
}

/** Moved so that the first element that is used is element 3. */
function moved(layout: Layout): Layout {
  return { axes: layout.axes, offset: layout.offset + 3 - spanOf(layout)[0] };
}

test('count, span and contiguity are those of the addresses', () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      const all = addresses(layout);
      assert.is(countOf(layout.axes), all.length);
      if (all.length > 0) assert.equal([...spanOf(layout)], [Math.min(...all), Math.max(...all) + 1]);
      assert.is(
        isContiguous(layout),
        all.every((address, i) => address === layout.offset + i),
      );
    }),
    { numRuns: 5000 },
  );
});

test('elements that share memory are always found', () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      const all = addresses(layout);
      if (new Set(all).size < all.length) assert.ok(mayOverlap(layout));
    }),
    { numRuns: 5000 },
  );
});

test('views that libraries make are not taken for such', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
  const steps = fc.array(fc.constantFrom(1, -1, 2, -3), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(shapes, steps, fc.infiniteStream(fc.nat()), (shape, by, keys) => {
      // Every nth element of a larger array along each axis, reversed or not, axes in any order.
      const larger = rowMajor(shape.map((size, axis) => size * Math.abs(by[axis]!)));
      const axes = larger.map(({ stride }, axis) => ({ size: shape[axis]!, stride: stride * by[axis]! }));
      const keyed = axes.map((axis) => ({ axis, key: keys.next().value as number })).sort((a, b) => a.key - b.key);
      assert.not.ok(mayOverlap({ axes: keyed.map(({ axis }) => axis), offset: 0 }));
    }),
    { numRuns: 2000 },
  );
});

test('copies are of the elements of the view, in row-major order, and back to nowhere else', () => {
  const words = fc.constantFrom(
    [Uint8Array, 1],
    [Uint16Array, 1],
    [Uint32Array, 1],
    [Uint32Array, 2],
    [Uint32Array, 4],
  );
  fc.assert(
    fc.property(layouts, words, (given, [Class, itemWords]) => {
      const layout = moved(given);
      const elements = addresses(layout);
      const of = (at: readonly number[]): number[] =>
        at.flatMap((address) => Array.from({ length: itemWords }, (_, i) => address * itemWords + i));
      const memory = new Class((spanOf(layout)[1] + 3) * itemWords).map((_, i) => i % 251);
      const before = memory.slice();
      const packed = new Class(elements.length * itemWords);
      const copy = new PackedCopy(memory, packed, layout, itemWords);
      copy.gather();
      assert.equal(
        Array.from(packed),
        of(elements).map((address) => before[address]),
      );
      packed.forEach((value, i) => (packed[i] = value + 1));
      copy.scatter();
      const inView = new Set(of(elements));
      for (let i = 0; i < memory.length; i++) assert.is(memory[i], before[i]! + (inView.has(i) ? 1 : 0));
    }),
    { numRuns: 5000 },
  );
});

test('rows that are long enough go as a whole', () => {
  const memory = Uint32Array.from({ length: 1000 }, (_, i) => i);
  const packed = new Uint32Array(300);
  const layout = {
    axes: [
      { size: 3, stride: 300 },
      { size: 100, stride: 1 },
    ],
    offset: 7,
  };
  const copy = new PackedCopy(memory, packed, layout, 1);
  copy.gather();
  assert.equal(Array.from(packed), addresses(layout));
  packed.fill(5);
  copy.scatter();
  assert.is(memory.filter((each, i) => each === 5 && i !== 5).length, 300);
  assert.ok(copy.usable);
});

test.run();
