/**
 * What stands where in linear memory. The numbers mirror `wasm/src/layout.h` and `protocol.h`; a test compares them.
 */

/** Constants and field offsets in the order of `shoal_layout(index)`. */
export const layoutNumbers = {
  lineBytes: 128,
  ring: 8,
  maxRanks: 256,
  maxChunks: 1024,
  chunkBytes: 65_536,
  smallBytes: 512,
  scratchBytes: 16_384,
  nameBytes: 64,
  descriptorBytes: 128,
  memberBytes: 1536,
  slotMembers: 16512,
  blockBytes: 3328,
  memberProgress: 1024,
  memberBusy: 1152,
  memberAsleep: 1280,
  memberFinished: 1288,
  memberDead: 1408,
  memberOutbox: 1412,
  memberOpeners: 1416,
  memberWaitsFor: 1420,
  memberWaitsTag: 1424,
  descriptorLease: 8,
  descriptorState: 12,
  descriptorCode: 14,
  descriptorTarget: 20,
  descriptorOperation: 32,
  descriptorDtype: 33,
  descriptorOp: 34,
  descriptorAgreedFlags: 35,
  descriptorRoot: 36,
  descriptorCount: 40,
  descriptorNameLength: 48,
  descriptorName: 64,
  blockSlot: 0,
  blockSelf: 4,
  blockSize: 8,
  blockPhase: 12,
  blockStaging: 16,
  blockStagingBytes: 20,
  blockSource: 24,
  blockTarget: 28,
  blockPieceStart: 32,
  blockPastDeparted: 40,
  blockPieceCount: 48,
  blockChunkCount: 72,
  blockResult: 56,
  blockNotifyCount: 92,
  blockDescriptor: 128,
  blockNotify: 2304,
} as const;

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes of one staging half: plain arrays are pipelined in pieces of this size. */
export const stagingBytes: number = 256 * KIB;
/** Where a rank stages what one group's calls bring: two halves, and the scratch behind them. */
export interface Staging {
  readonly address: number;
  readonly halfBytes: number;
}
/** Two halves, and the scratch of results that are copied out. */
export const groupStagingBytes: number = 2 * stagingBytes + layoutNumbers.scratchBytes;
/** Where a rank that throws leaves its encoded error for its peers. */
export const faultBytes: number = 16 * KIB;
/** Staging and fault area: what a rank's part of the window holds before its arena. */
const rankOverheadBytes: number = groupStagingBytes + faultBytes;
/** Smallest `window` option, in bytes per worker. */
export const minWindowBytes: number = MIB;
/** wasm32 has 4 GiB; the last page stays unused so that no end address wraps to 0. */
const addressableBytes: number = 4096 * MIB - 64 * KIB;

const dataBytes = MIB; // the module's data segments and its own, unused, stack
/** Bytes before the module's data segments, which nobody uses. */
export const canaryBytes: number = KIB;
/** From byte 0 to past the data segments: nobody writes there once the window is made. */
export const sealedBytes: number = 2 * KIB;
/** Magic, version, ranks, cores and the nonce: where the header says which window this is. */
export const identityBytes = 32;
/** Bytes before the arena and behind each of its arrays, at least: a write past an array's end shows in them. */
export const guardBytes = 64;
/**
 * Between the parts of two ranks: arrays of theirs at a distance of a power of two fold four times slower. Processors
 * tell addresses apart by some of their bits. A page and two lines keep them apart in these bits.
 */
const skewBytes = 4 * KIB + 2 * layoutNumbers.lineBytes;
const stackBytes = 64 * KIB;
const blocksBytes = 64 * KIB;
const blockStride = 4 * KIB;
const headerBytes = 4 * KIB;

/** Groups that one rank can be a member of at the same time. */
export const maxGroups: number = blocksBytes / blockStride;

/** Addresses within one node window of `ranks` ranks. All values are bytes from the start of linear memory. */
export class WindowLayout {
  readonly ranks: number;
  readonly windowBytes: number;
  readonly slots: number;
  readonly header: number;
  readonly slotBytes: number;
  readonly totalBytes: number;
  readonly #doorbells: number;
  readonly #slotBase: number;
  readonly #rankBase: number;

  /** @param windowBytes - Bytes per rank, a multiple of 64 KiB. */
  constructor(ranks: number, windowBytes: number) {
    this.ranks = ranks;
    this.windowBytes = windowBytes;
    this.slots = slotsOf(ranks);
    this.header = dataBytes + ranks * (stackBytes + blocksBytes);
    this.#doorbells = this.header + headerBytes;
    this.#slotBase = this.#doorbells + ranks * layoutNumbers.lineBytes;
    this.slotBytes = layoutNumbers.slotMembers + ranks * layoutNumbers.memberBytes;
    this.#rankBase = alignUp(this.#slotBase + this.slots * this.slotBytes, 64 * KIB);
    this.totalBytes = alignUp(this.#rankBase + ranks * (windowBytes + skewBytes), 64 * KIB) + 64 * KIB;
  }

  stackTop(rank: number): number {
    return dataBytes + rank * (stackBytes + blocksBytes) + stackBytes;
  }
  block(rank: number, index: number): number {
    return this.stackTop(rank) + index * blockStride;
  }
  doorbell(rank: number): number {
    return this.#doorbells + rank * layoutNumbers.lineBytes;
  }
  slot(index: number): number {
    return this.#slotBase + index * this.slotBytes;
  }
  staging(rank: number): number {
    return this.#rankBase + rank * (this.windowBytes + skewBytes);
  }
  fault(rank: number): number {
    return this.staging(rank) + groupStagingBytes;
  }
  arena(rank: number): number {
    return this.staging(rank) + rankOverheadBytes;
  }
  get arenaBytes(): number {
    return this.windowBytes - rankOverheadBytes;
  }
}

/** Slots for tasks that wait at workers which run others, per rank and in all: a slot of many ranks is large. */
const aheadPerRank = 8;
const mostAhead = 64;

/** Slots of a window: more than gangs can run at once, so that some can be emptied meanwhile. */
export function slotsOf(ranks: number): number {
  return 2 * ranks + 2 + Math.min(mostAhead, aheadPerRank * ranks);
}

/** The largest `window`, in bytes per rank, that fits 4 GiB with `ranks` ranks on one host; rounded down to 64 KiB. */
export function largestWindowBytes(ranks: number): number {
  const fixed = new WindowLayout(ranks, 0).totalBytes;
  return Math.floor((addressableBytes - fixed) / ranks / (64 * KIB)) * 64 * KIB;
}

function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
