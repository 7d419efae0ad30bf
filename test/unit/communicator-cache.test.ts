import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommunicatorCache } from '../../src/head/communicator-cache.js';

const test = suite('communicators');

test('a task of one rank needs none', () => {
  const table = new CommunicatorCache(4);
  assert.equal(table.assign([3]), { id: 0, action: 'none' });
  assert.equal(table.release([3], true), []);
  assert.equal(table.counts, { splits: 0, cacheHits: 0 });
});

test('reuses the communicator of the same members in the same order only', () => {
  const table = new CommunicatorCache(4);
  const first = table.assign([0, 1]);
  assert.equal(table.release([0, 1], true), []);
  assert.equal(table.assign([0, 1]), { id: first.id, action: 'reuse' });
  assert.is(table.assign([1, 0]).action, 'create');
});

test('gives back one that did not end clean, and keeps no more than its limit', () => {
  const table = new CommunicatorCache(1);
  const dirty = table.assign([0, 1]);
  assert.equal(
    table.release([0, 1], false).map(({ id }) => id),
    [dirty.id],
  );
  const next = table.assign([0, 1]);
  assert.is(next.action, 'create');
  assert.equal(table.release([0, 1], true), []);
  table.assign([2, 3]);
  assert.equal(
    table.release([2, 3], true).map(({ id }) => id),
    [next.id],
    'the least recently used goes first',
  );
  assert.is(table.assign([0, 1]).action, 'create');
});

test('with a limit of 0 makes one for every assignment, and gives each back', () => {
  const table = new CommunicatorCache(0);
  for (let i = 0; i < 3; i++) {
    const { id, action } = table.assign([0, 1]);
    assert.is(action, 'create');
    assert.equal(
      table.release([0, 1], true).map((each) => each.id),
      [id],
    );
  }
  assert.equal(table.counts, { splits: 3, cacheHits: 0 });
});

test('what a lost worker was a member of is neither reused nor given back', () => {
  const table = new CommunicatorCache(4);
  table.assign([0, 1]);
  table.assign([2, 3]);
  table.release([2, 3], true);
  table.lost(1);
  assert.equal(table.release([0, 1], false), []);
  assert.is(table.assign([0, 1]).action, 'create');
  assert.is(table.assign([2, 3]).action, 'reuse');
});

test.run();
