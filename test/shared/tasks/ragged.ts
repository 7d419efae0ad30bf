/** Calls whose blocks have any length. */
import { collective, context } from 'shoal/worker';
import type { Bad } from './failure.js';
import { failure } from './failure.js';

/** Everything that makes a call; equal on all ranks. */
export interface RaggedCall {
  readonly operation: 'allgatherv' | 'gatherv' | 'scatterv' | 'alltoallv';
  /** The last is started twice. */
  readonly form: 'awaited' | 'blocking' | 'prepared';
  /** Modulo the size. */
  readonly root: number;
  /** Elements from rank s to rank t at 7 s + t; of a rank that sends all the same at 7 s. */
  readonly counts: readonly number[];
  /** Elements between two blocks; 0: displacements are left out. */
  readonly gaps: number;
  /** Whoever gets something says how much. */
  readonly knows: boolean;
  readonly givesOut: boolean;
  /** Of the ranks' arrays in turn. */
  readonly places: readonly ('plain' | 'odd' | 'window')[];
}

type Numbers = Float64Array;

/** The ranks share one thread, in which no form but the awaited one is. */
const isOneThread = ['loopback', 'local'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '');

/** Element i of the block from one rank to another. */
const element = (from: number, to: number, i: number): number => from * 1e9 + to * 1e7 + i;

/** What was wrong with some calls, in words; each rank checks its own. */
export async function raggedCalls(calls: readonly RaggedCall[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const call of calls) wrong.push(...(await one(call)));
  return wrong;
}

async function one(call: RaggedCall): Promise<string[]> {
  const { operation, gaps } = call;
  const { rank, size } = context;
  const root = call.root % size;
  const isAll = operation === 'allgatherv' || operation === 'gatherv';
  const ranks = Array.from({ length: size }, (_, each) => each);
  /** Elements from rank to rank. */
  const sent = (from: number, to: number): number => {
    if (operation === 'gatherv' && to !== root) return 0;
    if (operation === 'scatterv' && from !== root) return 0;
    return call.counts[7 * from + (isAll ? 0 : to)]!;
  };
  const sendCounts = isAll ? [call.counts[7 * rank]!] : ranks.map((to) => sent(rank, to));
  const recvCounts = ranks.map((from) => sent(from, rank));
  const starts = (counts: readonly number[]): number[] =>
    counts.map((_, i) => counts.slice(0, i).reduce((sum, each) => sum + each + gaps, 0));
  const [sendStarts, recvStarts] = [starts(sendCounts), starts(recvCounts)];
  const lengthOf = (counts: readonly number[], begins: readonly number[]): number =>
    Math.max(0, ...counts.map((each, i) => (each === 0 ? 0 : begins[i]! + each)));
  const where = call.places[rank % call.places.length]!;
  const buffer = make(where, lengthOf(sendCounts, sendStarts));
  sendCounts.forEach((each, to) => {
    for (let i = 0; i < each; i++) buffer[sendStarts[to]! + i] = element(rank, isAll ? 0 : to, i);
  });
  const gets = operation !== 'gatherv' || rank === root;
  const knows = call.knows || gaps > 0 || operation === 'scatterv';
  const spare = operation === 'scatterv' ? 0 : 2;
  const hasOut = call.givesOut || operation === 'scatterv';
  // The block of a scatter is that of one rank alone.
  const [counts, begins] = operation === 'scatterv' ? [[sent(root, rank)], [0]] : [recvCounts, recvStarts];
  const out = make(where, lengthOf(counts, begins) + spare).fill(-1);
  const displaced = gaps > 0;
  const options = {
    ...(operation !== 'allgatherv' && operation !== 'alltoallv' && { root }),
    ...(isAll && knows && { counts: recvCounts, ...(displaced && { displacements: recvStarts }) }),
    ...(operation === 'scatterv' &&
      rank === root && { counts: sendCounts, ...(displaced && { displacements: sendStarts }) }),
    ...(operation === 'alltoallv' && {
      sendCounts: Uint32Array.from(sendCounts),
      ...(displaced && { sendDisplacements: sendStarts }),
      ...(knows && { recvCounts, ...(displaced && { recvDisplacements: recvStarts }) }),
    }),
    ...(hasOut && { out }),
  };
  const given = operation === 'scatterv' && rank !== root ? undefined : buffer;
  const result = await run(call, given, options);
  const label = `rank ${rank} of ${size}, ${JSON.stringify({ ...call, counts: [] })}`;
  const wrong: string[] = [];
  if ((result !== undefined) !== gets) wrong.push(`${label}: the call gave ${String(result)}`);
  if (gets && result)
    wrong.push(...compare(label, operation === 'scatterv' ? [root] : ranks, counts, begins, result, hasOut));
  for (const each of [buffer, out]) if (where === 'window') collective.free(each);
  return wrong;

  function compare(
    text: string,
    from: readonly number[],
    lengths: readonly number[],
    places: readonly number[],
    got: Numbers,
    isGiven: boolean,
  ): string[] {
    const want = new Float64Array(lengthOf(lengths, places) + (isGiven ? spare : 0)).fill(isGiven ? -1 : 0);
    from.forEach((source, index) => {
      for (let i = 0; i < lengths[index]!; i++) want[places[index]! + i] = element(source, isAll ? 0 : rank, i);
    });
    if (got.length !== want.length) return [`${text}: ${got.length} elements, not ${want.length}`];
    const different = want.findIndex((value, i) => got[i] !== value);
    return different < 0 ? [] : [`${text}: element ${different} is ${got[different]}, not ${want[different]}`];
  }
}

function make(where: string, length: number): Numbers {
  if (where === 'window') return collective.empty(Float64Array, length);
  return new Float64Array(new ArrayBuffer(8 * length + 16), where === 'odd' ? 8 : 0, length);
}

type Form = (buffer: unknown, options: object) => unknown;

async function run({ operation, form }: RaggedCall, buffer: unknown, options: object): Promise<Numbers | undefined> {
  const forms = collective as unknown as Readonly<Record<string, Form>>;
  if (form === 'awaited' || isOneThread) return (await forms[operation]!(buffer, options)) as Numbers;
  if (form === 'blocking') return forms[`${operation}Sync`]!(buffer, options) as Numbers;
  const prepared = forms[`${operation}Init`]!(buffer, options) as { startSync(): Numbers; free(): void };
  prepared.startSync();
  const result = prepared.startSync();
  prepared.free();
  return result;
}

/** Calls that are wrong, and some that only the counts of others make wrong. */
export async function badCounts(): Promise<string[]> {
  const { rank, size } = context;
  const x = new Int32Array(2 * size);
  const two = Array<number>(size).fill(2);
  const bad: Bad[] = [
    ['no send counts', () => collective.alltoallv(x, {} as never), 'INVALID_ARGUMENT'],
    ['a count below 0', () => collective.alltoallv(x, { sendCounts: two.map(() => -1) }), 'INVALID_ARGUMENT'],
    [
      'a displacement that no array has',
      () => collective.allgatherv(x, { counts: two, displacements: two.map(() => 2 ** 40) }),
      'INVALID_ARGUMENT',
    ],
    ['a bigint beyond int64', () => collective.broadcast(2n ** 64n + 5n), 'INVALID_ARGUMENT'],
    ['a count too many', () => collective.allgatherv(x, { counts: [...two, 2] }), 'INVALID_ARGUMENT'],
    [
      'a block outside the buffer',
      () => collective.alltoallv(x, { sendCounts: two, sendDisplacements: two.map(() => 2 * size - 1) }),
      'INVALID_ARGUMENT',
    ],
    [
      'displacements that no array can have',
      () =>
        collective.allgatherv(Float64Array.of(1, 2), {
          counts: two,
          displacements: two.map((_, i) => 2 ** 33 - 2 * (i + 1)),
        }),
      'INVALID_ARGUMENT',
    ],
    ['displacements without counts', () => collective.allgatherv(x, { displacements: two }), 'INVALID_ARGUMENT'],
    ['an overlap', () => collective.alltoallv(x, { sendCounts: two, out: x }), 'INVALID_ARGUMENT'],
    ['a scatter without out', () => collective.scatterv(x, { counts: two } as never), 'INVALID_ARGUMENT'],
    [
      'an out of another class',
      () => collective.allgatherv(x, { out: new Float32Array(9 * size) as never }),
      'INVALID_ARGUMENT',
    ],
    [
      'an out too short',
      () => collective.allgatherv(x, { out: new Int32Array(2 * size * size - 1) }),
      'COLLECTIVE_MISMATCH',
    ],
    [
      'another count than is sent',
      () => collective.allgatherv(x, { counts: two.map(() => 2 * size + 1), out: new Int32Array(99 * size) }),
      'COLLECTIVE_MISMATCH',
    ],
    [
      'a short block',
      () =>
        collective.scatterv(rank === 0 ? x : undefined, {
          counts: two,
          out: new Int32Array(rank === size - 1 ? 1 : 2),
        }),
      'COLLECTIVE_MISMATCH',
    ],
  ];
  if (size > 1) {
    bad.push(
      [
        'blocks that meet',
        () => collective.allgatherv(x, { counts: two, displacements: two, out: new Int32Array(99) }),
        'INVALID_ARGUMENT',
      ],
      [
        'another operation',
        () => (rank === 0 ? collective.allgatherv(x) : collective.gatherv(x)),
        'COLLECTIVE_MISMATCH',
      ],
      ['another dtype', () => collective.allgatherv(rank === 0 ? x : new Float32Array(3)), 'COLLECTIVE_MISMATCH'],
      ['another name', () => collective.allgatherv(x, { name: `${rank}` }), 'COLLECTIVE_MISMATCH'],
      [
        'a plain allgather of as many numbers',
        () => (rank === 0 ? collective.allgatherv(x) : collective.allgather(new Float64Array(2 * size + 1))),
        'COLLECTIVE_MISMATCH',
      ],
    );
  }
  const wrong: string[] = [];
  for (const [sentence, call, code] of bad) wrong.push(...(await failure(sentence, call, code)));
  const after = await collective.allgatherv(Int32Array.of(rank));
  if (after.some((value, i) => value !== i)) wrong.push(`after refusals: ${String(after)}`);
  return wrong;
}
