import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizes } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/collectives.js', import.meta.url);
const test = suite('collectives');

const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`seed ${seed}`);

const cases: readonly (readonly [sentence: string, name: string, ...args: unknown[]])[] = [
  ['reduces plain arrays of every dtype, op and length', 'allreduceAll', 'plain', seed],
  ['reduces window arrays of every dtype, op and length', 'allreduceAll', 'window', seed],
  ['reduces views at odd offsets', 'allreduceAll', 'odd', seed],
  ['reduces arrays over a SharedArrayBuffer', 'allreduceAll', 'shared', seed],
  ['reduces when every rank has another kind of array', 'allreduceAll', 'mixed', seed],
  ['leaves the input alone with out, and all bytes around a view', 'outAndPoison'],
  ['takes arrays of one piece and of several at odd offsets', 'pieces'],
  ['broadcasts from every root', 'broadcastAll'],
  ['keeps NaN, signed zeros and infinities', 'floatEdges'],
  ['gives the values of the Ray conformance cases', 'rayCases'],
  ['runs calls in flight in call order', 'inFlight'],
  ['allocates zeroed window arrays and takes them back', 'windowArrays'],
];
for (const [sentence, name, ...args] of cases) {
  for (const size of sizes) {
    test(`${sentence}, ${size} ranks`, async () => {
      const wrong = (await ranks(size, tasks, name, ...args)) as string[][];
      assert.equal(wrong.flat(), []);
    });
  }
}

test.after(closeWorld);
test.run();
