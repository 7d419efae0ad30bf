import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TaskFailedError } from 'shoal';
import { rejectsCode, sizes } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/messages.js', import.meta.url);
const test = suite('messages');
const several = sizes.filter((size) => size > 1);
const timeout = 'ERR_SHOAL_COLLECTIVE_TIMEOUT';

interface Deadlock {
  readonly code: string;
  readonly message: string;
  readonly cycle: number[] | undefined;
  readonly missing: number[];
  readonly later: string[];
}

for (const size of sizes) {
  for (const [from, to] of [
    ['plain', 'plain'],
    ['window', 'odd'],
    ['odd', 'window'],
    ['window', 'window'],
  ]) {
    test(`five dtypes go round a ring, from ${from} to ${to} arrays, ${size} ranks`, async () => {
      assert.equal(await ranks(size, tasks, 'ring', from, to), Array(size).fill([]));
    });
  }

  test(`each of the 15 dtypes arrives as it was sent, and probe tells it, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'everyDtype'), Array(size).fill([]));
  });

  test(`tags pick messages in another order than they were sent in, short and long, ${size} ranks`, async () => {
    const lengths = [3, 70_000, 0, 500, 600, 30_000, 1, 200_000];
    assert.equal(await ranks(size, tasks, 'otherOrder', lengths), Array(size).fill([]));
  });

  for (const length of [4, 50_000]) {
    test(`a message that does not fit is lost, the next is whole, ${length} elements, ${size} ranks`, async () => {
      const truncated = ['ERR_SHOAL_MESSAGE_TRUNCATED', true, length, length - 1, true];
      const one = [...truncated, 'ERR_SHOAL_COLLECTIVE_MISMATCH', 9, length];
      assert.equal(await ranks(size, tasks, 'misfits', length), Array(size).fill(one));
    });
  }

  test(`an array that is detached while a message is awaited is said to be, ${size} ranks`, async () => {
    for (const length of [4, 50_000]) {
      assert.equal(await ranks(size, tasks, 'detachedTargets', length), Array(size).fill([]));
    }
  });

  test(`a rank sends itself what it has room for, or already receives, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'toSelf'), Array(size).fill(['1,2,3', 50_000, 5, 50_000, '8']));
  });

  for (const length of [1, 3_000, 100_000]) {
    test(`rings shift both ways with sendrecv, ${length} elements, ${size} ranks`, async () => {
      assert.equal(await ranks(size, tasks, 'shifts', length), Array(size).fill([]));
    });
  }

  test(`bad arguments are refused on their rank alone, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'badArguments'), Array(size).fill([]));
  });

  test(`one array is sent to all at once, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'sameArrayToAll'), Array(size).fill((size * (size + 1)) / 2));
  });

  test(`views with strides are sent and received, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'strided'), Array(size).fill([]));
  });

  test(`messages of anybody come in the order of each rank, ${size} ranks`, async () => {
    const [seen] = (await ranks(size, tasks, 'fromAnybody', 300)) as number[][][];
    const inOrder = Array.from({ length: 300 }, (_, i) => i);
    assert.equal(seen, [[], ...Array<number[]>(size - 1).fill(inOrder)]);
  });
}

for (const size of several) {
  test(`ranks that wait for one another in a ring are named as a cycle, ${size} ranks`, async () => {
    for (const how of ['ring', 'send']) {
      const results = (await ranks(size, tasks, 'deadlock', how, 400)) as Deadlock[];
      for (const { code, message, cycle, missing, later } of results) {
        assert.equal([code, ...later], [timeout, timeout, timeout]);
        assert.match(message, 'on rank 0: rank 0 waits');
        assert.match(message, ': a cycle. A cycle never ends by itself');
        assert.not.match(message, 'pass a longer timeoutMs');
        assert.equal(cycle, [...Array(size).keys()], message);
        assert.equal(missing, [...Array(size).keys()].slice(1));
      }
    }
  });

  test(`who waits for whom is told to the end, ${size} ranks`, async () => {
    const results = (await ranks(size, tasks, 'deadlock', 'chain', 400)) as Deadlock[];
    for (const { code, message, cycle, missing } of results) {
      assert.is(code, timeout);
      assert.equal([cycle, missing], [undefined, [1]]);
      for (let rank = 0; rank < size - 1; rank++) {
        assert.match(message, `rank ${rank} waits for a message from rank ${rank + 1} with tag 3`);
      }
      assert.match(message, `rank ${size - 1} is in barrier()`);
    }
  });

  test(`who waits for anybody is told what the others do, ${size} ranks`, async () => {
    const results = (await ranks(size, tasks, 'deadlock', 'anybody', 400)) as Deadlock[];
    for (const { code, message } of results) {
      assert.is(code, timeout);
      for (let rank = 0; rank < size; rank++) {
        assert.match(message, `rank ${rank} waits for a message from anybody with any tag`);
      }
    }
  });

  for (const before of [true, false]) {
    test(`a signal fails the group on every rank, aborted ${before ? 'before' : 'during'} the call, ${size} ranks`, async () => {
      const cause = before ? 'early' : 'late';
      const want = Array.from({ length: size }, (_, rank) => [
        'ERR_SHOAL_CANCELLED',
        rank === 0 ? cause : undefined,
        'recv(source 1, tag 4) was aborted by its signal on rank 0 of the task. The group has failed; go on in a new task',
      ]);
      assert.equal(await ranks(size, tasks, 'signalled', before), want);
    });
  }

  test(`nobody waits for a rank that has returned; what it has sent is there, ${size} ranks`, async () => {
    const mismatch = 'ERR_SHOAL_COLLECTIVE_MISMATCH';
    const [codes] = (await ranks(size, tasks, 'afterReturn')) as string[][];
    assert.equal(codes, [mismatch, mismatch, ...Array<string>(size - 1).fill('nothing'), mismatch]);
  });

  test(`a rank that sends more than is kept waits, and nothing is lost, ${size} ranks`, async () => {
    const results = await ranks(size, tasks, 'flood', 3_000, 30);
    assert.equal(results.slice(0, 2), ['all', 'all']);
    assert.equal((await ranks(size, tasks, 'flood', 40, 20_000)).slice(0, 2), ['all', 'all']);
    // Of each of six others fewer bytes are kept.
    if (size === 7) assert.equal((await ranks(size, tasks, 'flood', 2_000, 1_024)).slice(0, 2), ['all', 'all']);
  });

  test(`a flood that nobody receives ends at its deadline, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'floodUntil', 200), Array(size).fill(timeout));
  });

  test(`a throw frees those that wait for a message of the rank, ${size} ranks`, async () => {
    const error = (await rejectsCode(
      ranks(size, tasks, 'throwWhileAwaited', size - 1),
      'TASK_FAILED',
    )) as TaskFailedError;
    assert.instance(error.cause, RangeError);
    const peers = error.errors.filter(({ rank }) => rank !== size - 1);
    assert.equal(
      peers.map(({ error: each }) => (each as { code: string }).code),
      Array(size - 1).fill('ERR_SHOAL_PEER_FAILED'),
    );
  });
}

for (const size of [2, 7]) {
  test(`many messages are received from the last to the first, ${size} ranks`, async () => {
    for (const [messages, length] of [
      [5_000, 1],
      [1_000, 1_024],
      [1_200, 1_025],
    ] as const) {
      assert.equal(await ranks(size, tasks, 'fromTheLast', messages, length), Array(size).fill('all'));
    }
  });
}

test('where messages find no room, that is said, with which and what to do, and no cycle', async () => {
  // Each of six others has a sixth of 64 MiB.
  const results = (await ranks(7, tasks, 'beyondRoom', 2_500, 1_500)) as Deadlock[];
  for (const { code, message, cycle } of results) {
    assert.equal([code, cycle], [timeout, undefined]);
    assert.not.match(message, 'a cycle');
    assert.match(message, 'no further message of rank 0 finds room at rank 1: it has 1366 messages (11190272 bytes)');
    assert.match(message, ' that nobody has received with tags 0, 1, 2, 3, 4, 5, 6, …, 1365. ');
    assert.match(message, 'A rank keeps at most 10922 messages of another');
    assert.match(message, ', and 11184810 bytes. Receive them in the order in which they were sent');
  }
});

test.after(closeWorld);
test.run();
