/** The two stages of a call whose blocks have any length: all ranks learn all counts, then the blocks go. */
import type { CallArguments } from '../backend/call-arguments.js';
import { RaggedBlocks } from '../backend/ragged-blocks.js';
import type { TypedArray } from '../types/buffers.js';
import { countsStage } from './counts-stage.js';
import { SaidCounts, startsOf, wordsOf } from './ragged-counts.js';
import type { Stages } from './staged-transfer.js';

/** One rank's side of what moves: elements for or of each rank, and where their blocks begin in its array. */
export interface Side {
  readonly counts: readonly number[];
  /** Undefined: one behind the other. */
  readonly starts: readonly number[] | undefined;
}

/** One rank in a call. */
export interface RaggedSides {
  readonly sent: Side;
  readonly expected: Side;
  /** Most elements that it has room for; `unsaid`: as many as come. */
  readonly room: number;
  /**
   * Where what it gets goes, once it is known how many elements that takes, and how many come of each rank; undefined:
   * it gets nothing.
   */
  readonly outputOf: (length: number, received: readonly number[]) => TypedArray | undefined;
}

/** @param args - Of the call, but for what the counts decide; `input` is what this rank sends. */
export function raggedStages(
  what: string,
  args: CallArguments,
  { sent, expected, room, outputOf }: RaggedSides,
  { rank, size }: { readonly rank: number; readonly size: number },
): Stages {
  const said = Float64Array.of(...sent.counts, ...expected.counts, room);
  return function* () {
    const all = new Float64Array(size * wordsOf(size));
    yield countsStage(args, said, all);
    const counts = new SaidCounts(all, size);
    counts.check(what);
    const received = counts.received(rank);
    const starts = expected.starts ?? startsOf(received);
    const ends = received.map((count, from) => (count === 0 ? 0 : (starts[from] ?? 0) + count));
    const output = outputOf(Math.max(0, ...ends), received);
    const { operation } = args;
    const sendStarts = sent.starts ?? startsOf(sent.counts);
    const ragged = new RaggedBlocks(rank, counts.sent, operation.brings === 'one', sendStarts, starts);
    yield { ...args, count: ragged.longest, ragged, output };
  };
}
