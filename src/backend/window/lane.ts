/**
 * A lane: memory of the window through which one rank of a group sends messages to one other. It lies in the arena of
 * the sender. Each word has one writer. The rules are in docs/window-protocol.md, section "Messages".
 *
 * First a line of the receiver's, then its words that say which long messages it has received. Then come the heads of
 * the chunks, the ring of records, and the chunks.
 */

/** Chunks of a plain array that are on their way at a time. */
export const chunkSlots = 4;
/** What records are multiples of. */
export const recordUnit = 64;
/** Bytes of a record before the payload. A payload of 48 bytes is in one line of memory with its head. */
export const headBytes = 16;

const KIB = 1024;
/** As short as the addon's copy past the caches is faster: a receiver takes one while the sender fills the next. */
const mostChunkBytes = 32 * KIB;
const leastChunkBytes = KIB / 2;
const mostRingBytes = 64 * KIB;
const leastRingBytes = 2 * KIB;
const mostEagerBytes = 8 * KIB;
const mostWindowBytes = 4 * KIB;
const leastLongSlots = 256;
/** A word for a long message takes this part of the ring's bytes. */
const longPart = 16;
const chunkHeadBytes = 128;
/** Lanes take at most this part of an arena, where every rank sends to every other. */
const arenaPart = 4;

/** Where the words of a lane stand, in bytes from its beginning. */
export const laneAt = {
  /** Of the receiver: bytes that it has taken out of the ring, modulo 2^32. */
  head: 0,
  /** Of the receiver: number of the long message whose chunks it takes; 0: none yet. */
  wanted: 4,
  /** Of the receiver: chunks of that message that it has taken. */
  taken: 8,
  /** Of the receiver: by the number of a long message modulo `longSlots`, its number once it was received. */
  done: 128,
} as const;

/** Where the words of a record stand, in words from its beginning. */
export const recordAt = {
  /** What `stampOf` says once the record is there; 0: it is not. */
  stamp: 0,
  /** Its kind, and the dtype from the ninth bit on. */
  kind: 1,
  sizeLow: 2,
  tag: 3,
  /** Of a long message, as those behind. */
  sizeHigh: 4,
  number: 5,
  address: 6,
} as const;

/** What a record is: a message with its bytes, one whose bytes are elsewhere, or nothing up to the end of the ring. */
export const recordKind = { short: 1, long: 2, skip: 3 } as const;

/** The word that says that the record is there which begins so many bytes, modulo 2^32, behind the first of the lane. */
export function stampOf(position: number): number {
  return (position | 1) >>> 0; // never 0: records begin at multiples of their unit
}

/** The sizes of the lanes of a group, and where their parts begin: the same on all its ranks. */
export class LaneShape {
  readonly ringBytes: number;
  readonly chunkBytes: number;
  /** Longest message that goes into the ring whole. */
  readonly eagerBytes: number;
  /** The same of an array in the window: a longer one is copied once, straight out of it. */
  readonly windowBytes: number;
  /** Long messages that can be open at a time. */
  readonly longSlots: number;
  /** Where the ring begins, from the beginning of the lane. */
  readonly ringAt: number;
  readonly sizeBytes: number;

  /** @param size - Ranks of the group. */
  constructor(arenaBytes: number, size: number) {
    const share = Math.max(1, arenaBytes / arenaPart / Math.max(1, size - 1));
    const part = 2 ** Math.floor(Math.log2(share / 4));
    this.chunkBytes = Math.max(leastChunkBytes, Math.min(mostChunkBytes, part / 2));
    this.ringBytes = Math.max(leastRingBytes, Math.min(mostRingBytes, part));
    this.eagerBytes = Math.min(mostEagerBytes, this.ringBytes / 4);
    this.windowBytes = Math.min(mostWindowBytes, this.eagerBytes);
    this.longSlots = Math.max(leastLongSlots, this.ringBytes / longPart);
    this.ringAt = this.chunkHead(chunkSlots);
    this.sizeBytes = this.chunk(chunkSlots);
  }

  /** Where a chunk lies, from the beginning of the lane. */
  chunk(slot: number): number {
    return this.ringAt + this.ringBytes + slot * this.chunkBytes;
  }

  /** Where the sender says of it: the number of its message, and which chunk of that it is, from 1; 0: none. */
  chunkHead(slot: number): number {
    return laneAt.done + 4 * this.longSlots + chunkHeadBytes * slot;
  }
}

/** Bytes of the record of a message of so many bytes. */
export function recordBytes(payloadBytes: number): number {
  return Math.ceil((headBytes + payloadBytes) / recordUnit) * recordUnit;
}
