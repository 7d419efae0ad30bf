import { suite } from 'uvu';
import { eachSize } from '../support/cases.js';
import { closeWorld } from '../support/world.js';

const tasks = new URL('./tasks/collectives.js', import.meta.url);
const test = suite('collectives');

const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`seed ${seed}`);

eachSize(test, tasks, [
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
]);

test.after(closeWorld);
test.run();
