/** A promise against a limit. */
import { clearTimeout, longestTimerMs, setTimeout } from './clock.js';

/** Whether a promise settles within `limitMs`; nothing to wait for has settled. */
export async function endsWithin(promise: Promise<unknown> | undefined, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(
      () => {
        resolve(false);
      },
      Math.min(limitMs, longestTimerMs),
    );
  });
  const settled = Promise.allSettled([promise]).then(() => true);
  const inTime = await Promise.race([settled, limit]);
  clearTimeout(timer);
  return inTime;
}
