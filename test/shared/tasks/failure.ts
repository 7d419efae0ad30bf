/** Calls that are to fail. */
import { context } from 'shoal/worker';

/** A call that is to fail with a code, `ERR_SHOAL_` left out. */
export type Bad = readonly [sentence: string, call: () => Promise<unknown>, code: string];

/** What was wrong with how it failed. */
export async function failure(sentence: string, call: () => Promise<unknown>, code: string): Promise<string[]> {
  try {
    await call();
  } catch (error) {
    const { code: got, message } = error as { code?: string; message: string };
    return got === `ERR_SHOAL_${code}` ? [] : [`${sentence}: expected ${code}, received ${got}: ${message}`];
  }
  return [`${sentence}: expected ${code}, the call succeeded on rank ${context.rank}`];
}
