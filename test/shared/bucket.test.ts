import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { anyFill } from '../support/any-fill.js';
import { sizes, times } from '../support/check.js';
import { eachSize } from '../support/cases.js';
import fc from '../support/property.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/bucket.js', import.meta.url);
const test = suite('buckets');

test('what is added, whenever each rank likes, is bit for bit what a call for each gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...sizes), anyFill(15), async (size, one) => {
      const wrong = (await ranks(size, tasks, 'fill', one)) as string[][];
      assert.equal(wrong.flat(), []);
    }),
    { numRuns: 25 * times },
  );
});

eachSize(test, tasks, [
  ['100 gradients of 1,000 floats, in steps', 'gradients', 5],
  ['nothing, empty arrays, and one that is longer than the bucket', 'edges'],
  ['what is refused keeps its place in the order, and the bucket goes on', 'bad'],
  ['a bucket of a group of its own goes beside other collectives', 'besideOthers', 1],
  ['an array belongs to the bucket until it has ended', 'inUse'],
]);

test('a rank that adds fewer arrays and goes on to another collective is told so', async () => {
  for (const size of [2, 3]) assert.equal(await ranks(size, tasks, 'fewer'), Array(size).fill([]));
});

test('adds that a rank does not make end at the deadline', async () => {
  const wrong = (await ranks(3, tasks, 'missing', 100)) as string[][];
  assert.equal(wrong.flat(), []);
});

test.after(closeWorld);
test.run();
