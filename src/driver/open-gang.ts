/** Waits for the workers of a gang, for a limited time. */
import { onAbort } from '../abort-listeners.js';
import { clearTimeout, longestTimerMs, setTimeout } from '../clock.js';
import { CancelledError, TaskTimeoutError } from '../errors.js';
import type { Gang } from '../head/gang.js';
import type { GangSpec } from '../protocol/pool-messages.js';
import type { PoolBackend } from './pool-backend.js';

/**
 * Reserve workers.
 *
 * @param timeoutMs - Limit for the wait in milliseconds; null: none.
 * @throws {@link InsufficientWorkersError}, {@link QueueFullError}, {@link ClosedError}, {@link TaskTimeoutError} and
 *   {@link CancelledError}, after which nothing stays reserved.
 */
export async function openGang(
  head: PoolBackend,
  spec: GangSpec,
  timeoutMs: number | null,
  signal: AbortSignal | undefined,
): Promise<Gang> {
  const cancelled = (): CancelledError =>
    new CancelledError('gang: the wait for workers was ended by its signal', {}, { cause: signal?.reason });
  if (signal?.aborted) throw cancelled();
  const gang = head.openGang(spec);
  let timer: NodeJS.Timeout | undefined;
  let unbind: (() => void) | undefined;
  const given = new Promise<never>((_, reject) => {
    if (signal) {
      unbind = onAbort(signal, () => {
        reject(cancelled());
      });
    }
    if (timeoutMs === null) return;
    timer = setTimeout(
      () => {
        const text = `${gang.label} did not get its ${spec.workers} workers within timeoutMs (${timeoutMs} ms)`;
        const ways = 'wait longer, ask for fewer, or close gangs that hold them; status() says who has which';
        reject(new TaskTimeoutError(`${text}: ${ways}`, { gangId: gang.id, timeoutMs }));
      },
      Math.min(timeoutMs, longestTimerMs),
    );
  });
  try {
    await Promise.race([gang.opened, given]);
    return gang;
  } catch (error) {
    // Also one that has just got them.
    head.closeGang(gang, true);
    throw error;
  } finally {
    clearTimeout(timer);
    unbind?.();
  }
}
