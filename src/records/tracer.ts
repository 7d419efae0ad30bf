/**
 * Notes every call of a rank for a trace. When nobody takes them fast enough, short calls in a row that are alike share
 * a slot, so that none is lost.
 */
import { monotonicMs, nowMs } from '../clock.js';
import type { MessageKind, Phase } from './record-layout.js';
import { headAt, messageKinds, partBytes, phases, recordsBytes } from './record-layout.js';
import type { CallName } from '../operations/call-name.js';
import { nameBytes } from '../operations/descriptor.js';
import { CallWork } from './call-work.js';
import { traceAt as headWord, tracedAt as at, tracedKinds, traceSlots, traceWords } from './trace-layout.js';

/** Calls up to this length share a slot. */
const shortMs = 0.1;
/** The calls of one slot are over after this time. */
const longestSlotMs = 1;
/** So many that nobody has taken, and calls begin to share. */
const manySlots: number = traceSlots / 2;

/** A call that has ended. */
export interface TracedCall {
  readonly kind: (typeof tracedKinds)[number];
  readonly operation: number;
  readonly dtype: number;
  readonly peer: number;
  readonly tag: number;
  readonly lease: number;
  readonly sequence: number;
  readonly failed: number;
  readonly rank: number;
  readonly group: number;
  readonly sizeBytes: number;
  readonly count: number;
  /** Of a collective. */
  readonly name?: CallName | undefined;
}

/** What is told of a message. */
export type TracedMessage = Omit<TracedCall, 'kind' | 'operation' | 'sequence' | 'count'>;

/** Owned by the recorder of a rank, for one trace. */
export class Tracer {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #floats: Float32Array;
  readonly #bytes: Uint8Array;
  /** From `nowMs` to the trace's time. */
  readonly #shiftMs: number;
  #noted: number;
  /** What the slot after the last is of, while calls may still be added to it. */
  #open: TracedCall | undefined;
  #openSince = 0;

  /** @param offset - Where the part of the rank begins in `buffer`. */
  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(buffer, offset, partBytes / 4);
    this.#doubles = new Float64Array(buffer, offset, partBytes / 8);
    this.#floats = new Float32Array(buffer, offset, partBytes / 4);
    this.#bytes = new Uint8Array(buffer, offset, partBytes);
    const origin = this.#doubles[(headAt.trace + headWord.origin) / 2] ?? 0;
    this.#shiftMs = monotonicShiftMs() - origin;
    this.#noted = this.#head(headWord.noted);
  }

  /** Milliseconds since the trace began. */
  now(): number {
    return nowMs() + this.#shiftMs;
  }

  /** A call begins. */
  begin(): CallWork {
    return new CallWork(this.now());
  }

  /** It has ended now. */
  end(call: TracedCall, { begunMs, moveMs, reduceMs }: CallWork): void {
    const endedMs = this.now();
    const inCallsMs = endedMs - begunMs;
    if (this.#open) {
      if (isAlike(this.#open, call) && endedMs - this.#openSince <= longestSlotMs) {
        this.#add(endedMs, moveMs, reduceMs, inCallsMs);
        return;
      }
      this.#publish();
    }
    const { noted, free } = this;
    if (free <= 0) {
      this.#setHead(headWord.lost, this.#head(headWord.lost) + 1);
      return;
    }
    const slot = this.#slot(noted);
    this.#write(slot, call, begunMs, endedMs);
    this.#floats[slot + at.moved] = Math.max(0, moveMs);
    this.#floats[slot + at.reduced] = reduceMs;
    this.#floats[slot + at.inCalls] = inCallsMs;
    if (traceSlots - free < manySlots || inCallsMs > shortMs || call.failed !== 0) {
      this.#publish();
      return;
    }
    this.#open = call;
    this.#openSince = begunMs;
    this.#setHead(headWord.isOpen, 1);
  }

  /** A message call has ended now. */
  endMessage(kind: MessageKind, message: TracedMessage, work: CallWork): void {
    const operation = messageKinds.indexOf(kind);
    this.end({ kind: 'message', operation, sequence: 0, count: 0, ...message }, work);
  }

  /** The function of the task is at something else. */
  enter(phase: Phase, lease: number): void {
    const nothing = { dtype: 0, peer: 0, tag: 0, sequence: 0, failed: 0, rank: 0, group: 0, sizeBytes: 0, count: 0 };
    this.end({ kind: 'phase', operation: phases.indexOf(phase), lease, ...nothing }, this.begin());
  }

  get noted(): number {
    return this.#noted;
  }

  /** Slots that are free. */
  get free(): number {
    const taken = Atomics.load(this.#words, headAt.trace + headWord.taken);
    return traceSlots - ((this.#noted - taken) >>> 0);
  }

  #slot(number: number): number {
    return recordsBytes / 4 + (number & (traceSlots - 1)) * traceWords;
  }

  #write(slot: number, call: TracedCall, begunMs: number, endedMs: number): void {
    const [words, doubles] = [this.#words, this.#doubles];
    words[slot + at.kind] = tracedKinds.indexOf(call.kind);
    words[slot + at.operation] = call.operation;
    words[slot + at.dtype] = call.dtype;
    words[slot + at.peer] = call.peer;
    words[slot + at.tag] = call.tag;
    words[slot + at.lease] = call.lease;
    words[slot + at.sequence] = call.sequence;
    words[slot + at.times] = 1;
    words[slot + at.failed] = call.failed;
    words[slot + at.rank] = call.rank;
    doubles[(slot + at.begun) / 2] = begunMs;
    doubles[(slot + at.ended) / 2] = endedMs;
    doubles[(slot + at.group) / 2] = call.group;
    doubles[(slot + at.sizeBytes) / 2] = call.sizeBytes;
    doubles[(slot + at.count) / 2] = call.count;
    doubles[(slot + at.nameLength) / 2] = call.name?.length ?? 0;
    if (call.name && call.name.length > 0) {
      this.#bytes.set(call.name.bytes.subarray(0, nameBytes), (slot + at.nameBytes) * Int32Array.BYTES_PER_ELEMENT);
    }
  }

  /** Another call in the open slot. */
  #add(endedMs: number, moveMs: number, reduceMs: number, inCallsMs: number): void {
    const slot = this.#slot(this.#noted);
    const [words, floats] = [this.#words, this.#floats];
    words[slot + at.times] = (words[slot + at.times] ?? 0) + 1;
    this.#doubles[(slot + at.ended) / 2] = endedMs;
    floats[slot + at.moved] = (floats[slot + at.moved] ?? 0) + Math.max(0, moveMs);
    floats[slot + at.reduced] = (floats[slot + at.reduced] ?? 0) + reduceMs;
    floats[slot + at.inCalls] = (floats[slot + at.inCalls] ?? 0) + inCallsMs;
  }

  #publish(): void {
    this.#open = undefined;
    this.#setHead(headWord.isOpen, 0);
    this.#noted = (this.#noted + 1) | 0;
    this.#setHead(headWord.noted, this.#noted);
  }

  #head(word: number): number {
    return this.#words[headAt.trace + word] ?? 0;
  }

  #setHead(word: number, value: number): void {
    Atomics.store(this.#words, headAt.trace + word, value);
  }
}

function isAlike(a: TracedCall, b: TracedCall): boolean {
  return (
    b.failed === 0 &&
    a.kind === b.kind &&
    a.operation === b.operation &&
    a.dtype === b.dtype &&
    a.peer === b.peer &&
    a.tag === b.tag &&
    a.lease === b.lease &&
    a.group === b.group &&
    a.sizeBytes === b.sizeBytes &&
    a.name === b.name
  );
}

/** What is added to a reading of `nowMs` for one of the clock that all processes of a host share. */
function monotonicShiftMs(): number {
  let best = Infinity;
  let shift = 0;
  for (let i = 0; i < 5; i++) {
    const before = nowMs();
    const shared = monotonicMs();
    const after = nowMs();
    if (after - before >= best) continue;
    best = after - before;
    shift = shared - (before + after) / 2;
  }
  return shift;
}
