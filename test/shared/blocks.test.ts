import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizes } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/blocks.js', import.meta.url);
const test = suite('blocks of several ranks');

const cases: readonly (readonly [sentence: string, name: string])[] = [
  ['take the block of this rank within the other array', 'ownBlocks'],
  ['make an array of the buffer’s class where none is given', 'madeArrays'],
  ['give the same array at each start of a prepared call', 'preparedArrays'],
  ['leave the arrays of ranks that get nothing alone', 'untouched'],
  ['refuse what does not fit, on every rank, and go on', 'refused'],
  ['tell every rank when they disagree, and write nothing', 'mismatched'],
];
for (const [sentence, name] of cases) {
  for (const size of sizes) {
    test(`${sentence}, ${size} ranks`, async () => {
      const wrong = (await ranks(size, tasks, name)) as string[][];
      assert.equal(wrong.flat(), []);
    });
  }
}

test.after(closeWorld);
test.run();
