/**
 * The receives that wait for envelopes while a rank has a task, and the counts of what was sent and received meanwhile.
 * There are as many as the wire memory has slots, polled in the order in which they were started.
 */
import { ProtocolError } from '../../errors.js';
import { readEnvelope } from './envelope.js';
import type { Messages } from './messages.js';
import type { WireMemory } from './wire-memory.js';
import { ringSlots, slotBytes } from './wire-memory.js';

/** Tag of envelopes; payloads have another. */
export const envelopeTag = 1;
/** A cancelled receive is complete after the first. */
const cancelLooks = 1_000;

/**
 * Start all receives, on another communicator than before. Inside: a thread that ends in the middle ends its process.
 */
export function openRing(memory: WireMemory, messages: Messages, communicator: number): void {
  memory.sent.fill(0);
  memory.received.fill(0);
  for (let slot = 0; slot < ringSlots; slot++) postReceive(memory, messages, slot);
  memory.ringHead = 0;
  memory.ringCommunicator = communicator;
}

/** Start the receive of one slot. */
export function postReceive(memory: WireMemory, messages: Messages, slot: number): void {
  if (memory.ringRequest(slot) !== 0) throw new ProtocolError('MPI neither completes nor cancels a receive');
  const address = memory.slot(slot);
  memory.u32[address / 4] = 0; // a receive that fails must not show the envelope before it
  const bytes = memory.bytes.subarray(address, address + slotBytes);
  memory.setRingRequest(slot, messages.irecv(bytes, -1, envelopeTag));
}

/**
 * End the receives; what had come in the last moment is counted and dropped, a payload behind it is left to `drain`. By
 * whoever owns the wire: its thread, or the control side when that is gone.
 */
export function cancelRing(memory: WireMemory, messages: Messages): void {
  if (memory.ringCommunicator < 0) return;
  memory.inside(() => {
    for (let slot = 0; slot < ringSlots; slot++) {
      if (!endReceive(messages, memory.ringRequest(slot))) continue; // its slot is not used again
      const envelope = readEnvelope(memory.u32, memory.slot(slot));
      if (envelope) countMessage(memory.received, envelope.source);
      memory.setRingRequest(slot, 0);
    }
    memory.ringCommunicator = -1;
  });
}

/** One more message to or from a rank. */
export function countMessage(counts: Int32Array, rank: number): void {
  counts[rank] = (counts[rank] ?? 0) + 1;
}

/** False when MPI does not release it. */
function endReceive(messages: Messages, request: number): boolean {
  if (request === 0) return true;
  try {
    messages.cancel(request);
    for (let look = 0; look < cancelLooks; look++) if (messages.test(request) === 1) return true;
    return false;
  } catch {
    return true; // complete already, in the last moment of its thread
  }
}
