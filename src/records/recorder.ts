/**
 * What a rank notes of its calls, always: a call that is made again notes two numbers, and nothing is allocated. A call
 * that ends at once reads no clock; what waits has the time since when.
 */
import { assert } from '../assert.js';
import { nowMs } from '../clock.js';
import type { CallName } from '../operations/call-name.js';
import type { MessageKind, Phase, RecordMemory } from './record-layout.js';
import {
  createRecordMemory,
  firstMessage,
  headAt,
  listed,
  magic,
  messageKinds,
  nameRoom,
  partBytes,
  partOf,
  phases,
  recordAt as at,
  recordsBytes,
  recordSlots,
  recordWords,
} from './record-layout.js';
import { traceAt } from './trace-layout.js';
import { Tracer } from './tracer.js';

const slotMask = recordSlots - 1;
const traceNumber = headAt.trace + traceAt.number;
const messageHashes = 64;
const listedLength = 2 ** 33;
const hashedLength = 2 ** 32;

/** A collective that is started again and again. */
export interface RecordedCall {
  /** Number of its record; 0: none yet. */
  record: number;
  readonly args: {
    readonly operation: { readonly number: number };
    readonly dtype: number;
    readonly op: number;
    readonly root: number;
    readonly count: number;
    readonly itemBytes: number;
    readonly blocksIn: number;
    readonly blocksOut: number;
    readonly name: CallName;
  };
}

/** Where messages of one array are noted: the next one is often to or from the same rank. */
export class NotedMessage {
  record = 0;
  place = 0;
  peer = -1;
  tag = -1;
}

/** Of a rank; owned by its engine. */
export class Recorder {
  /** That of all ranks that can be read here. */
  memory: RecordMemory;
  readonly #worldRank: number;
  #words!: Int32Array;
  #doubles!: Float64Array;
  #bytes!: Uint8Array;
  #number = 0;
  /** The record of the last call, while that was a collective, and its place. */
  #last = 0;
  #place = 0;
  #tick = 0;
  /** Of the task that runs, or ran last. */
  lease = 0;
  /** Records of messages, by a hash of what they are. */
  readonly #messages = new Int32Array(messageHashes);
  /** What the clock of this thread counts from, in milliseconds since 1970. */
  readonly #origin = performance.timeOrigin;
  /** Of the trace that runs; 0: none. */
  #traced = 0;
  #tracer: Tracer | undefined;

  /** @param memory - Left out: memory that this rank alone has. */
  constructor(worldRank: number, memory: RecordMemory = createRecordMemory(1, worldRank)) {
    this.#worldRank = worldRank;
    this.memory = memory;
    this.moveTo(memory);
  }

  /** Write elsewhere from now on; what was noted of a task goes along. */
  moveTo(memory: RecordMemory): void {
    const offset = partOf(memory, this.#worldRank);
    assert(offset !== undefined, 'the memory has a part for this rank');
    const before = this.#bytes as Uint8Array | undefined;
    this.memory = memory;
    this.#words = new Int32Array(memory.buffer, offset, partBytes / Int32Array.BYTES_PER_ELEMENT);
    this.#doubles = new Float64Array(memory.buffer, offset, partBytes / Float64Array.BYTES_PER_ELEMENT);
    this.#bytes = new Uint8Array(memory.buffer, offset, partBytes);
    this.#traced = 0;
    this.#tracer = undefined;
    if (!before || this.lease === 0) return;
    // The words of a trace are those of the new memory.
    const bytesBefore = headAt.trace * Int32Array.BYTES_PER_ELEMENT;
    const recordsAt = recordWords * Int32Array.BYTES_PER_ELEMENT;
    this.#bytes.set(before.subarray(0, bytesBefore));
    this.#bytes.set(before.subarray(recordsAt, recordsBytes), recordsAt);
  }

  /** What is told of calls while a trace runs; undefined: none does. */
  get tracer(): Tracer | undefined {
    const number = this.#words[traceNumber];
    if (number === 0 || number === undefined) return undefined;
    return number === this.#traced ? this.#tracer : this.#turnToTrace(number);
  }

  #turnToTrace(number: number): Tracer {
    this.#traced = number;
    this.#tracer = new Tracer(this.#words.buffer as SharedArrayBuffer, this.#words.byteOffset);
    return this.#tracer;
  }

  /** The rank has a task; what a thread before this one has noted stays. */
  beginTask(lease: number): void {
    const words = this.#words;
    this.#number = words[headAt.number] ?? 0;
    this.#tick = words[headAt.tick] ?? 0;
    this.lease = lease;
    this.#last = 0;
    words[headAt.lease] = lease;
    words[headAt.magic] = magic;
    this.enter('loading');
  }

  /** What the function of the task is at. */
  enter(phase: Phase): void {
    this.#words[headAt.phase] = phases.indexOf(phase);
    this.#doubles[headAt.since / 2] = this.#origin + nowMs();
    this.tracer?.enter(phase, this.lease);
  }

  /** A collective arrives. @param sequence - Its number in its group. */
  begin(call: RecordedCall, sequence: number, group: number): void {
    if (call.record !== this.#last || call.record === 0) this.#turnTo(call, sequence, group);
    this.#words[this.#place + at.started] = sequence;
  }

  /** It has ended well, and at once. @param sequence - As it began. */
  end(record: number, sequence: number): void {
    if (record === this.#last) this.#words[this.#place + at.done] = sequence;
    else if (this.#has(record)) this.#words[placeOf(record) + at.done] = sequence;
  }

  /** What was begun waits, since a reading of the clock. */
  wait(record: number, startedAt: number): void {
    if (!this.#has(record)) return;
    const place = placeOf(record);
    this.#doubles[(place + at.since) / 2] = this.#origin + startedAt;
    this.#words[place + at.waitOf] = this.#words[place + at.started] ?? 0;
  }

  /**
   * A collective that has waited has ended.
   *
   * @param failed - Number of the class of its error; 0: it has ended well.
   */
  settle(record: number, startedAt: number, failed: number): void {
    if (!this.#has(record)) return;
    const words = this.#words;
    const place = placeOf(record);
    this.#noteEnd(place, startedAt, failed);
    words[place + at.done] = words[place + at.started] ?? 0;
  }

  /** A message call begins; returns the number of its record. */
  beginMessage(kind: MessageKind, peer: number, tag: number, dtype: number, sizeBytes: number, group: number): number {
    const record = this.#findMessage(kind, peer, tag, dtype, sizeBytes, group);
    this.#beginAt(placeOf(record));
    return record;
  }

  /** The same for an array. @param noted - Its last message of this kind; moved to where this one is noted. */
  beginNoted(
    noted: NotedMessage,
    kind: MessageKind,
    peer: number,
    tag: number,
    { dtype, memory }: { readonly dtype: number; readonly memory: { readonly sizeBytes: number } },
    group: number,
  ): void {
    if (noted.peer !== peer || noted.tag !== tag || !this.#has(noted.record)) {
      noted.record = this.#findMessage(kind, peer, tag, dtype, memory.sizeBytes, group);
      noted.place = placeOf(noted.record);
      noted.peer = peer;
      noted.tag = tag;
    }
    this.#beginAt(noted.place);
  }

  /** That has ended well, and no other call was begun meanwhile. */
  endNoted({ place }: NotedMessage): void {
    this.#words[place + at.done] = (this.#words[place + at.done] ?? 0) + 1;
  }

  #beginAt(place: number): void {
    const words = this.#words;
    words[place + at.started] = (words[place + at.started] ?? 0) + 1;
    words[place + at.tick] = ++this.#tick;
    this.#last = 0;
  }

  /** The record of messages like this one: there already, or new. */
  #findMessage(kind: MessageKind, peer: number, tag: number, dtype: number, sizeBytes: number, group: number): number {
    const words = this.#words;
    const { lease } = this;
    const operation = firstMessage + messageKinds.indexOf(kind);
    const hash = (operation + peer * 7 + tag * 31 + (sizeBytes >>> 2) * 13) & (messageHashes - 1);
    let record = this.#messages[hash] ?? 0;
    let place = placeOf(record);
    const isKnown =
      this.#has(record) &&
      words[place + at.operation] === operation &&
      words[place + at.peer] === peer &&
      words[place + at.tag] === tag &&
      words[place + at.dtype] === dtype &&
      words[place + at.lease] === lease &&
      this.#doubles[(place + at.sizeBytes) / 2] === sizeBytes &&
      this.#doubles[(place + at.group) / 2] === group;
    if (!isKnown) {
      record = this.#openRecord(operation, dtype, peer, tag, group);
      place = placeOf(record);
      this.#doubles[(place + at.sizeBytes) / 2] = sizeBytes;
      words[place + at.number] = record;
      words[headAt.number] = record;
      this.#messages[hash] = record;
    }
    return record;
  }

  /** It has ended well, and at once. */
  endMessage(record: number): void {
    if (!this.#has(record)) return;
    const words = this.#words;
    const place = placeOf(record);
    words[place + at.done] = (words[place + at.done] ?? 0) + 1;
  }

  /** It has ended after it has waited. */
  settleMessage(record: number, startedAt: number, failed: number): void {
    if (!this.#has(record)) return;
    const place = placeOf(record);
    this.#noteEnd(place, startedAt, failed);
    this.#words[place + at.done] = (this.#words[place + at.done] ?? 0) + 1;
    if (failed !== 0) this.#words[place + at.failures] = (this.#words[place + at.failures] ?? 0) + 1;
  }

  /** Another call than the last. */
  #turnTo(call: RecordedCall, sequence: number, group: number): void {
    if (!this.#has(call.record)) this.#open(call, sequence, group);
    this.#last = call.record;
    this.#place = placeOf(call.record);
    this.#words[this.#place + at.tick] = ++this.#tick;
  }

  #noteEnd(place: number, startedAt: number, failed: number): void {
    const [words, doubles] = [this.#words, this.#doubles];
    const now = nowMs();
    doubles[(place + at.endedAt) / 2] = this.#origin + now;
    doubles[(place + at.waitedMs) / 2] = (doubles[(place + at.waitedMs) / 2] ?? 0) + (now - startedAt);
    words[place + at.endedOf] = words[place + at.started] ?? 0;
    words[place + at.failed] = failed;
  }

  /** A record is still there. */
  #has(record: number): boolean {
    return record > 0 && this.#number - record < recordSlots;
  }

  #open(call: RecordedCall, sequence: number, group: number): void {
    const { operation, dtype, op, root, count, itemBytes, blocksIn, blocksOut, name } = call.args;
    const record = this.#openRecord(operation.number, dtype + 256 * op, root, -1, group);
    const words = this.#words;
    const place = placeOf(record);
    words[place + at.done] = sequence - 1;
    this.#doubles[(place + at.count) / 2] = count;
    this.#doubles[(place + at.sizeBytes) / 2] = count * itemBytes * Math.max(blocksIn, blocksOut);
    this.#noteName(place, name);
    words[place + at.number] = record;
    words[headAt.number] = record;
    call.record = record;
  }

  #openRecord(operation: number, dtype: number, peer: number, tag: number, group: number): number {
    const words = this.#words;
    const record = ++this.#number;
    const place = placeOf(record);
    words[place + at.number] = 0;
    words.fill(0, place + at.started, place + recordWords);
    words[place + at.operation] = operation;
    words[place + at.dtype] = dtype;
    words[place + at.peer] = peer;
    words[place + at.tag] = tag;
    words[place + at.lease] = this.lease;
    this.#doubles[(place + at.group) / 2] = group;
    words[headAt.tick] = this.#tick;
    return record;
  }

  #noteName(place: number, { bytes, length }: CallName): void {
    if (length === 0) return;
    const isList = length >= listedLength;
    const sizeBytes = Math.min(nameRoom, isList ? bytes.length : length % hashedLength, bytes.length);
    this.#words[place + at.name] = sizeBytes + (isList ? listed : 0);
    const from = (place + at.nameBytes) * Int32Array.BYTES_PER_ELEMENT;
    for (let i = 0; i < sizeBytes; i++) this.#bytes[from + i] = bytes[i] ?? 0;
  }
}

function placeOf(record: number): number {
  return ((record & slotMask) + 1) * recordWords;
}
