import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { show } from '../../src/show.js';
import { counted, withArticle } from '../../src/grammar.js';

const test = suite('the grammar of messages');

test('one thing is in the singular', () => {
  assert.equal(
    [0, 1, 2].map((count) => counted(count, 'array')),
    ['0 arrays', '1 array', '2 arrays'],
  );
});

test('a name has the article that it is read with', () => {
  assert.equal(['Int32Array', 'Uint8Array', 'Float32Array', 'Object', 'allreduce'].map(withArticle), [
    'an Int32Array',
    'a Uint8Array',
    'a Float32Array',
    'an Object',
    'an allreduce',
  ]);
});

test('what was received is shown with both', () => {
  assert.equal(
    [[7], [], new Int16Array(2), {}, new Map()].map((value) => show(value)),
    ['an array of 1 element', 'an array of 0 elements', 'an Int16Array', 'an Object', 'a Map'],
  );
});

test.run();
