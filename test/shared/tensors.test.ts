import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizes } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/tensors.js', import.meta.url);
const test = suite('tensors');

const cases = [
  ['ndarrays with any strides are matched by their indices', 'layouts'],
  ["onnxruntime's tensors say their dtype", 'onnxruntime'],
  ["stdlib's ndarrays, of complex numbers too", 'stdlib'],
  ["@petamoriken/float16's arrays", 'petamoriken'],
] as const;
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
