/**
 * Blocking messages of arrays that were sent or received before, where nothing else of this rank is under way: what ends
 * within a spin needs no request. What does not goes on as a request, with what is under way of it already.
 */
import type { Carrier, Incoming, Outgoing } from '../../backend/carrier.js';
import { nowMs } from '../../clock.js';
import type { GroupCalls } from '../group-calls.js';
import type { ReadyArray } from './known-arrays.js';

/** One of so many receives begins as a request, which takes what other ranks have sent too. */
const turnEvery = 64;
/** A turn of a message under way takes as long as so many looks for one that comes. */
const turnCost = 8;

/** Owned by the message calls of a group. */
export class PromptMessages {
  readonly #calls: GroupCalls;
  #receives = 0;
  /** What of the last call has ended. */
  isSent = false;
  isReceived = false;
  /** What of it is under way. */
  outgoing: Outgoing | undefined;
  incoming: Incoming | undefined;

  constructor(calls: GroupCalls) {
    this.#calls = calls;
  }

  /** Send what need not wait; false: nothing was done. The array is in no call that writes it. */
  sendShort(dest: number, tag: number, from: ReadyArray): boolean {
    return this.#carrier.sendShort(dest, tag, from.dtype, from.memory);
  }

  /** Send what has to wait; true when that has ended. */
  send(dest: number, tag: number, from: ReadyArray): boolean {
    this.#clear();
    if (!this.#calls.buffers.isEmpty || !this.#isAlone) return false;
    this.outgoing = this.#carrier.send(dest, tag, from.dtype, from.memory.array);
    return this.#spin(() => this.#hasSent(dest));
  }

  /** Receive: the bytes of the message; -1: that has not ended. */
  receive(source: number, tag: number, into: ReadyArray): number {
    if (!this.#mayReceive(source)) return -1;
    const weight = this.#calls.time.weight(true);
    const begun = weight > 0 ? nowMs() : 0;
    let sizeBytes = this.#carrier.takeShort(source, tag, into.dtype, into.memory, this.#turns);
    if (weight > 0) this.#calls.time.add(nowMs() - begun, weight);
    if (sizeBytes < 0 && this.#takeLong(source, tag, into)) {
      this.#spin(() => (sizeBytes = this.#takeBytes(into)) >= 0);
    }
    return sizeBytes;
  }

  /** Both at once: the bytes of the message that has come; -1: that has not ended. `isSent` tells of the other. */
  exchange(
    { dest, source }: { dest: number; source: number },
    { sendTag, recvTag }: { sendTag: number; recvTag: number },
    from: ReadyArray,
    into: ReadyArray,
  ): number {
    if (!this.#mayReceive(source)) return -1;
    this.isSent = this.#carrier.sendShort(dest, sendTag, from.dtype, from.memory);
    if (!this.isSent) this.outgoing = this.#carrier.send(dest, sendTag, from.dtype, from.memory.array);
    let sizeBytes = this.#take(source, recvTag, into, this.isSent ? this.#turns : 1);
    this.isReceived = sizeBytes >= 0;
    if (this.isSent && this.isReceived) return sizeBytes;
    this.#spin(() => {
      if (sizeBytes < 0) sizeBytes = this.#take(source, recvTag, into, this.isSent ? turnCost : 1);
      return this.#hasSent(dest) && sizeBytes >= 0;
    });
    this.isReceived = sizeBytes >= 0;
    return sizeBytes;
  }

  #clear(): void {
    this.isSent = false;
    this.isReceived = false;
    this.outgoing = undefined;
    this.incoming = undefined;
  }

  get #carrier(): Carrier {
    return this.#calls.group.messages.carrier;
  }

  get #turns(): number {
    return this.#calls.group.engine.turns;
  }

  /** A wait drives all that is under way (rule 10). */
  get #isAlone(): boolean {
    return this.#calls.group.engine.pending.size === 0;
  }

  /** What has come before is received first. */
  #mayReceive(source: number): boolean {
    this.#clear();
    if (!this.#calls.buffers.isEmpty || !this.#isAlone || !this.#calls.group.messages.hasNone(source)) return false;
    return ++this.#receives % turnEvery !== 0;
  }

  /** True once what is under way to a rank has ended. */
  #hasSent(dest: number): boolean {
    if (this.isSent) return true;
    const { outgoing } = this;
    if (outgoing?.isComplete === false) this.#carrier.pushTo(dest);
    return (this.isSent = outgoing?.isComplete === true && outgoing.error === undefined);
  }

  #take(source: number, tag: number, into: ReadyArray, looks: number): number {
    if (this.incoming) return this.#takeBytes(into);
    const sizeBytes = this.#carrier.takeShort(source, tag, into.dtype, into.memory, looks);
    return sizeBytes < 0 && this.#takeLong(source, tag, into) ? this.#takeBytes(into) : sizeBytes;
  }

  /** A long message has come. */
  #takeLong(source: number, tag: number, { dtype, memory }: ReadyArray): boolean {
    this.incoming = this.#carrier.takeNextLong(source, tag, dtype, memory.sizeBytes);
    return this.incoming !== undefined;
  }

  /** Go on with it: its bytes once all have come, else -1. */
  #takeBytes({ memory }: ReadyArray): number {
    const { incoming } = this;
    if (incoming?.take(memory.array) !== 'complete') return -1;
    // A sender that left early may have changed its array while this rank has copied it.
    if (this.#calls.group.abortReason()) return -1;
    this.incoming = undefined;
    return incoming.sizeBytes;
  }

  /** Until something has ended, as long as a blocking call spins when it starts. */
  #spin(hasEnded: () => boolean): boolean {
    const begun = nowMs();
    let isOver = hasEnded();
    for (let turn = 0; !isOver && turn < this.#turns; turn += turnCost) isOver = hasEnded();
    this.#calls.time.add(nowMs() - begun, 1);
    return isOver;
  }
}
