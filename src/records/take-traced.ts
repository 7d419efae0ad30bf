/** The control side of a trace: turn it on in the memory of some ranks, and take what they have noted. */
import { epochMs, monotonicMs } from '../clock.js';
import type { RecordMemory } from './record-layout.js';
import { headAt, partBytes, partOf, recordsBytes } from './record-layout.js';
import { traceAt as headWord, traceSlots, traceWords } from './trace-layout.js';

const slotBytes = traceWords * Int32Array.BYTES_PER_ELEMENT;

/** What one rank has noted since it was asked last. */
export interface TracedPart {
  readonly worldRank: number;
  /** Slots, one after the other: a copy, and not checked. */
  readonly slots: Uint8Array;
  /** Calls that there was no room for, since the trace began. */
  readonly lost: number;
}

/** Told of what ranks have noted. `originMs`: since 1970, what their times count from. */
export type TakeTraced = (parts: readonly TracedPart[], originMs: number) => void;

/** One trace of the ranks whose parts are in one memory. */
export class TracedMemory {
  readonly #memory: RecordMemory;
  readonly #worldRanks: readonly number[];
  readonly #originMs = epochMs();

  /** Begin. @param number - Of this trace and no other of this memory; not 0. */
  constructor(memory: RecordMemory, worldRanks: readonly number[], number: number) {
    this.#memory = memory;
    this.#worldRanks = worldRanks;
    const origin = monotonicMs();
    for (const { words, offset } of this.#parts) {
      new Float64Array(memory.buffer, offset, partBytes / 8)[(headAt.trace + headWord.origin) / 2] = origin;
      // What an earlier trace has left there is nobody's.
      setHead(words, headWord.taken, head(words, headWord.noted));
      setHead(words, headWord.number, number);
    }
  }

  /** Give what was noted since the last time. */
  take(to: TakeTraced): void {
    const taken = this.#parts.flatMap(({ worldRank, words, offset }): TracedPart[] => {
      const [first, end] = [head(words, headWord.taken), head(words, headWord.noted)];
      const count = Math.min((end - first) >>> 0, traceSlots);
      const lost = head(words, headWord.lost) >>> 0;
      if (count === 0 && lost === 0) return [];
      const slots = this.#copy(offset, first, count);
      setHead(words, headWord.taken, end);
      return [{ worldRank, slots, lost }];
    });
    if (taken.length > 0) to(taken, this.#originMs);
  }

  /** Ranks note nothing more. Give the rest, also calls that might have become more. */
  end(to: TakeTraced): void {
    for (const { words } of this.#parts) setHead(words, headWord.number, 0);
    this.take(to);
    const open = this.#parts.flatMap(({ worldRank, words, offset }): TracedPart[] => {
      if (head(words, headWord.isOpen) === 0) return [];
      setHead(words, headWord.isOpen, 0);
      const lost = head(words, headWord.lost) >>> 0;
      return [{ worldRank, slots: this.#copy(offset, head(words, headWord.noted), 1), lost }];
    });
    for (const { words } of this.#parts) setHead(words, headWord.lost, 0);
    if (open.length > 0) to(open, this.#originMs);
  }

  get #parts(): { worldRank: number; words: Int32Array; offset: number }[] {
    return this.#worldRanks.flatMap((worldRank) => {
      const offset = partOf(this.#memory, worldRank);
      if (offset === undefined) return [];
      return [{ worldRank, words: new Int32Array(this.#memory.buffer, offset, partBytes / 4), offset }];
    });
  }

  #copy(offset: number, first: number, count: number): Uint8Array {
    const ring = new Uint8Array(this.#memory.buffer, offset + recordsBytes, traceSlots * slotBytes);
    const copy = new Uint8Array(count * slotBytes);
    const from = first & (traceSlots - 1);
    const before = Math.min(count, traceSlots - from);
    copy.set(ring.subarray(from * slotBytes, (from + before) * slotBytes));
    copy.set(ring.subarray(0, (count - before) * slotBytes), before * slotBytes);
    return copy;
  }
}

function head(words: Int32Array, word: number): number {
  return Atomics.load(words, headAt.trace + word);
}

function setHead(words: Int32Array, word: number, value: number): void {
  Atomics.store(words, headAt.trace + word, value);
}
