/** Calls that are to fail. */
import { context } from 'shoal/worker';

/** A call that is to fail with a code, `ERR_SHOAL_` left out, and perhaps with this in its message. */
export type Bad = readonly [sentence: string, call: () => Promise<unknown>, code: string, says?: string];

/** What was wrong with how it failed. */
export async function failure(
  sentence: string,
  call: () => Promise<unknown>,
  code: string,
  says = '',
): Promise<string[]> {
  try {
    await call();
  } catch (error) {
    const { code: got, message } = error as { code?: string; message: string };
    if (got === `ERR_SHOAL_${code}` && message.includes(says)) return [];
    return [`${sentence}: expected ${code} ${says}, received ${got}: ${message}`];
  }
  return [`${sentence}: expected ${code}, the call succeeded on rank ${context.rank}`];
}
