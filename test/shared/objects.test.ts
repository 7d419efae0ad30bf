import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eachSize } from '../support/cases.js';
import { sizes, times } from '../support/check.js';
import fc from '../support/property.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/objects.js', import.meta.url);
const test = suite('values of any kind');

const values = fc.array(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, maxDepth: 3 }),
  { minLength: 7, maxLength: 7 },
);

test('any values that can be copied arrive as they are, with every operation', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...sizes), fc.nat(6), values, async (size, root, list) => {
      const wrong = (await ranks(size, tasks, 'everyOperation', root % size, list)) as string[][];
      assert.equal(wrong.flat(), []);
    }),
    { numRuns: 25 * times },
  );
});

test('any values arrive as messages', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...sizes), values, async (size, list) => {
      const wrong = (await ranks(size, tasks, 'ringOfValues', list)) as string[][];
      assert.equal(wrong.flat(), []);
    }),
    { numRuns: 10 * times },
  );
});

eachSize(test, tasks, [
  ['go in several pieces, and beside other calls', 'longValues'],
  ['keep what is not there in an array, on every rank', 'holes'],
  ['are copies, and a fold goes in rank order', 'copies'],
  ['come from anybody as messages, in the order of each rank', 'valuesFromAnybody'],
  ['are no arrays: a receive of the other kind tells it', 'mixedKinds'],
  ['are sent and received in the blocking form', 'blockingValues'],
  ['are refused where they cannot be copied, and the group goes on', 'refused'],
]);

test.after(closeWorld);
test.run();
