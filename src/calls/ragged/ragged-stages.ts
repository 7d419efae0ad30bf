/** The two stages of a call whose blocks have any length: all ranks learn all counts, then the blocks go. */
import type { CallArguments } from '../../backend/call-arguments.js';
import { RaggedBlocks } from '../../backend/ragged-blocks.js';
import { InvalidArgumentError } from '../../errors.js';
import type { TypedArray } from '../../types/buffers.js';
import { countsStage } from './counts-stage.js';
import { AgreedError } from '../staged-transfer.js';
import { SaidCounts, startsOf, wordsOf } from './ragged-counts.js';
import type { Stages } from '../staged-transfer.js';

/** Elements of a result for which the ranks do not ask first whether there is memory for it. */
export const mostUnasked: number = 2 ** 25;

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

/**
 * Make where this rank's result goes, and ask whether all could: who has no room for it is then known before a block
 * goes.
 *
 * @throws {@link AgreedError}
 */
function* agreedOutput(
  what: string,
  args: CallArguments,
  size: number,
  make: () => TypedArray | undefined,
): Generator<CallArguments, TypedArray | undefined, undefined> {
  let output: TypedArray | undefined;
  let cause: unknown;
  try {
    output = make();
  } catch (error) {
    cause = error;
  }
  const all = new Float64Array(size);
  yield countsStage(args, Float64Array.of(cause === undefined ? 0 : 1), all);
  const rank = all.indexOf(1);
  if (rank < 0) return output;
  const text = `${what}: rank ${rank} cannot make an array for what it gets; give out, or smaller buffers. Nothing was written`;
  throw new AgreedError(new InvalidArgumentError(text, { rank }, { cause }));
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
    const length = Math.max(0, ...ends);
    let output: TypedArray | undefined;
    if (counts.mostMade < mostUnasked) output = outputOf(length, received);
    else output = yield* agreedOutput(what, args, size, () => outputOf(length, received));
    const { operation } = args;
    const sendStarts = sent.starts ?? startsOf(sent.counts);
    const ragged = new RaggedBlocks(rank, counts.sent, operation.brings === 'one', sendStarts, starts);
    yield { ...args, count: ragged.longest, ragged, output };
  };
}
