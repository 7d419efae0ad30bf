import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RankOperations, TaskFailedError } from '../../src/errors.js';
import { CollectiveMismatchError, NotSerializableError, PeerFailedError } from '../../src/errors.js';
import type { RankOutcome } from '../../src/head/verdict.js';
import { judge } from '../../src/head/verdict.js';
import type { Outcome } from '../../src/protocol/thread-messages.js';
import { lastOperations } from '../../src/records/last-operations.js';
import { encodeValue } from '../../src/protocol/values.js';
import { codeOf } from '../support/check.js';

const test = suite('verdict');
const returned = (value: unknown, sequence = 1, aborted = false): Outcome => {
  return { kind: 'returned', value: encodeValue(value, 'value'), sequence, sent: 0, received: 0, aborted };
};
const threw = (error: Error, origin: 'task' | 'load' | 'result' = 'task'): Outcome => {
  return { kind: 'threw', error: encodeValue(error, 'error'), origin, replaceThread: false };
};
function errorOf(...outcomes: RankOutcome[]): Error {
  const verdict = judge('t1', outcomes);
  if (!('error' in verdict)) throw new Error('expected an error');
  return verdict.error;
}

test('gives results in rank order, whatever the order of arrival', () => {
  const verdict = judge('t1', [
    { rank: 1, outcome: returned('b') },
    { rank: 0, outcome: returned('a') },
  ]);
  assert.equal(verdict, { results: ['a', 'b'] });
});

test('names the first cause, not what it caused on others', () => {
  const peer = threw(new PeerFailedError('rank 1 failed', { rank: 1 }));
  const error = errorOf(
    { rank: 0, outcome: peer },
    { rank: 1, outcome: threw(new RangeError('own')) },
  ) as TaskFailedError;
  assert.is(error.rank, 1);
  assert.is((error.cause as Error).message, 'own');
  assert.equal(
    error.errors.map(({ rank }) => rank),
    [0, 1],
  );
});

test('process.exit and death come before the errors of peers', () => {
  const peer = { rank: 0, outcome: threw(new PeerFailedError('x')) };
  assert.is(codeOf(errorOf(peer, { rank: 1, outcome: { kind: 'exited', exitCode: 3 } })), 'ERR_SHOAL_TASK_EXITED');
  assert.is(codeOf(errorOf(peer, { rank: 1, outcome: { kind: 'died', error: undefined } })), 'ERR_SHOAL_WORKER_DIED');
  assert.is(
    codeOf(errorOf({ rank: 0, outcome: { kind: 'ended' } }, { rank: 1, outcome: returned(1) })),
    'ERR_SHOAL_WORKER_DIED',
  );
});

test('a task fails when its ranks end at different calls, unless its group was aborted', () => {
  const ends = (aborted: boolean): RankOutcome[] => [
    { rank: 0, outcome: returned(0, 4, aborted) },
    { rank: 1, outcome: returned(1, 5, aborted) },
  ];
  assert.is(codeOf(errorOf(...ends(false)).cause), 'ERR_SHOAL_COLLECTIVE_MISMATCH');
  assert.equal(judge('t1', ends(true)), { results: [0, 1] });
});

test('an error about a result rejects as it is, the same error thrown by the task does not', () => {
  const bad = new NotSerializableError('result.x is a function', { path: 'result.x' });
  assert.is(codeOf(errorOf({ rank: 0, outcome: threw(bad, 'result') })), 'ERR_SHOAL_NOT_SERIALIZABLE');
  assert.is(codeOf(errorOf({ rank: 0, outcome: threw(bad, 'task') })), 'ERR_SHOAL_TASK_FAILED');
});

test('what cannot be decoded is the failure of that task, of the rank that sent it', () => {
  const damaged = Uint8Array.of(1, 2, 3);
  const result = { ...returned('a'), value: damaged } as Outcome;
  const error = { ...threw(new Error('x')), error: damaged } as Outcome;
  for (const outcome of [result, error]) {
    const failed = errorOf({ rank: 0, outcome: returned('a') }, { rank: 1, outcome }) as TaskFailedError;
    assert.equal([codeOf(failed), failed.rank], ['ERR_SHOAL_TASK_FAILED', 1]);
    assert.is(codeOf(failed.cause), 'ERR_SHOAL_PROTOCOL');
  }
  const died = errorOf({ rank: 0, outcome: { kind: 'died', error: damaged } });
  assert.is(codeOf(died), 'ERR_SHOAL_WORKER_DIED');
});

test('a thrown value that is no error is shown, and is the cause', () => {
  const error = encodeValue({ status: 500, body: ['no such shard'] }, 'error');
  const outcome: Outcome = { kind: 'threw', error, origin: 'task', replaceThread: false };
  const failed = errorOf({ rank: 0, outcome });
  assert.match(failed.message, "{ status: 500, body: [ 'no such shard' ] }");
  assert.equal(failed.cause, { status: 500, body: ['no such shard'] });
});

test('an error that knows of fewer ranks than the head ends with what all of them did last', () => {
  const one: RankOperations = { rank: 0, worldRank: 0, phase: 'running', since: 0, operations: [] };
  const all = lastOperations([one, { ...one, rank: 1, worldRank: 1 }]);
  const { text, fields } = lastOperations([one]);
  const cause = new CollectiveMismatchError(`expected the same.${text}`, { ...fields });
  const outcomes = [{ rank: 0, outcome: threw(cause) }];
  for (const [last, ending] of [
    [all, all.text],
    [undefined, text],
  ] as const) {
    const verdict = judge('t1', outcomes, last) as { error: TaskFailedError };
    assert.ok(verdict.error.message.endsWith(`expected the same.${ending}`), verdict.error.message);
    assert.is(verdict.error.message.split('did last').length, 2);
  }
});

test.run();
