import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkFromThread } from '../../src/protocol/thread-shapes.js';
import fc from '../support/property.js';

const test = suite('messages of a task thread');
const returned = { kind: 'returned', value: new Uint8Array(4), sequence: 1, sent: 0, received: 0, aborted: false };
const threw = { kind: 'threw', error: new Uint8Array(4), origin: 'task', replaceThread: true };
const good: readonly Record<string, unknown>[] = [
  { type: 'ready', thread: 7 },
  { type: 'loaded' },
  { type: 'outcome', lease: 1, taskId: 't1', outcome: returned },
  { type: 'outcome', lease: 1, taskId: 't1', outcome: { ...returned, value: '[1]' } },
  { type: 'outcome', lease: 1, taskId: 't1', outcome: threw },
  { type: 'posted', lease: 1, value: new Uint8Array(4) },
  { type: 'warning', message: 'text' },
  { type: 'readerGone' },
  { type: 'stray', error: new Uint8Array(1) },
  { type: 'stuck', lease: 1, taskId: 't1', rank: 0 },
];

test('takes every message that the protocol has', () => {
  for (const message of good) assert.equal(checkFromThread(message), message);
});

test('drops a message with any field missing or of another kind, and never throws', () => {
  const wrong = fc.oneof(
    fc.constantFrom(undefined, null, NaN, -1, 0.5, 2 ** 60, 'x', true, [], {}, new Date(0), new Uint16Array(2)),
    fc.anything(),
  );
  const fields = good.flatMap((message) => Object.keys(message).map((field) => [message, field] as const));
  fc.assert(
    fc.property(fc.constantFrom(...fields), wrong, ([message, field], value) => {
      const type = (given: unknown): string => (Array.isArray(given) ? 'array' : typeof given);
      const damaged = { ...message, [field]: value };
      // A value of the same kind may be right.
      if (type(value) === type(message[field])) checkFromThread(damaged);
      else assert.is(checkFromThread(damaged), undefined);
    }),
    { numRuns: 5_000 },
  );
  for (const outcome of [returned, threw]) {
    for (const field of Object.keys(outcome)) {
      const damaged = { type: 'outcome', lease: 1, taskId: 't1', outcome: { ...outcome, [field]: undefined } };
      assert.is(checkFromThread(damaged), undefined, field);
    }
  }
  const long = { ...returned, value: 'x'.repeat(257) };
  assert.is(checkFromThread({ type: 'outcome', lease: 1, taskId: 't1', outcome: long }), undefined);
  for (const kind of ['exited', 'died', 'ended']) {
    // Only the control side says so.
    const message = { type: 'outcome', lease: 1, taskId: 't1', outcome: { kind, exitCode: 0 } };
    assert.is(checkFromThread(message), undefined);
  }
});

test('drops whatever else comes', () => {
  fc.assert(
    fc.property(fc.anything(), (given) => assert.is(checkFromThread(given), undefined)),
    { numRuns: 5_000 },
  );
});

test.run();
