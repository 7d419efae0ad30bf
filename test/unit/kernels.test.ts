import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { canCarry, opsOf } from '../../src/types/contract.js';
import { dtypeId, dtypeNames, itemBytes } from '../../src/types/dtype.js';
import { reduceOpId } from '../../src/types/reduce-op.js';
import { createWindow } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import { arrayOf, fold, read, same } from '../shared/tasks/contract-model.js';
import fc from '../support/property.js';

const test = suite('kernels');
const window = new RankWindow(createWindow(compileKernels(), 1, 2 * 2 ** 20), 0);
const poison = 0xa5;
const margin = 64;

const call = fc.constantFrom(...dtypeNames).chain((dtype) =>
  fc.record({
    dtype: fc.constant(dtype),
    op: fc.constantFrom(...opsOf(dtype)),
    carried: fc.boolean(),
    ranks: fc.integer({ min: 1, max: 8 }),
    count: fc.nat(150),
    shift: fc.nat(15),
    inPlaceOf: fc.nat(7),
    seed: fc.integer(),
  }),
);

test('any bits, at any address, in place of any rank: the model’s numbers, and nothing beside them is touched', () => {
  fc.assert(
    fc.property(call, ({ dtype, op, carried: wanted, ranks, count, shift, inPlaceOf, seed }) => {
      const carried = wanted && canCarry(dtype, op);
      const bytes = count * itemBytes[dtype];
      let state = seed >>> 0;
      const inputs = Array.from({ length: ranks }, () => {
        const array = arrayOf(dtype, count);
        const raw = new Uint8Array(array.buffer);
        for (let i = 0; i < raw.length; i++) {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          raw[i] = state >>> 24;
        }
        return array;
      });
      const { node, kernels } = window;
      window.arena.reset();
      const pointers = window.allocate(4 * ranks)!;
      const places = inputs.map((input, rank) => {
        const block = window.allocate(bytes + 2 * margin + shift)!;
        node.bytes.fill(poison, block, block + bytes + 2 * margin + shift);
        node.bytes.set(new Uint8Array(input.buffer), block + margin + shift);
        node.u32[pointers / 4 + rank] = block + margin + shift;
        return block + margin + shift;
      });
      const target = places[inPlaceOf % ranks]!;
      kernels.shoal_reduce(dtypeId(dtype), reduceOpId(op, carried), pointers, ranks, target, count);
      const result = arrayOf(dtype, count);
      new Uint8Array(result.buffer).set(node.bytes.subarray(target, target + bytes));
      for (let i = 0; i < count; i++) {
        const values = inputs.map((input) => read(dtype, input, i));
        const got = dtype === 'bool' ? result[i]! : read(dtype, result, i);
        const alone = ranks === 1 && !['land', 'lor', 'lxor', 'avg'].includes(op) && dtype !== 'bool';
        const want = alone ? values[0]! : fold(dtype, op, values, carried);
        assert.ok(
          same(got, want),
          `element ${i}: got ${String(got)}, expected ${String(want)} of ${values.map(String).join(' | ')}`,
        );
      }
      for (const [rank, place] of places.entries()) {
        const around = [
          ...node.bytes.subarray(place - margin, place),
          ...node.bytes.subarray(place + bytes, place + bytes + margin),
        ];
        assert.ok(
          around.every((byte) => byte === poison),
          'bytes beside an array were written',
        );
        if (place === target) continue;
        assert.equal(
          node.bytes.slice(place, place + bytes),
          new Uint8Array(inputs[rank]!.buffer),
          'another input was written',
        );
      }
    }),
    { numRuns: 3_000, includeErrorInReport: true },
  );
});

test.run();
