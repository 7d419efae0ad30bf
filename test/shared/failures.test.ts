import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TaskFailedError } from 'shoal';
import { rejectsCode } from '../support/check.js';
import { closeWorld, ranks } from '../support/world.js';

const tasks = new URL('./tasks/failures.js', import.meta.url);
const test = suite('failures');
const several = [2, 3, 4, 7];
const folder = mkdtempSync(join(tmpdir(), 'failures-'));
let files = 0;

/** A file that is not there yet: a rank makes it to let others go on. */
const newFile = (): string => join(folder, String(files++));

for (const size of several) {
  for (const what of [
    'op',
    'dtype',
    'count',
    'large count',
    'root',
    'name',
    'long name',
    'end of a long name',
    'lone surrogate in a name',
    'operation',
  ]) {
    test(`ranks that disagree on ${what} get one error, no buffer is written, the group goes on, ${size} ranks`, async () => {
      const results = await ranks(size, tasks, 'disagree', what);
      const one = { code: 'ERR_SHOAL_COLLECTIVE_MISMATCH', calls: size, untouched: true, after: size };
      assert.equal(results, Array(size).fill(one));
    });
  }

  test(`an array that lies about its size is what it is, an option of a prototype is none, ${size} ranks`, async () => {
    const sum = (size * (size + 1)) / 2;
    assert.equal(await ranks(size, tasks, 'lying'), Array(size).fill([sum * size, sum * size]));
  });

  test(`many calls in flight with one signal, without a warning, ${size} ranks`, async () => {
    assert.equal(await ranks(size, tasks, 'together', 500), Array(size).fill({ sum: 500 * size, warnings: 0 }));
  });

  test(`a call refused on one rank fails on the others at once and counts as that call, ${size} ranks`, async () => {
    const results = (await ranks(size, tasks, 'disagree', 'refused')) as {
      code: string;
      untouched: boolean;
      after: number;
    }[];
    results.forEach(({ code, untouched, after }, rank) => {
      assert.is(code, rank === 1 ? 'ERR_SHOAL_INVALID_ARGUMENT' : 'ERR_SHOAL_COLLECTIVE_MISMATCH');
      assert.ok(untouched);
      assert.is(after, size);
    });
  });

  test(`only one rank calls: the deadline names the missing ones, later calls reject alike, ${size} ranks`, async () => {
    const results = (await ranks(size, tasks, 'missing', 40, newFile())) as {
      code: string;
      missing: number[];
      later: string;
    }[];
    assert.equal(
      results[0]?.missing,
      Array.from({ length: size - 1 }, (_, i) => i + 1),
    );
    for (const { code, later } of results) {
      assert.is(code, 'ERR_SHOAL_COLLECTIVE_TIMEOUT');
      assert.is(later, 'ERR_SHOAL_COLLECTIVE_TIMEOUT');
    }
  });

  for (const count of [10, 100_000]) {
    test(`a throw on one rank frees the others, ${count} elements, ${size} ranks`, async () => {
      const error = (await rejectsCode(
        ranks(size, tasks, 'throwOn', size - 1, count),
        'TASK_FAILED',
      )) as TaskFailedError;
      assert.is(error.rank, size - 1);
      assert.instance(error.cause, RangeError);
      const cause = error.cause as RangeError & { shard: number; code: string };
      assert.is(cause.shard, 17);
      assert.is(cause.code, 'E_SHARD');
      assert.match(cause.stack ?? '', 'throwOn');
      const peers = error.errors
        .filter(({ rank }) => rank !== size - 1)
        .map(({ error: e }) => (e as { code: string }).code);
      assert.equal(peers, Array(size - 1).fill('ERR_SHOAL_PEER_FAILED'));
    });
  }

  test(`peers see the error of the rank that threw, with its stack, ${size} ranks`, async () => {
    const error = (await rejectsCode(ranks(size, tasks, 'catchPeer', 0), 'TASK_FAILED')) as TaskFailedError;
    const peers = error.errors.filter(({ rank }) => rank !== 0);
    assert.is(peers.length, size - 1);
    for (const peer of peers) {
      const want = 'ERR_SHOAL_PEER_FAILED from rank 0: RangeError no such shard true';
      assert.is((peer.error as Error).message, want);
    }
  });

  if (size > 1) {
    test(`the line of the task stands in the stack of what a blocking call throws, ${size} ranks`, async () => {
      assert.equal(await ranks(size, tasks, 'withoutMyLine'), Array(size).fill([]));
    });
  }

  test(`a rank that leaves early is a mismatch at once, ${size} ranks`, async () => {
    const begun = performance.now();
    const error = await rejectsCode(ranks(size, tasks, 'leaveEarly'), 'TASK_FAILED');
    assert.is((error.cause as { code: string }).code, 'ERR_SHOAL_COLLECTIVE_MISMATCH');
    assert.ok(performance.now() - begun < 5_000);
  });

  test(`ranks that end at different calls fail the task even when the error is caught, ${size} ranks`, async () => {
    const error = await rejectsCode(ranks(size, tasks, 'leaveEarlyCaught'), 'TASK_FAILED');
    assert.is((error.cause as { code: string }).code, 'ERR_SHOAL_COLLECTIVE_MISMATCH');
  });

  for (const before of [true, false]) {
    test(`a signal fails the group on every rank, aborted ${before ? 'before' : 'during'} the call, ${size} ranks`, async () => {
      const results = (await ranks(size, tasks, 'signalled', before, newFile())) as {
        code: string;
        name: string;
        message: string;
        cause: unknown;
      }[];
      for (const { code, name, message } of results) {
        assert.equal([code, name], ['ERR_SHOAL_CANCELLED', 'AbortError']);
        const call = before ? 'barrier' : 'barrier(), call 1 of the group,';
        assert.match(message, `${call} was aborted by its signal on rank 0 of the task.`);
      }
      assert.is(results[0]?.cause, before ? 'early' : 'late');
    });
  }

  test(`after a failure the next call gets its error, after a mismatch or a refusal it works, ${size} ranks`, async () => {
    const after = async (kind: string): Promise<string[]> =>
      ((await ranks(size, tasks, 'callAfter', kind, newFile())) as string[][]).map((codes) => codes.slice(-2).join());
    assert.equal(await after('mismatch'), Array(size).fill('nothing,nothing'));
    assert.equal(await after('refusal'), Array(size).fill('nothing,nothing'));
    const [timeout, cancelled] = ['ERR_SHOAL_COLLECTIVE_TIMEOUT', 'ERR_SHOAL_CANCELLED'];
    assert.equal(await after('timeout'), Array(size).fill(`${timeout},${timeout}`));
    assert.equal(await after('signal'), Array(size).fill(`${cancelled},${cancelled}`));
  });

  test(`a skipped call is a mismatch when the next has another name, ${size} ranks`, async () => {
    const error = await rejectsCode(ranks(size, tasks, 'skip'), 'TASK_FAILED');
    assert.is((error.cause as { code: string }).code, 'ERR_SHOAL_COLLECTIVE_MISMATCH');
    assert.match((error.cause as Error).message, 'name "first"');
    assert.match((error.cause as Error).message, 'name "second"');
  });

  for (const [how, task] of [
    ['detached', 'detachInFlight'],
    ['cut short', 'shrinkInFlight'],
  ] as const) {
    test(`a buffer ${how} under way fails the group, ${size} ranks`, async () => {
      const codes = await ranks(size, tasks, task, newFile());
      assert.is(codes[0], 'ERR_SHOAL_INVALID_ARGUMENT');
      assert.equal(codes.slice(1), Array(size - 1).fill('ERR_SHOAL_PEER_FAILED'));
    });
  }
}

for (const size of [1, ...several]) {
  test(`bad arguments reject before anything is sent, ${size} ranks`, async () => {
    for (const codes of (await ranks(size, tasks, 'badArguments')) as string[][]) {
      assert.equal([...new Set(codes)], ['ERR_SHOAL_INVALID_ARGUMENT']);
    }
  });

  test(`a buffer in flight is refused until its call has ended, ${size} ranks`, async () => {
    const invalid = 'ERR_SHOAL_INVALID_ARGUMENT';
    assert.equal(await ranks(size, tasks, 'busyBuffer'), Array(size).fill([invalid, invalid, invalid, String(size)]));
  });

  test(`a collective that nobody awaits ends before its task, ${size} ranks`, async () => {
    const ended = ranks(size, tasks, 'notAwaited');
    // Ranks of one thread are ranks of shoal/testing, which is strict; alone, a rank is through at once.
    const isStrict = ['local', 'loopback'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '') && size > 1;
    if (isStrict) await rejectsCode(ended, 'NOT_AWAITED');
    else {
      assert.equal(
        await ended,
        Array.from({ length: size }, (_, rank) => rank),
      );
    }
  });
}

test.after(closeWorld);
test.after(() => {
  rmSync(folder, { recursive: true });
});
test.run();
