import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CollectiveMismatchError, PeerFailedError, TaskFailedError } from '../../src/errors.js';
import { showToDriver } from '../../src/head/show-to-driver.js';
import { userFrames } from '../../src/own-frames.js';

const test = suite('failures as the driver sees them');
const own = '    at start (/app/node_modules/shoal/dist/chunk-ABC.js:1:2)';
const task = '    at sum (/app/task.ts:12:20)';
const node = '    at Object.openSync (node:fs:601:3)';
const tail = '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)';
const site = ['Error', own, '    at main (/app/main.ts:3:4)', tail].join('\n');

function withStack<T extends Error>(error: T, ...frames: string[]): T {
  error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  return error;
}

const framesOf = (error: unknown): string[] => (error as Error).stack!.split('\n').slice(1);

test('lines of the package go, those of Node stay above the last one of the user', () => {
  assert.equal(userFrames(['Error: x', node, own, task, own, tail].join('\n')), [node, task]);
  assert.equal(userFrames(['Error: x', own, tail].join('\n')), []);
  assert.equal(userFrames(undefined), []);
});

test('a message that looks like a stack stays what it is', () => {
  const error = withStack(new Error(`failed\n${own}\nthere`), own, task);
  showToDriver(error, undefined);
  assert.is(error.stack, `Error: failed\n${own}\nthere\n${task}`);
});

test('the driver stands below, and an error without lines of a user keeps all', () => {
  const inner = withStack(new TypeError('inner'), own, own);
  const cause = withStack(new RangeError('outer', { cause: inner }), task, own, tail);
  const error = withStack(new TaskFailedError('task t1 failed', { errors: [], rank: 0 }, { cause }), own, own);
  showToDriver(error, site);
  assert.equal(framesOf(error), ['    at main (/app/main.ts:3:4) (driver)']);
  assert.equal(framesOf(cause), [task]);
  assert.equal(framesOf(inner), [own, own]);
});

test('an error of a rank that says what the cause says is printed once, and is still there', () => {
  const cause = withStack(new CollectiveMismatchError('sizes differ'), task);
  const same = withStack(new CollectiveMismatchError('sizes differ'), own);
  const peer = withStack(new PeerFailedError('rank 0 failed', {}, { cause: same }), own);
  const other = withStack(new RangeError('of its own'), task);
  const list = [cause, same, peer, other].map((error, rank) => ({ rank, error }));
  const error = new TaskFailedError('task t1 failed', { errors: list, rank: 0 }, { cause });
  showToDriver(error, site);
  const printed = inspect(error, { depth: 6 });
  const inFull = printed.split('\n').filter((line) => line.includes('sizes differ'));
  assert.equal(
    inFull.map((line) => line.trim().replace(/,$/, '')),
    [
      'rank 0: ERR_SHOAL_COLLECTIVE_MISMATCH: sizes differ',
      'rank 1: ERR_SHOAL_COLLECTIVE_MISMATCH: sizes differ',
      '[cause]: CollectiveMismatchError: sizes differ',
    ],
  );
  assert.match(printed, 'rank 2: ERR_SHOAL_PEER_FAILED: rank 0 failed');
  assert.is(printed.split('of its own').length - 1, 1);
  assert.equal(
    error.errors.map((each) => each.error),
    [cause, same, peer, other],
  );
});

test('an error of ours without lines of a user has those of the driver alone; the line of a rank is bounded', () => {
  const late = withStack(new CollectiveMismatchError('x'.repeat(1_000)), own, own);
  const errors = [0, 1].map((rank) => ({ rank, error: late }));
  const error = withStack(new TaskFailedError('task t1 failed', { errors, rank: 0 }, { cause: late }), own);
  showToDriver(error, site);
  assert.equal(framesOf(late), []);
  assert.match(
    inspect(error.errors),
    /^\[\n? *rank 0: ERR_SHOAL_COLLECTIVE_MISMATCH: x{69}…,\s+rank 1: \S+ x{69}…\s*\]$/,
  );
  const direct = withStack(new CollectiveMismatchError('x'), own);
  showToDriver(direct, site);
  assert.equal(framesOf(direct), ['    at main (/app/main.ts:3:4) (driver)']);
});

test('where nobody of this process asked, all can be enumerated: it goes to another process', () => {
  const cause = withStack(new RangeError('x'), task, own);
  const error = new TaskFailedError('task t1 failed', { errors: [{ rank: 0, error: cause }] }, { cause });
  showToDriver(error, undefined);
  assert.equal(Object.keys(error.errors[0]!), ['rank', 'error']);
  assert.equal(framesOf(cause), [task]);
});

test('failed peers in a circle, and what is no text, do no harm', () => {
  const peer = withStack(new PeerFailedError('rank 1 failed'), task);
  Object.defineProperty(peer, 'cause', { value: peer });
  const odd = withStack(new RangeError('x'), task);
  Object.defineProperty(odd, 'message', { value: 7 });
  const errors = [odd, peer].map((error, rank) => ({ rank, error }));
  const error = new TaskFailedError('task t1 failed', { errors }, { cause: odd });
  showToDriver(error, site);
  assert.match(inspect(error, { depth: 6 }), 'rank 1 failed');
});

test('causes in a circle, frozen errors and what is no error do no harm', () => {
  const a = withStack(new Error('a'), task, own);
  const b = withStack(new Error('b', { cause: a }), own, task);
  a.cause = b;
  showToDriver(a, site);
  assert.equal(framesOf(b), [task]);
  const frozen = Object.freeze(withStack(new Error('frozen', { cause: 'text' }), own, task));
  showToDriver(frozen, site);
  assert.equal(framesOf(frozen), [own, task]);
  const odd = new Error('odd');
  Object.defineProperty(odd, 'stack', { value: 7 });
  showToDriver(odd, site);
});

test('SHOAL_DEBUG=1 keeps all lines', () => {
  process.env.SHOAL_DEBUG = '1';
  const error = withStack(new RangeError('x'), own, task);
  showToDriver(error, site);
  delete process.env.SHOAL_DEBUG;
  const lines = site.split('\n').slice(1);
  assert.equal(framesOf(error), [own, task, ...lines.map((line) => `${line} (driver)`)]);
});

test.run();
