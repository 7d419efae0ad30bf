import { suite } from 'uvu';
import { eachSize } from '../support/cases.js';
import { closeWorld } from '../support/world.js';

const tasks = new URL('./tasks/tensors.js', import.meta.url);
const test = suite('tensors');

eachSize(test, tasks, [
  ['ndarrays with any strides are matched by their indices', 'layouts'],
  ["onnxruntime's tensors say their dtype", 'onnxruntime'],
  ["stdlib's ndarrays, of complex numbers too", 'stdlib'],
  ["@petamoriken/float16's arrays", 'petamoriken'],
]);

test.after(closeWorld);
test.run();
