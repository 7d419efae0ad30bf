/** Use a pool that runs by itself. */
import { awaitForCaller } from '../caller-lines.js';
import type { Pool } from './pool.js';

/**
 * Use a pool that `shoal start` has started.
 *
 * `close` leaves it; the pool goes on. Tasks of a connection that is gone are cancelled. `status()` is at most a tenth
 * of a second old while tasks run.
 *
 * @param address - As `shoal start` has said it; default: of the only pool that this user has.
 * A pool that gives no sign of life for `SHOAL_ANSWER_MS` (10 s) is lost: whatever waits for it, and every later call,
 * fails with a {@link ClosedError} that says what is known of its process.
 *
 * @throws {@link LaunchError} when there is none, several, or no answer within `SHOAL_ANSWER_MS`.
 * @example
 * const pool = await connect(); // after `shoal start -n 4` in a shell
 * const results = await pool.run(new URL('./sum.js', import.meta.url), { workers: 4, args: [1000] });
 * await pool.close(); // the pool goes on
 */
export function connect(address?: string): Promise<Pool> {
  return awaitForCaller(async () => {
    // Loaded by who connects.
    const { connectHead, poolOf } = await import('./connect-head.js');
    return poolOf(await connectHead(address));
  });
}
