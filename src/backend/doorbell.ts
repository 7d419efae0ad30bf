/** How a rank sleeps until another rank, or the control side, has something for it. */

/** One rank's doorbell. `ticket` before the last re-check; the sleep ends at once when it was notified since. */
export interface Doorbell {
  ticket(): number;
  /** Block this thread for at most `timeoutMs`; undefined where the thread must not block. */
  readonly wait: ((ticket: number, timeoutMs: number) => void) | undefined;
  /** Let another thread have the core; undefined where nothing can. */
  readonly yieldCore?: (() => void) | undefined;
  /** Call `wake` once, from the event loop, when the doorbell is notified. A second call before that adds nothing. */
  waitAsync(ticket: number, wake: () => void): void;
}
