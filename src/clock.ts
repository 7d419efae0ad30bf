/** Timers and clock of the runtime, taken when this module loads: tests of users fake the global ones, and tasks may replace them. */
import * as timers from 'node:timers';

export const setTimeout: typeof timers.setTimeout = timers.setTimeout;
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout;
export const setInterval: typeof timers.setInterval = timers.setInterval;
export const clearInterval: typeof timers.clearInterval = timers.clearInterval;
export const setImmediate: typeof timers.setImmediate = timers.setImmediate;
export const nextTick: typeof process.nextTick = process.nextTick.bind(process);
export const queueMicrotask: (callback: () => void) => void = globalThis.queueMicrotask.bind(globalThis);
/** Milliseconds since the process began; never runs backwards. */
export const nowMs: () => number = performance.now.bind(performance);
