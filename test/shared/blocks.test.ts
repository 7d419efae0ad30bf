import { suite } from 'uvu';
import { eachSize } from '../support/cases.js';
import { closeWorld } from '../support/world.js';

const tasks = new URL('./tasks/blocks.js', import.meta.url);
const test = suite('blocks of several ranks');

eachSize(test, tasks, [
  ['take the block of this rank within the other array', 'ownBlocks'],
  ['make an array of the buffer’s class where none is given', 'madeArrays'],
  ['give the same array at each start of a prepared call', 'preparedArrays'],
  ['leave the arrays of ranks that get nothing alone', 'untouched'],
  ['refuse what does not fit, on every rank, and go on', 'refused'],
  ['tell every rank when they disagree, and write nothing', 'mismatched'],
]);

test.after(closeWorld);
test.run();
