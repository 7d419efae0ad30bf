import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommunicatorTable } from '../../src/head/communicators.js';

const test = suite('communicators');

test('a task of one rank needs none', () => {
  const table = new CommunicatorTable(4);
  assert.is(table.assign([3]).action, 'none');
  assert.equal(table.counts, { rounds: 0, splits: 0, cacheHits: 0 });
});

test('reuses the communicator of the same members in the same order only', () => {
  const table = new CommunicatorTable(4);
  const first = table.assign([0, 1]);
  table.release([0, 1], true);
  assert.equal(table.assign([0, 1]), { id: first.id, action: 'reuse', free: [] });
  assert.is(table.assign([1, 0]).action, 'create');
});

test('frees one that did not end clean, and keeps no more than its limit', () => {
  const table = new CommunicatorTable(1);
  const dirty = table.assign([0, 1]);
  table.release([0, 1], false);
  const next = table.assign([0, 1]);
  assert.equal([next.action, next.free], ['create', [dirty.id]]);
  table.release([0, 1], true);
  table.assign([2, 3]);
  table.release([2, 3], true);
  assert.is(table.assign([0, 1]).action, 'create');
});

test('with a limit of 0 makes one for every assignment', () => {
  const table = new CommunicatorTable(0);
  for (let i = 0; i < 3; i++) {
    assert.is(table.assign([0, 1]).action, 'create');
    table.release([0, 1], true);
  }
  assert.equal(table.counts, { rounds: 3, splits: 3, cacheHits: 0 });
});

test.run();
