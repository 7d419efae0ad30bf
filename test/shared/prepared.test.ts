import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizes } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/prepared.js', import.meta.url);
const test = suite('prepared calls');

const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`seed ${seed}`);
/** Ranks that share a thread cannot block it. */
const canBlock = ['pool', 'processes'].includes(process.env['SHOAL_TEST_TRANSPORT'] ?? '');
const invalid = 'ERR_SHOAL_INVALID_ARGUMENT';

for (const size of sizes) {
  for (const kind of ['plain', 'window']) {
    test(`prepared and ordinary forms meet, over and over, ${kind} arrays, ${size} ranks`, async () => {
      const wrong = (await ranks(size, tasks, 'repeats', kind, canBlock, seed)) as string[][];
      assert.equal(wrong.flat(), []);
    });
  }

  test(`a known call is found by the values of its options alone, ${size} ranks`, async () => {
    assert.equal(((await ranks(size, tasks, 'options')) as string[][]).flat(), []);
  });

  test(`an array that grows and shrinks with its buffer is taken as it is, ${size} ranks`, async () => {
    assert.equal(((await ranks(size, tasks, 'growing')) as string[][]).flat(), []);
  });

  test(`a buffer that was detached, shrunk or freed is refused on every rank, ${size} ranks`, async () => {
    const freed = 'ERR_SHOAL_CLOSED';
    for (const codes of (await ranks(size, tasks, 'lostBuffers')) as string[][]) {
      assert.equal(codes, [invalid, invalid, invalid, freed, freed]);
    }
  });

  test(`a start under way, after free, or with strange options is refused, ${size} ranks`, async () => {
    const codes = (await ranks(size, tasks, 'misuse')) as string[][];
    for (const [rank, each] of codes.entries()) assert.equal(each, Array(rank === 0 ? 10 : 7).fill(invalid));
  });

  test(`a signal fails a prepared start on every rank, and later starts with it, ${size} ranks`, async () => {
    for (const codes of (await ranks(size, tasks, 'signalled')) as string[][]) {
      assert.equal(codes, ['ERR_SHOAL_CANCELLED', 'ERR_SHOAL_CANCELLED']);
    }
  });
}

test.after(closeWorld);
test.run();
