/** One listener for each AbortSignal, however many calls and tasks it is given to. */

const waiting = new WeakMap<AbortSignal, { readonly calls: Set<() => void>; readonly listener: () => void }>();

/**
 * Call `abort` once when the signal aborts. The signal has one listener of ours, which goes with the last that waits.
 *
 * @returns Takes `abort` back.
 */
export function onAbort(signal: AbortSignal, abort: () => void): () => void {
  let entry = waiting.get(signal);
  if (!entry) {
    const calls = new Set<() => void>();
    const listener = (): void => {
      waiting.delete(signal);
      for (const call of [...calls]) if (calls.delete(call)) call();
    };
    entry = { calls, listener };
    waiting.set(signal, entry);
    signal.addEventListener('abort', listener);
  }
  const { calls, listener } = entry;
  calls.add(abort);
  return () => {
    calls.delete(abort);
    if (calls.size > 0 || waiting.get(signal)?.calls !== calls) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}
