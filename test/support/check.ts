/** Assertions that uvu lacks or gets wrong. */
import * as assert from 'uvu/assert';

/** Group sizes that every collective is tested with. */
export const sizes: readonly number[] = [1, 2, 3, 4, 7];

/** How many times as much random tests draw as usual: `npm run test:long`. */
export const times = Number(process.env.SHOAL_TEST_TIMES ?? 1);

/** `ERR_SHOAL_…` of an error, or what it is otherwise. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : String(error);
}

/** The error that `run` throws; fails when it throws none. */
export function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error, none was thrown');
}

/** The error that a promise rejects with; fails when it resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error(`expected a rejection, it resolved with ${String(value)}`);
}

/** Fails unless `run` throws an error with this code. */
export function throwsCode(run: () => unknown, code: string): Error {
  const error = thrownBy(run);
  assert.is(codeOf(error), `ERR_SHOAL_${code}`, error.message);
  return error;
}

/** Fails unless the promise rejects with an error with this code. */
export async function rejectsCode(promise: Promise<unknown>, code: string): Promise<Error> {
  const error = await rejectionOf(promise);
  assert.is(codeOf(error), `ERR_SHOAL_${code}`, error.stack);
  return error;
}

/** Wait until `condition` holds; fails after `limitMs`. */
export async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not so after ${limitMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
