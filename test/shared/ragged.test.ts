import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizes, times } from '../support/check.js';
import fc from '../support/property.js';
import { closeWorld, ranks } from '../support/world.js';
import type { RaggedCall } from './tasks/ragged.js';

const tasks = new URL('./tasks/ragged.js', import.meta.url);
const test = suite('blocks of any length');

const count = fc.oneof(
  { weight: 4, arbitrary: fc.nat(5) },
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(900) },
  { weight: 1, arbitrary: fc.constantFrom(32_769, 90_000) },
);
const call: fc.Arbitrary<RaggedCall> = fc.record({
  operation: fc.constantFrom('allgatherv', 'gatherv', 'scatterv', 'alltoallv'),
  form: fc.constantFrom('awaited', 'blocking', 'prepared'),
  root: fc.nat(6),
  counts: fc.array(count, { minLength: 49, maxLength: 49 }),
  gaps: fc.constantFrom(0, 0, 1, 3),
  knows: fc.boolean(),
  givesOut: fc.boolean(),
  places: fc.array(fc.constantFrom('plain', 'odd', 'window'), { minLength: 1, maxLength: 3 }),
});

test('counts, displacements and places at random, in groups of any size: the model’s numbers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sizes),
      fc.array(call, { minLength: 1, maxLength: 12 }),
      async (size, calls) => {
        const wrong = (await ranks(size, tasks, 'raggedCalls', calls)) as string[][];
        assert.equal(wrong.flat(), []);
      },
    ),
    { numRuns: 30 * times },
  );
});

for (const size of sizes) {
  test(`bad counts are refused, those that do not agree are a mismatch, and the group goes on, ${size} ranks`, async () => {
    const wrong = (await ranks(size, tasks, 'badCounts')) as string[][];
    assert.equal(wrong.flat(), []);
  });
}

test.after(closeWorld);
test.run();
