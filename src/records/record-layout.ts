/**
 * The memory of the black box: for each rank a head and a ring of records, one for each of its last different calls.
 *
 * A rank alone writes its part, with plain stores. The memory lives longer than the thread or process that writes it,
 * and no array of a task lies there. A record is two lines of 64 bytes.
 */

import { traceSlots, traceWords } from './trace-layout.js';

/** Records of a rank; a power of 2. */
export const recordSlots = 64;
/** Words of 4 bytes of a record, and of the head. */
export const recordWords = 32;
const bytesPerWord = 4;
/** Bytes of the head and the records of one rank. */
export const recordsBytes: number = (recordSlots + 1) * recordWords * bytesPerWord;
/** Bytes of the part of one rank: behind the records come the calls of a trace. Nobody touches these while none runs. */
export const partBytes: number = recordsBytes + traceSlots * traceWords * bytesPerWord;
/** In the first word of a part that somebody writes. */
export const magic = 0x58424253; // "SBBX"

/** Words of the head. */
export const headAt = {
  magic: 0,
  /** Of the record that was begun last, from 1. */
  number: 1,
  /** Calls that were started, of all kinds. */
  tick: 2,
  /** Of the task that runs, or ran last. */
  lease: 3,
  phase: 4,
  /** Milliseconds since 1970 in a double: since when the phase lasts. */
  since: 6,
  /** The words of a trace, from here on: see `trace-layout.ts`. */
  trace: 8,
} as const;

/** What the function of a task is at; by number. */
export const phases = ['idle', 'loading', 'running', 'returned', 'threw'] as const;
/** See above. */
export type Phase = (typeof phases)[number];

/** Words of a record. Those from `count` to `waitedMs` are doubles. */
export const recordAt = {
  /** Number of the record, stored last; 0 while it is written. */
  number: 0,
  /** Of the operation, or of the kind of message. */
  operation: 1,
  /** Number of the dtype, plus 256 times that of the reduce op. */
  dtype: 2,
  /** Of a collective the root, of a message the other rank; −1: any. */
  peer: 3,
  /** Of a message; −1: any. */
  tag: 4,
  lease: 5,
  /** Of a collective the number of the call that was started last, of messages how many were. */
  started: 6,
  /** The same of what has ended: as `started` while nothing is under way. */
  done: 7,
  /** Of messages: how many have failed. */
  failures: 8,
  /** Tick of the last start. */
  tick: 9,
  /** Number of the class of the error with which the last one ended; 0: well. */
  failed: 10,
  /** `started` of the call that `since` and `endedAt` are of. */
  waitOf: 11,
  endedOf: 12,
  /** Bytes of the name, plus `listed` where it begins with the shape of a list. */
  name: 13,
  count: 14,
  sizeBytes: 16,
  group: 18,
  /** Milliseconds since 1970: when a call began to wait; a call that ends at once reads no clock. */
  since: 20,
  endedAt: 22,
  /** In all calls of the record. */
  waitedMs: 24,
  nameBytes: 26,
} as const;

/** Bytes of a name that a record has room for. */
export const nameRoom: number = (recordWords - recordAt.nameBytes) * bytesPerWord;
export const listed = 256;

/** Kinds of messages, by number from `firstMessage`. */
export const messageKinds = ['send', 'recv', 'sendrecv', 'probe', 'sendObject', 'recvObject', 'group'] as const;
/** See above. */
export type MessageKind = (typeof messageKinds)[number];
/** No operation has such a number. */
export const firstMessage = 1_000;

/** The memory of some ranks, in the order of their world ranks from `first`. */
export interface RecordMemory {
  readonly buffer: SharedArrayBuffer;
  readonly first: number;
  /** What `buffer` is of, if anything: V8 unmaps its pages when that is collected. */
  readonly memory?: WebAssembly.Memory;
}

/** Memory for so many ranks. */
export function createRecordMemory(ranks: number, first = 0): RecordMemory {
  return { buffer: new SharedArrayBuffer(ranks * partBytes), first };
}

/** Where the part of a rank begins; undefined: it is not there. */
export function partOf({ buffer, first }: RecordMemory, worldRank: number): number | undefined {
  const offset = (worldRank - first) * partBytes;
  return offset >= 0 && offset + partBytes <= buffer.byteLength ? offset : undefined;
}
