/**
 * Timers and clock of the runtime, taken when this module loads: tests of users fake the global ones, and tasks may
 * replace them.
 */
import * as timers from 'node:timers';

/** As the global one of Node. */
export const setTimeout: typeof timers.setTimeout = timers.setTimeout;
/** As the global one of Node. */
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout;
/** As the global one of Node. */
export const setInterval: typeof timers.setInterval = timers.setInterval;
/** As the global one of Node. */
export const clearInterval: typeof timers.clearInterval = timers.clearInterval;
/** As the global one of Node. */
export const setImmediate: typeof timers.setImmediate = timers.setImmediate;
/** `process.nextTick`. */
export const nextTick: typeof process.nextTick = process.nextTick.bind(process);
/** As the global one of Node. */
export const queueMicrotask: (callback: () => void) => void = globalThis.queueMicrotask.bind(globalThis);
/** Milliseconds since the process began; never runs backwards. */
export const nowMs: () => number = performance.now.bind(performance);
/** Milliseconds since 1970, by a clock that never runs backwards: that of another thread or process agrees closely. */
export function epochMs(): number {
  return performance.timeOrigin + nowMs();
}
const hrtime = process.hrtime.bind(process);
/** Milliseconds of a clock that never runs backwards and that all processes of a host share. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
/** A timer that is to fire later than this fires at once. */
export const longestTimerMs: number = 2 ** 31 - 1;
