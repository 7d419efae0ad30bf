import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TaskFailedError } from 'shoal';
import { rejectsCode, sizes, times } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/any-message.js', import.meta.url);
const test = suite('any message');
const seed = Number(process.env.SHOAL_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${seed}`);

for (const size of sizes) {
  test(`random programs of messages and collectives give what the model gives, ${size} ranks`, async () => {
    for (let drawn = 0; drawn < 4 * times; drawn++) {
      assert.equal(await ranks(size, tasks, 'program', seed + drawn, 8), Array(size).fill([]), `seed ${seed + drawn}`);
    }
  });

  test(`a rank that throws in the middle of one frees the others, ${size} ranks`, async () => {
    const error = (await rejectsCode(ranks(size, tasks, 'program', seed, 5, 2), 'TASK_FAILED')) as TaskFailedError;
    assert.instance(error.cause, RangeError);
    assert.equal(await ranks(size, tasks, 'program', seed + 9, 2), Array(size).fill([]));
  });
}

test.after(closeWorld);
test.run();
