/**
 * Blocks of any length between the ranks of a group, as all ranks know them once their counts are exchanged.
 *
 * What a rank sends is its *stream*: its blocks one behind the other in the order of those who get them, or one block
 * that several get. Positions in a stream are known to all. Where blocks lie in a caller's array is a rank's own
 * affair.
 */

/** Elements of a range. */
export interface StreamRange {
  readonly start: number;
  readonly count: number;
}

/** A part of a stream, and where it is in this rank's array. */
export interface StreamPart {
  /** Element of the stream. */
  readonly start: number;
  readonly count: number;
  /** Element of the array. */
  readonly place: number;
}

/** See above. */
export class RaggedBlocks {
  readonly size: number;
  /** Elements of the longest stream. */
  readonly longest: number;
  readonly #rank: number;
  readonly #sent: ArrayLike<number>;
  readonly #isOneForAll: boolean;
  readonly #sendStarts: readonly number[];
  readonly #receiveStarts: readonly number[];

  /**
   * @param sent - Elements that rank s sends to rank t, at s × size + t.
   * @param isOneForAll - Whoever gets something of a rank gets the same.
   * @param sendStarts - Where in this rank's input what each rank gets begins.
   * @param receiveStarts - Where in this rank's output what comes from each rank goes.
   */
  constructor(
    rank: number,
    sent: ArrayLike<number>,
    isOneForAll: boolean,
    sendStarts: readonly number[],
    receiveStarts: readonly number[],
  ) {
    this.size = sendStarts.length;
    this.#rank = rank;
    this.#sent = sent;
    this.#isOneForAll = isOneForAll;
    this.#sendStarts = sendStarts;
    this.#receiveStarts = receiveStarts;
    let longest = 0;
    for (let from = 0; from < this.size; from++) longest = Math.max(longest, this.#streamLength(from));
    this.longest = longest;
  }

  /** What `to` gets of the stream of `from`. */
  rangeOf(from: number, to: number): StreamRange {
    const count = this.#count(from, to);
    if (this.#isOneForAll) return { start: 0, count };
    let start = 0;
    for (let before = 0; before < to; before++) start += this.#count(from, before);
    return { start, count };
  }

  /** What of this rank's stream lies from `first` to before `end`. */
  *sendParts(first: number, end: number): Generator<StreamPart, void, undefined> {
    for (let to = 0; to < this.size; to++) {
      const part = this.sendPart(to, first, end);
      if (!part) continue;
      yield part;
      if (this.#isOneForAll) return;
    }
  }

  /** What of this rank's stream between `first` and `end` goes to `to`; undefined: nothing. */
  sendPart(to: number, first: number, end: number): StreamPart | undefined {
    return within(this.rangeOf(this.#rank, to), this.#sendStarts[to] ?? 0, first, end);
  }

  /** What this rank gets of the stream of `from` between `first` and `end`; undefined: nothing. */
  receivePart(from: number, first: number, end: number): StreamPart | undefined {
    return within(this.rangeOf(from, this.#rank), this.#receiveStarts[from] ?? 0, first, end);
  }

  #count(from: number, to: number): number {
    return this.#sent[from * this.size + to] ?? 0;
  }

  #streamLength(from: number): number {
    let length = 0;
    for (let to = 0; to < this.size; to++) {
      const count = this.#count(from, to);
      length = this.#isOneForAll ? Math.max(length, count) : length + count;
    }
    return length;
  }
}

function within(range: StreamRange, place: number, first: number, end: number): StreamPart | undefined {
  const start = Math.max(range.start, first);
  const count = Math.min(range.start + range.count, end) - start;
  return count > 0 ? { start, count, place: place + start - range.start } : undefined;
}
