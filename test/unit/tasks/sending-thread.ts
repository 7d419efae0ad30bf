/** A thread that is in the middle of a message nearly all the time: each of its sends takes 10 ms. */
import { workerData } from 'node:worker_threads';
import { Endpoint } from '../../../src/backend/wire/endpoint.js';
import { Loopback } from '../../../src/backend/wire/loopback.js';
import type { ThreadGate } from '../../../src/backend/wire/thread-gate.js';
import type { WireHandle } from '../../../src/backend/wire/wire-memory.js';
import { WireMemory } from '../../../src/backend/wire/wire-memory.js';

/** What it is given. */
export interface SendingBoot {
  readonly handle: WireHandle;
  readonly gate: ThreadGate;
  /** Counts its sends. */
  readonly sends: Int32Array;
}

const { handle, gate, sends } = workerData as SendingBoot;
const messages = new Loopback(1).messages(0);
const still = new Int32Array(new SharedArrayBuffer(4));
const endpoint = new Endpoint(0, 1, new WireMemory(handle, gate), {
  ...messages,
  isend: (bytes, dest, tag) => {
    Atomics.add(sends, 0, 1);
    Atomics.notify(sends, 0);
    Atomics.wait(still, 0, 0, 10);
    return messages.isend(bytes, dest, tag);
  },
});
for (;;) {
  endpoint.send(
    0,
    { kind: 'data', lease: 1, group: 0, sequence: 1, step: 0, reason: 0 },
    new Uint8Array(8),
    undefined,
    { open: 0 },
  );
  endpoint.poll();
}
