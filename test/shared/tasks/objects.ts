/** Collectives on values of any kind. */
import { deepStrictEqual } from 'node:assert';
import { inspect } from 'node:util';
import { anySource, anyTag, collective, context } from 'shoal/worker';
import type { Bad } from './failure.js';
import { failure } from './failure.js';

function difference(label: string, got: unknown, want: unknown): string[] {
  try {
    deepStrictEqual(got, want);
    return [];
  } catch (error) {
    // In Node 20, a date without a time is not equal to another.
    if (whole(got) === whole(want)) return [];
    return [`rank ${context.rank} of ${context.size}, ${label}: ${(error as Error).message}`];
  }
}

function whole(value: unknown): string {
  return inspect(value, { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity });
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

/** An array in which elements are not there is the same on every rank. */
export async function holes(): Promise<string[]> {
  const { rank, size } = context;
  const sparse = Object.assign([], { 2: 'two', 5: undefined, length: 9 }) as unknown[];
  const got = [
    await collective.broadcastObject(rank === 0 ? sparse : 0),
    ...(await collective.allgatherObject(sparse)),
    (await collective.gatherObject(sparse))?.[size - 1] ?? sparse,
  ] as unknown[][];
  return got.flatMap((each) => difference('keys', [...Object.keys(each), each.length], ['2', '5', 9]));
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
    [
      'a function',
      () => collective.allgatherObject({ run: () => 0 }),
      'NOT_SERIALIZABLE',
      'allgatherObject: value.run is function run; between ranks go copies of values',
    ],
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
      ['an async fn', () => collective.allreduceObject<unknown>(1, async () => 1), 'INVALID_ARGUMENT'],
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
  for (const [sentence, call, code, says] of bad) wrong.push(...(await failure(sentence, call, code, says)));
  const ranks = Array.from({ length: size }, (_, each) => each);
  return [...wrong, ...difference('after refusals', await collective.allgatherObject(rank), ranks)];
}

/** Values go round a ring, short and long, with tags in another order; each is a copy. */
export async function ringOfValues(list: readonly unknown[]): Promise<string[]> {
  const { rank, size } = context;
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  const wrong: string[] = [];
  const long = (each: number): unknown => [`${each}`.repeat(300_000), new Float64Array(40_000).fill(each)];
  const all = (each: number): unknown[] => [...list, undefined, long(each), { rank: each }];
  const coming = all(before).map(async (want, tag) => {
    const { data, ...head } = await collective.recvObject(before, { tag });
    wrong.push(...difference(`value ${tag}`, data, want), ...difference('the head', head, { source: before, tag }));
  });
  const mine = { rank };
  const values = [...list, undefined, long(rank), mine];
  const sent = values.map((value, tag) => collective.sendObject(value, next, { tag })).reverse();
  mine.rank = -1; // the copy was made
  await Promise.all([...sent, ...coming]);
  return wrong;
}

/** The blocking form, messages of anybody, and what probe says. */
export async function valuesFromAnybody(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  if (rank !== 0) {
    for (let i = 0; i < 20; i++) await collective.sendObject({ rank, i, text: 'x'.repeat(i * 500) }, 0, { tag: i });
    return wrong;
  }
  const seen = Array<number>(size).fill(0);
  for (let i = 0; i < 20 * (size - 1); i++) {
    const head = await collective.probe(anySource, { tag: anyTag });
    if (head.dtype !== 'object' || head.count < 8) wrong.push(`probe says ${head.dtype} × ${head.count}`);
    const { data, source, tag } = await collective.recvObject<{ rank: number; i: number }>(anySource, { tag: anyTag });
    const want = { rank: source, i: seen[source]!, text: 'x'.repeat(tag * 500) };
    wrong.push(...difference('the value', data, want), ...difference('the tag', tag, seen[source]!++));
  }
  return wrong;
}

/** Messages of one kind met by receives of the other, and what cannot be sent. */
export async function mixedKinds(): Promise<string[]> {
  const { rank, size } = context;
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  const wrong: string[] = [];
  const bytes = new Uint8Array(300).fill(7);
  const long = 'x'.repeat(100_000);
  const sent = [
    collective.sendObject('short', next),
    collective.send(bytes, next),
    collective.sendObject(long, next),
    collective.send(new Float32Array(30_000), next),
    collective.sendObject('last', next),
  ];
  const buffer = new Uint8Array(200_000).fill(9);
  wrong.push(...(await failure('recv', () => collective.recv(buffer, before), 'COLLECTIVE_MISMATCH')));
  wrong.push(...(await failure('recvObject', () => collective.recvObject(before), 'COLLECTIVE_MISMATCH')));
  wrong.push(...(await failure('recv of a long one', () => collective.recv(buffer, before), 'COLLECTIVE_MISMATCH')));
  wrong.push(...(await failure('recvObject of floats', () => collective.recvObject(before), 'COLLECTIVE_MISMATCH')));
  if (buffer.some((byte) => byte !== 9)) wrong.push('a receive of another kind has written');
  wrong.push(...difference('the next message', (await collective.recvObject(before)).data, 'last'));
  await Promise.all(sent);
  const bad: Bad[] = [
    [
      'a function',
      () => collective.sendObject({ run: () => 0 }, next),
      'NOT_SERIALIZABLE',
      'sendObject: value.run is function run; between ranks go copies of values',
    ],
    ['a rank that is none', () => collective.sendObject(1, size), 'INVALID_ARGUMENT'],
    ['a tag that is none', () => collective.sendObject(1, next, { tag: -1 }), 'INVALID_ARGUMENT'],
    ['an option that it has not', () => collective.sendObject(1, next, { dtype: 'int8' } as never), 'INVALID_ARGUMENT'],
    ['a source that is none', () => collective.recvObject(size), 'INVALID_ARGUMENT'],
  ];
  for (const [sentence, call, code, says] of bad) wrong.push(...(await failure(sentence, call, code, says)));
  return wrong;
}

/** In the form that stops the thread, where ranks have threads of their own. */
export async function blockingValues(): Promise<string[]> {
  const { rank, size } = context;
  if (['loopback', 'local'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '')) {
    return failure('one thread', async () => Promise.resolve(collective.recvObjectSync(rank)), 'UNSUPPORTED');
  }
  const value = { list: [rank], text: 'x'.repeat(50_000) };
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  if (size === 1) {
    collective.sendObjectSync('short', 0);
    return difference('to itself', collective.recvObjectSync(0), { data: 'short', source: 0, tag: 0 });
  }
  if (rank === 0) collective.sendObjectSync(value, next, { tag: 1 });
  const got = collective.recvObjectSync(before, { tag: 1 });
  if (rank !== 0) collective.sendObjectSync(value, next, { tag: 1 });
  return difference('round the ring', got, { data: { ...value, list: [before] }, source: before, tag: 1 });
}
