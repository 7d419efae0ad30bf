import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CallCache } from '../../src/calls/call-cache.js';
import { GivenOptions } from '../../src/calls/call-options.js';
import type { Call } from '../../src/calls/call.js';
import { allreduce } from '../../src/operations/allreduce.js';
import { reduce } from '../../src/operations/reduce.js';

const test = suite('call cache');
const call = (name: string): Call => ({ name }) as unknown as Call;

function given(options: object = {}): GivenOptions {
  const all = new GivenOptions();
  all.read(allreduce, 'awaited', options);
  return all;
}

const [a, b, c] = [new Float32Array(1), new Float32Array(1), new Float32Array(1)] as const;

test('a list is known by its arrays, in their order, whichever list they are in', () => {
  const cache = new CallCache();
  const known = call('a b');
  cache.add(allreduce, [a, b], given(), known);
  assert.is(cache.find(allreduce, [a, b], given()), known);
  for (const other of [[b, a], [a], [a, b, c], [a, c], a, [], [undefined], undefined, { 0: a, 1: b, length: 2 }]) {
    assert.is(cache.find(allreduce, other, given()), undefined);
  }
  assert.is(cache.find(reduce, [a, b], given()), undefined);
  assert.is(cache.find(allreduce, [a, b], given({ op: 'max' })), undefined);
});

test('a list of one array is another buffer than the array', () => {
  const cache = new CallCache();
  const [one, list] = [call('one'), call('list')];
  cache.add(allreduce, a, given(), one);
  assert.is(cache.find(allreduce, [a], given()), undefined);
  cache.add(allreduce, [a], given(), list);
  assert.is(cache.find(allreduce, a, given()), one);
  assert.is(cache.find(allreduce, [a], given()), list);
});

test('where the result goes is known by its arrays too', () => {
  const cache = new CallCache();
  const known = call('out');
  cache.add(allreduce, [a], given({ out: [b] }), known);
  assert.is(cache.find(allreduce, [a], given({ out: [b] })), known);
  for (const out of [undefined, [c], b, [b, c]]) assert.is(cache.find(allreduce, [a], given({ out })), undefined);
});

test('of the lists that begin with an array the last of each kind is kept', () => {
  const cache = new CallCache();
  const [max, last] = [call('max'), call('last')];
  cache.add(allreduce, [a, b], given({ op: 'max' }), max);
  cache.add(allreduce, [a, b], given(), call('first'));
  cache.add(allreduce, [a, c], given(), last);
  assert.is(cache.find(allreduce, [a, b], given()), undefined);
  assert.is(cache.find(allreduce, [a, c], given()), last);
  assert.is(cache.find(allreduce, [a, b], given({ op: 'max' })), max);
});

test.run();
