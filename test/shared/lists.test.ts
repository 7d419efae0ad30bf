import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { opsOf } from '../../src/types/contract.js';
import { dtypeNames } from '../../src/types/dtype.js';
import { sizes, times } from '../support/check.js';
import { eachSize } from '../support/cases.js';
import fc from '../support/property.js';
import { closeWorld, ranks } from '../support/world.js';
import type { ListCall } from './tasks/lists.js';
import { places } from './tasks/placed-array.js';

const tasks = new URL('./tasks/lists.js', import.meta.url);
const seen = new URL('./tasks/seen-lists.js', import.meta.url);
const test = suite('lists of arrays, and numbers');

const call: fc.Arbitrary<ListCall> = fc.record({
  operation: fc.constantFrom('allreduce', 'allreduce', 'reduce', 'broadcast'),
  form: fc.constantFrom('awaited', 'blocking', 'prepared'),
  op: fc.constantFrom(...opsOf('float32').filter((op) => opsOf('int8').includes(op))),
  root: fc.nat(6),
  seed: fc.nat(),
  givesOut: fc.boolean(),
  items: fc.array(
    fc.record({
      dtype: fc.constantFrom(...dtypeNames),
      count: fc.oneof(
        { weight: 20, arbitrary: fc.nat(12) },
        { weight: 4, arbitrary: fc.nat(700) },
        { weight: 1, arbitrary: fc.constant(70_001) },
      ),
      places: fc.array(fc.constantFrom(...places), { minLength: 1, maxLength: 3 }),
    }),
    { maxLength: 12 },
  ),
});

test('lists of any arrays give bit for bit what a call for each gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...sizes), fc.array(call, { minLength: 1, maxLength: 8 }), async (size, calls) => {
      const wrong = (await ranks(size, tasks, 'listCalls', calls)) as string[][];
      assert.equal(wrong.flat(), []);
    }),
    { numRuns: 25 * times },
  );
});

eachSize(test, tasks, [
  ['thousands of short arrays are one call', 'manyArrays'],
  ['numbers give numbers', 'numbers'],
  ['lists that do not fit are refused or a mismatch, and the group goes on', 'badLists'],
]);
eachSize(test, seen, [
  ['short arrays that were called before are called again, in this list or that', 'again', [1, 5, 3, 7]],
  ['long arrays that were called before are called again, in this list or that', 'again', [1_001, 20_000, 90_003, 7]],
  ['arrays that were called before and are gone, or another now, are found', 'gone'],
  ['other lists than before are a mismatch', 'unequal'],
]);

test.after(closeWorld);
test.run();
