import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TaskFailedError } from 'shoal';
import { rejectsCode, sizes, times } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/groups.js', import.meta.url);
const test = suite('groups');
const several = sizes.filter((size) => size > 1);
const transport = process.env.SHOAL_TEST_TRANSPORT;
const isStrict = transport === 'local' || transport === 'loopback';
const mayBlock = transport === 'pool' || transport === 'processes';
const sharesMemory = transport !== 'loopback' && process.env.SHOAL_WINDOW !== 'false';

interface Order {
  readonly code: string;
  readonly message: string;
}

for (const size of sizes) {
  test(`split makes groups by color and key, and groups of these, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'splits', 2), Array(size).fill([]));
    assert.equal(await ranks(size, tasks, 'splits', 3), Array(size).fill([]));
  });

  test(`ranks without a color are in no group, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'someOnly'), Array(size).fill([]));
  });

  test(`overlapping groups have calls in flight at a time, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'overlapping', 9), Array(size).fill([]));
  });

  test(`bad arguments are the same error on every rank, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'badArguments'), Array(size).fill([]));
  });

  if (size > 1) {
    test(`members that give their ranks in another order are told so at the deadline, ${size} ranks`, async () => {
      const lists = (await ranks(size, tasks, 'otherOrder')) as Order[];
      const list = (rank: number): string => Array.from({ length: size }, (_, i) => (i + rank) % size).join(', ');
      for (const { code, message } of lists) {
        assert.is(code, 'ERR_SHOAL_COLLECTIVE_TIMEOUT');
        assert.match(message, `group([${list(0)}]) passed its deadline on rank 0`);
        assert.match(message, 'They gave other ranks, or the same in another order; rank ');
        for (let rank = 1; rank < size; rank++) assert.match(message, `; rank ${rank} called group([${list(rank)}])`);
      }
    });
  }

  if (size > 2) {
    test(`members that give other ranks are told so at the deadline, ${size} ranks`, async () => {
      const lists = (await ranks(size, tasks, 'otherRanks')) as Order[];
      for (const { code, message } of lists.slice(0, 2)) {
        assert.is(code, 'ERR_SHOAL_COLLECTIVE_TIMEOUT');
        assert.match(message, 'group([0, 1, 2]) passed its deadline on rank 0: rank 0 waits in group(…) for rank 1');
        assert.match(
          message,
          'rank 1 waits in group(…) for rank 0. They gave other ranks, or the same in another order; rank 1 called group([0, 1]).',
        );
      }
    });
  }

  test(`messages stay in their group, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'messagesApart'), Array(size).fill([3, 2, 1]));
  });

  test(`a node-shared array belongs to its group, ${size} ranks`, async () => {
    const one = [true, 'ERR_SHOAL_INVALID_ARGUMENT', size];
    assert.equal(await ranks(size, tasks, 'sharedArrays'), Array(size).fill(one));
  });

  if (mayBlock) {
    test(`blocking and prepared forms, ${size} ranks`, async () => {
      assert.equal(await ranks(size, tasks, 'blocking'), Array(size).fill([]));
    });
  }
}

for (const size of several) {
  test(`a deadline fails its group alone, ${size} ranks`, async () => {
    const timeout = 'ERR_SHOAL_COLLECTIVE_TIMEOUT';
    assert.equal(await ranks(size, tasks, 'groupFails'), Array(size).fill([timeout, timeout, size, size]));
  });

  test(`a member that has left is told to who still calls, ${size} ranks`, async () => {
    const [first, ...others] = await ranks(size, tasks, 'memberLeaves');
    assert.is(first, 'left');
    assert.equal(others, Array(size - 1).fill('ERR_SHOAL_COLLECTIVE_MISMATCH'));
  });

  test(`a rank that throws ends the calls of all groups, ${size} ranks`, async () => {
    const error = await rejectsCode(ranks(size, tasks, 'throwsElsewhere'), 'TASK_FAILED');
    assert.match((error as TaskFailedError).message, /rank 0 of the task/);
  });

  test(`a call of a group that nobody awaits is told, ${size} ranks`, async () => {
    const ended = ranks(size, tasks, 'notAwaited');
    // On a pool that is a warning.
    if (isStrict) await rejectsCode(ended, 'NOT_AWAITED');
    else await ended;
  });
}

test('a grid has places, neighbours, rows and columns, 7 ranks', async () => {
  const seen = (await ranks(7, tasks, 'grid')) as Record<string, unknown>[];
  assert.is(seen[6], 'outside');
  const invalid = 'ERR_SHOAL_INVALID_ARGUMENT';
  seen.slice(0, 6).forEach((one, rank) => {
    const [row, column] = [Math.floor(rank / 3), rank % 3];
    const at = (place: number): number => 3 * row + ((place + 3) % 3);
    assert.equal(one, {
      coords: [row, column],
      down: { source: row === 0 ? undefined : rank - 3, dest: row === 1 ? undefined : rank + 3 },
      right: { source: at(column - 1), dest: at(column + 1) },
      sums: [row === 0 ? 3 : 12, 2 * column + 3],
      left: at(column - 1),
      dims: [[3], [2]],
      codes: [invalid, invalid, invalid, invalid],
      outside: 5,
    });
  });
});

test('groups that are made and closed leave nothing, 3 ranks', async () => {
  const count = (sharesMemory ? 400 : 60) * times;
  assert.equal(await ranks(3, tasks, 'manyGroups', count), Array(3).fill([]));
});

if (sharesMemory) {
  test('a rank without room for a group is told to all, 3 ranks', async () => {
    assert.equal(await ranks(3, tasks, 'noRoom'), Array(3).fill(['ERR_SHOAL_WINDOW_EXHAUSTED', 'none']));
  });
}

test.after(closeWorld);
test.run();
