/**
 * A thread that has the wire is ended between two messages, never in the middle of one.
 *
 * The thread enters, then reads its gate. The control side shuts the gate, then reads whether a thread is inside. At
 * least one of them sees what the other has written.
 */
import { setTimeout } from '../../clock.js';

/** A word that a thread shares with its control side: 0 while the gate is open, 1 once it is shut. */
export type ThreadGate = Int32Array;

/** How often the control side checks whether the thread has left. */
const checkMs = 1;

/** An open gate. */
export function createGate(): ThreadGate {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Whether the thread is to stay outside. */
export function isShut(gate: ThreadGate): boolean {
  return Atomics.load(gate, 0) !== 0;
}

/** Block the thread until its control side ends it. */
export function waitForEnd(gate: ThreadGate): never {
  for (;;) Atomics.wait(gate, 0, 1);
}

/**
 * Shut the gate and call `then`, at once or when no thread is inside any more. There is no limit: a thread that native
 * code holds inside could not be ended before that returns.
 */
export function shutGate(gate: ThreadGate, isInside: () => boolean, then: () => void): void {
  Atomics.store(gate, 0, 1);
  const check = (): void => {
    if (isInside()) setTimeout(check, checkMs).unref();
    else then();
  };
  check();
}
