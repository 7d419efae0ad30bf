/**
 * A thread that has the wire is ended between two messages, never in the middle of one.
 *
 * One word holds whether the thread is inside and whether the gate is shut. A thread enters only where both are unset,
 * in one atomic step: it is inside before the control side shuts the gate, or it never enters.
 */
import { setTimeout } from '../../clock.js';

/** A word that a thread shares with its control side. */
export type ThreadGate = Int32Array;

const [insideBit, shutBit] = [1, 2];

/** How often the control side checks whether the thread has left. */
const checkMs = 1;

/** An open gate. */
export function createGate(): ThreadGate {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Go inside, or block the thread until its control side ends it. */
export function enter(gate: ThreadGate): void {
  if ((Atomics.compareExchange(gate, 0, 0, insideBit) & shutBit) === 0) return;
  for (;;) Atomics.wait(gate, 0, Atomics.load(gate, 0));
}

/** Leave; the control side ends the thread only then. */
export function leave(gate: ThreadGate): void {
  Atomics.and(gate, 0, ~insideBit);
}

/**
 * Shut the gate and call `then`, at once or when the thread has left. There is no limit: a thread that native code holds
 * inside could not be ended before that returns.
 *
 * @param isInside - Whether words of the memory still belong together: of a thread before this one, too.
 */
export function shutGate(gate: ThreadGate, isInside: () => boolean, then: () => void): void {
  Atomics.or(gate, 0, shutBit);
  const check = (): void => {
    if ((Atomics.load(gate, 0) & insideBit) !== 0 || isInside()) setTimeout(check, checkMs).unref();
    else then();
  };
  check();
}
