/** Collectives on values of any kind. */
import { deepStrictEqual } from 'node:assert';
import { collective, context } from 'shoal/worker';
import type { Bad } from './failure.js';
import { failure } from './failure.js';

function difference(label: string, got: unknown, want: unknown): string[] {
  try {
    deepStrictEqual(got, want);
    return [];
  } catch (error) {
    return [`rank ${context.rank} of ${context.size}, ${label}: ${(error as Error).message}`];
  }
}

/** Every operation on one value of each rank. */
export async function everyOperation(root: number, list: readonly unknown[]): Promise<string[]> {
  const { rank, size } = context;
  const values = list.slice(0, size);
  const isRoot = rank === root;
  return [
    ...difference(
      'broadcastObject',
      await collective.broadcastObject(isRoot ? values[rank] : 0, { root }),
      values[root],
    ),
    ...difference('allgatherObject', await collective.allgatherObject(values[rank]), values),
    ...difference('gatherObject', await collective.gatherObject(values[rank], { root }), isRoot ? values : undefined),
    ...difference('scatterObject', await collective.scatterObject(isRoot ? values : undefined, { root }), values[rank]),
  ];
}

/** Longer than a staging half, under way together with calls on arrays. */
export async function longValues(): Promise<string[]> {
  const { rank, size } = context;
  const text = (each: number): string => `${each}`.repeat(300_000);
  const sum = Float64Array.of(rank);
  const [all, , found] = await Promise.all([
    collective.allgatherObject({ text: text(rank), numbers: new Float32Array(50_000).fill(rank) }),
    collective.allreduce(sum),
    collective.broadcastObject(rank === 0 ? text(7) : undefined),
  ]);
  const want = Array.from({ length: size }, (_, each) => ({
    text: text(each),
    numbers: new Float32Array(50_000).fill(each),
  }));
  return [
    ...difference('allgatherObject', all, want),
    ...difference('broadcastObject', found, text(7)),
    ...difference('allreduce', sum[0], (size * (size - 1)) / 2),
  ];
}

/** Values are copies; a fold is the left one. */
export async function copies(): Promise<string[]> {
  const { rank, size } = context;
  const mine = { list: [rank] };
  const all = await collective.allgatherObject(mine);
  all[rank]!.list.push(-1);
  const words = await collective.allreduceObject(`${rank}`, (before, next) => `(${before} ${next})`);
  let want = '0';
  for (let each = 1; each < size; each++) want = `(${want} ${each})`;
  const wrong = [...difference('the own value', mine, { list: [rank] }), ...difference('the fold', words, want)];
  const thrown = await collective
    .allreduceObject(rank, () => {
      throw new RangeError('of the caller');
    })
    .catch((error: unknown) => error);
  if (size > 1) wrong.push(...difference('what fn throws', (thrown as Error).message, 'of the caller'));
  return wrong;
}

/** What cannot be copied, and what fits no list. */
export async function refused(): Promise<string[]> {
  const { rank, size } = context;
  const bad: Bad[] = [
    ['a function', () => collective.allgatherObject({ run: () => 0 }), 'NOT_SERIALIZABLE'],
    ['no fn', () => collective.allreduceObject(1, undefined as never), 'INVALID_ARGUMENT'],
    ['a root that is none', () => collective.broadcastObject(1, { root: size }), 'INVALID_ARGUMENT'],
    ['an option that it has not', () => collective.allgatherObject(1, { root: 0 } as never), 'INVALID_ARGUMENT'],
    [
      'a list too short',
      () => collective.scatterObject(rank === 0 ? [] : undefined),
      rank === 0 ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH',
    ],
  ];
  if (size > 1) {
    bad.push(
      [
        'a function of one rank',
        () => collective.allgatherObject(rank === 0 ? () => 0 : 1),
        rank === 0 ? 'NOT_SERIALIZABLE' : 'COLLECTIVE_MISMATCH',
      ],
      [
        'another operation',
        () => (rank === 0 ? collective.allgatherObject(1) : collective.gatherObject(1)),
        'COLLECTIVE_MISMATCH',
      ],
    );
  }
  const wrong: string[] = [];
  for (const [sentence, call, code] of bad) wrong.push(...(await failure(sentence, call, code)));
  const ranks = Array.from({ length: size }, (_, each) => each);
  return [...wrong, ...difference('after refusals', await collective.allgatherObject(rank), ranks)];
}
