import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { operations } from '../../src/operations/index.js';
import { canCarry, opsOf } from '../../src/types/contract.js';
import { dtypeNames } from '../../src/types/dtype.js';
import { anyFill } from '../support/any-fill.js';
import { sizes, times } from '../support/check.js';
import fc from '../support/property.js';
import { closeWorld, ranks } from '../support/world.js';
import type { AnyCall } from './tasks/any-call.js';
import { groupKinds, numbers } from './tasks/any-call.js';
import { places } from './tasks/placed-array.js';

const tasks = new URL('./tasks/any-call.js', import.meta.url);
const test = suite('any call');

/** A place for each of a few ranks in turn. */
const inTurn = fc.array(fc.constantFrom(...places), { minLength: 1, maxLength: 4 });
const call: fc.Arbitrary<AnyCall> = fc.constantFrom(...dtypeNames).chain((dtype) =>
  fc.constantFrom(...opsOf(dtype)).chain((op) =>
    fc.record({
      group: fc.constantFrom(...groupKinds),
      operation: fc.constantFrom(...operations.filter(({ takes }) => takes === 'buffer').map(({ name }) => name)),
      form: fc.constantFrom('awaited', 'blocking', 'prepared'),
      root: fc.nat(6),
      dtype: fc.constant(dtype),
      op: fc.constant(op),
      carried: canCarry(dtype, op) ? fc.boolean() : fc.constant(false),
      count: fc.oneof(
        { weight: 9, arbitrary: fc.nat(200) },
        { weight: 1, arbitrary: fc.constantFrom(1000, 4099, 20_011) },
      ),
      numbers: fc.constantFrom('bits', 'bits', ...numbers),
      asList: fc.tuple(fc.boolean(), fc.boolean()),
      on: fc.nat(6),
      seed: fc.nat(),
      places: inTurn,
      outPlaces: fc.oneof(fc.constant(undefined), inTurn, fc.constant(['node-shared'] as const)),
    }),
  ),
);

const step = fc.oneof(
  { weight: 15, arbitrary: call },
  { weight: 1, arbitrary: fc.record({ group: fc.constantFrom(...groupKinds), bucket: anyFill(6) }) },
);

test('any dtype, operation, bucket, numbers and places in memory, in groups of any size and kind: the model’s numbers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sizes),
      fc.array(step, { minLength: 1, maxLength: 20 }),
      async (size, calls) => {
        const wrong = (await ranks(size, tasks, 'anyCalls', calls)) as string[][];
        assert.equal(wrong.flat(), []);
      },
    ),
    { numRuns: 40 * times },
  );
});

for (const size of sizes) {
  test(`a NaN on each single rank, zeros of both signs in turn, infinities and subnormals, ${size} ranks`, async () => {
    const wrong = (await ranks(size, tasks, 'edges')) as string[][];
    assert.equal(wrong.flat(), []);
  });
}

test.after(closeWorld);
test.run();
