/** A call whose blocks have any length, and its result element by element. */
import type { TypedArray } from 'shoal/worker';
import type { Case, Form } from './case.js';

/** Elements from one rank to another; the same on all ranks. */
export type Lengths = (from: number, to: number) => number;

export interface RaggedCall {
  readonly operation: 'allgatherv' | 'gatherv' | 'scatterv' | 'alltoallv';
  readonly lengths: Lengths;
  readonly root?: number;
  readonly form?: Form;
  /** Elements left free before each block, on both sides; needs `knows`. */
  readonly gap?: number;
  /** Whoever gets something says how much. */
  readonly knows?: boolean;
  /** Elements of `out` beyond what comes; none: `out` is made. */
  readonly spare?: number;
  readonly name?: string;
}

/** Element i of the block from one rank to another. */
const element = (from: number, to: number, i: number): number => (from * 20 + to + 1) * 1e6 + i;

/** Make the call, and note what is wrong. */
export async function raggedCall(c: Case, call: RaggedCall): Promise<void> {
  const { operation, lengths, root = 0, form = 'awaited', gap = 0, knows = gap > 0, spare, name } = call;
  const { rank, size } = c;
  const isSame = operation === 'allgatherv' || operation === 'gatherv';
  const isRooted = operation === 'gatherv' || operation === 'scatterv';
  const isRoot = rank === root;
  const ranks = Array.from({ length: size }, (_, each) => each);
  const sent = isSame ? [lengths(rank, 0)] : ranks.map((to) => lengths(rank, to));
  const [sentAt, sentTotal] = starts(sent, isSame ? 0 : gap);
  const brings = operation !== 'scatterv' || isRoot;
  const buffer = c.array(Float64Array, brings ? sentTotal : 0).fill(-2);
  if (brings) {
    sent.forEach((length, to) => {
      for (let i = 0; i < length; i++) buffer[sentAt[to]! + i] = element(rank, isSame ? 0 : to, i);
    });
  }
  const sources = operation === 'scatterv' ? [root] : ranks;
  const got = sources.map((from) => lengths(from, isSame ? 0 : rank));
  const [gotAt, gotTotal] = starts(got, operation === 'scatterv' ? 0 : gap);
  const needsOut = operation === 'scatterv';
  const total = gotTotal + (needsOut ? 0 : (spare ?? 0));
  const out = spare !== undefined || needsOut ? c.array(Float64Array, total).fill(-1) : undefined;
  const displaced = gap > 0;
  const options = {
    ...(isRooted && { root }),
    ...(isSame && knows && { counts: got, ...(displaced && { displacements: gotAt }) }),
    ...(needsOut && isRoot && { counts: sent, ...(displaced && { displacements: sentAt }) }),
    ...(operation === 'alltoallv' && {
      sendCounts: sent,
      ...(displaced && { sendDisplacements: sentAt, recvDisplacements: gotAt }),
      ...(knows && { recvCounts: got }),
    }),
    ...(out && { out }),
    ...(name !== undefined && { name }),
  };
  const before = buffer.slice();
  const result = (await c.call(operation, form, brings ? buffer : undefined, options)) as TypedArray | undefined;

  const label = JSON.stringify({ ...call, counts: got });
  c.elements(`${label}: the input`, buffer, buffer.length, (i) => before[i]);
  const gets = operation !== 'gatherv' || isRoot;
  if (!gets) {
    c.same(`${label}: elsewhere than at the root`, result, undefined);
    if (out) c.elements(`${label}: out`, out, total, () => -1);
    return;
  }
  const want = new Float64Array(total).fill(out ? -1 : 0);
  sources.forEach((from, index) => {
    for (let i = 0; i < got[index]!; i++) want[gotAt[index]! + i] = element(from, isSame ? 0 : rank, i);
  });
  c.elements(label, result, total, (i) => want[i]);
}

/** Where blocks begin with a gap before each, and where the last one ends. */
function starts(lengths: readonly number[], gap: number): [begins: number[], total: number] {
  let total = 0;
  const begins = lengths.map((length) => {
    total += gap;
    const begin = total;
    total += length;
    return begin;
  });
  return [begins, total];
}
