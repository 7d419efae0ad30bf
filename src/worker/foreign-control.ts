/** Entry of the control thread under a foreign launcher: joins MPI for the main thread, and leaves it again. */
import { workerData } from 'node:worker_threads';
import type { ForeignAnswer, ForeignBoot } from './foreign-main.js';
import { foreignState } from './foreign-main.js';
import { changed } from '../backend/window/thread-doorbell.js';
import { joinJob } from './join-job.js';
import { encodeError } from '../protocol/error-value.js';

const { launched, windowBytes, port, state } = workerData as ForeignBoot;

let finalize: (() => Promise<unknown>) | undefined;

async function join(): Promise<ForeignAnswer> {
  try {
    const { rows, window, wire, ...job } = await joinJob(launched, windowBytes);
    finalize = () => job.finalize();
    return { rows, window: window.node.handle, bells: window.bells, wire };
  } catch (error) {
    return { error: encodeError(error, Infinity) };
  }
}

function tell(value: number): void {
  Atomics.store(state, 0, value);
  Atomics.notify(state, 0);
}

// The port keeps this thread alive while the main thread lives; a pending wait does not.
port.on('message', () => undefined);
port.postMessage(await join());
tell(foreignState.joined);
await changed(state, foreignState.joined);
await finalize?.();
tell(foreignState.left);
