import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizes } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/contract.js', import.meta.url);
const test = suite('numeric contract');

const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`seed ${seed}`);

for (const size of sizes) {
  for (const inWindow of [false, true]) {
    test(`every dtype and op gives the model's numbers, ${inWindow ? 'window' : 'plain'} arrays, ${size} ranks`, async () => {
      const drawn = seed + 2 * size + Number(inWindow);
      assert.equal(await ranks(size, tasks, 'everyKernel', inWindow, drawn), Array(size).fill(''));
    });
  }
}

test.after(closeWorld);
test.run();
