import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, TaskFailedError } from 'shoal';
import { launch } from 'shoal';
import { rejectsCode } from '../support/check.js';

const tasks = new URL('./tasks/values.js', import.meta.url);
const test = suite('values that are hard to copy');
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 1, graceMs: 300 });
});
/** Whatever came, the next task is as any other. */
test.after.each(async () => {
  assert.equal(await pool.run(tasks, { export: 'echo', args: [1], timeoutMs: 10_000 }), [1]);
});
test.after(() => pool.close());

const run = async (name: string, ...args: unknown[]): Promise<unknown> =>
  (await pool.run(tasks, { export: name, args, timeoutMs: 20_000 }))[0];
const failure = async (name: string, ...args: unknown[]): Promise<TaskFailedError> =>
  (await rejectsCode(run(name, ...args), 'TASK_FAILED')) as TaskFailedError;

test('a list of 100,000 levels arrives as a result, and as an argument', async () => {
  let length = 0;
  const list = (await run('deep', 100_000)) as { next: unknown } | null;
  for (let at = list; at; at = at.next as typeof at) length++;
  assert.is(length, 100_000);
  assert.is(((await run('echo', list)) as { next: object }).next === undefined, false);
});

test('an error that was wrapped 2,000 times arrives with as many causes as are told', async () => {
  const error = await failure('wrapped', 2_000);
  assert.match(error.message, 'Error: 1999');
  let last = error.cause as Error;
  while (last.cause instanceof Error) last = last.cause;
  assert.match(last.message, 'further causes were left out');
});

test('an error that two fields share at each of 60 levels is one error', async () => {
  const { cause } = (await failure('sharedErrors', 60)) as { cause: Error & { lastError: unknown } };
  assert.is(cause.message, 'retry 59');
  assert.is(cause.lastError, cause.cause);
});

test('lone surrogates go there and back', async () => {
  const lone = 'hi 😀'.slice(0, 4);
  const value = [lone, { [lone]: 1 }, 'x'.repeat(100) + lone];
  assert.equal(await run('echo', value), value);
});

test('values of another realm are what they are', async () => {
  assert.equal(await run('foreign'), [new Date(5), /a/g, new Map([[1, new Set([2])]])]);
});

test('what is thrown arrives with its plain fields', async () => {
  const object = await failure('throwObject');
  assert.equal(object.cause, { status: 500, list: [1, 2] });
  assert.match(object.message, 'status: 500');
  const request = (await failure('throwRequest')).cause as Error & { code: string; config: { url: string } };
  assert.equal([request.message, request.code, request.config.url], ['status 500', 'ERR_BAD', '/x']);
  assert.instance((await failure('throwHostile')).cause, Error);
});

test.run();
