/** Buckets: what arrays that are added one by one become, whoever is early. */
import type { Bucket, Collective, Dtype, ReduceOp } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { randomOf } from '../../support/random.js';
import { arrayOf } from './contract-model.js';
import { bytes, filled } from './filled.js';
import type { Bad } from './failure.js';
import { failure } from './failure.js';
import type { places } from './placed-array.js';
import { place } from './placed-array.js';

/** Everything that fills a bucket; equal on all ranks. */
export interface Fill {
  readonly op: ReduceOp;
  readonly bytes: number;
  readonly seed: number;
  readonly items: readonly {
    readonly dtype: Dtype;
    readonly count: number;
    /** Of the ranks' arrays in turn. */
    readonly places: readonly (typeof places)[number][];
  }[];
}

/** What the code of a rank does between two adds: nothing, waits for a turn or a moment, for the last add, or flushes. */
const pauses = ['none', 'none', 'none', 'turn', 'moment', 'last', 'flush'] as const;

/** What was wrong, in words. Each rank pauses where it likes. */
export async function fill({ op, bytes: most, seed, items }: Fill, group: Collective = collective): Promise<string[]> {
  const { rank, size } = group;
  const own = randomOf(seed + 104_729 * (rank + 1));
  const bucket = group.bucket({ op, bytes: most });
  const numbers = items.map(({ dtype, count }, index) => filled(dtype, count, seed + 31 * index + rank));
  const label = `rank ${rank} of ${size}, ${JSON.stringify({ op, most, seed, items })}`;
  const wrong: string[] = [];
  const added: Promise<unknown>[] = [];
  const placed = [];
  for (const [index, { dtype, places: all }] of items.entries()) {
    const one = await place(all[rank % all.length]!, dtype, numbers[index]!, group);
    placed.push(one);
    const argument = ArrayBuffer.isView(one.argument) ? { data: one.argument, dtype } : one.argument;
    const promise = bucket.add(argument as never);
    added.push(promise.then((got) => got !== argument && wrong.push(`${label}: add ${index} gave something else`)));
    const pause = pauses[own(pauses.length)]!;
    if (pause === 'turn') await new Promise((resolve) => setImmediate(resolve));
    if (pause === 'moment') await new Promise((resolve) => setTimeout(resolve, own(3)));
    if (pause === 'last') await promise;
    if (pause === 'flush') await bucket.flush();
  }
  if (own(2) === 0) await bucket.flush();
  await Promise.all(added);
  for (const [index, { dtype }] of items.entries()) {
    const array = arrayOf(dtype, items[index]!.count);
    bytes(array).set(bytes(numbers[index]!));
    await group.allreduce(array, { op, dtype } as never); // the call for this array alone
    const got = placed[index]!.bytes();
    if (!got || Buffer.compare(got, bytes(array)) !== 0) wrong.push(`${label}: array ${index} differs`);
  }
  for (const each of placed) each.free();
  return wrong;
}

/** 100 gradients of 1,000 floats, in steps. */
export async function gradients(steps: number): Promise<string[]> {
  const { rank, size } = context;
  const bucket = collective.bucket({ op: 'sum', bytes: 100_000 });
  const arrays = Array.from({ length: 100 }, () => new Float32Array(1_000));
  const wrong: string[] = [];
  for (let step = 0; step < steps; step++) {
    for (const [index, array] of arrays.entries()) void bucket.add(array.fill(rank + index + step));
    await bucket.flush();
    for (const [index, array] of arrays.entries()) {
      const sum = size * (index + step) + (size * (size - 1)) / 2;
      if (array.some((value) => value !== sum)) wrong.push(`step ${step}, array ${index} is ${array[0]}, not ${sum}`);
    }
  }
  return wrong;
}

/** Nothing there, nothing in it, and an array that is longer than the bucket. */
export async function edges(): Promise<string[]> {
  const { size } = context;
  const bucket = collective.bucket({ bytes: 16 });
  await bucket.flush();
  const [empty, long, short] = [new Float32Array(0), new Float64Array(70_000).fill(1), new Int8Array(3).fill(1)];
  await Promise.all([bucket.add(empty), bucket.add(long), bucket.add(short)]);
  await bucket.add(short);
  const isSum = long.every((value) => value === size) && short.every((value) => value === size * size);
  return isSum ? [] : [`${long[0]} and ${short[0]} of ${size}`];
}

/** What is refused on one rank, or on all, takes its place in the order on all of them. */
export async function bad(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const options: Bad[] = [
    ['bytes below 1', async () => Promise.resolve(collective.bucket({ bytes: 0 })), 'INVALID_ARGUMENT'],
    ['half a byte', async () => Promise.resolve(collective.bucket({ bytes: 1.5 })), 'INVALID_ARGUMENT'],
    ['an unknown option', async () => Promise.resolve(collective.bucket({ root: 1 } as never)), 'INVALID_ARGUMENT'],
  ];
  for (const [sentence, call, code] of options) wrong.push(...(await failure(sentence, call, code)));
  const bucket = collective.bucket();
  const last = rank === size - 1;
  const peer = last ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
  const x = new Float32Array(4).fill(1);
  const y = new Float32Array(4).fill(1);
  const adds: [string, unknown, string | undefined][] = [
    ['before', x, undefined],
    ['text', last ? 'text' : new Float32Array(2), peer],
    ['the same once more', last ? x : new Float32Array(4), peer],
    ['text everywhere', 'text', 'INVALID_ARGUMENT'],
    ['after', y, undefined],
  ];
  const promises = adds.map(([, buffer]) => bucket.add(buffer as never));
  const ends = await Promise.allSettled(promises);
  for (const [index, [sentence, , code]] of adds.entries()) {
    const end = ends[index]!;
    const got = end.status === 'rejected' ? (end.reason as { code?: string }).code : undefined;
    if (got !== (code && `ERR_SHOAL_${code}`)) wrong.push(`rank ${rank}, ${sentence}: ${got} in place of ${code}`);
  }
  if ([...x, ...y].some((value) => value !== size)) wrong.push(`rank ${rank}: ${x[0]} and ${y[0]}`);
  wrong.push(...(await failure('the flush tells it', () => bucket.flush(), last ? 'INVALID_ARGUMENT' : peerOf(size))));
  await bucket.flush();
  wrong.push(...(await detached(bucket)));
  if (size > 1) wrong.push(...(await mismatches(bucket)));
  await bucket.add(x);
  return x[0] === size * size ? wrong : [...wrong, `after all that ${x[0]}`];
}

/** Of one rank the last is itself. */
function peerOf(size: number): string {
  return size === 1 ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
}

/** An array whose memory is gone before the call that takes it. */
async function detached(bucket: Bucket): Promise<string[]> {
  const { rank, size } = context;
  const array = new Float32Array(4);
  const added = bucket.add(array);
  const isOwn = rank === size - 1;
  if (isOwn) structuredClone(array.buffer, { transfer: [array.buffer] });
  const code = isOwn ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
  const says = isOwn ? 'but it was detached.' : `rank ${size - 1} has none`;
  const wrong = await failure('an array that is detached while it waits', () => added, code, says);
  await bucket.flush().catch(() => undefined);
  return wrong;
}

/** A rank that adds fewer arrays than the others and goes on: both sides are told in their words. */
export async function fewer(): Promise<string[]> {
  const { rank } = context;
  const bucket = collective.bucket();
  const adds = rank === 0 ? 3 : 2;
  for (let i = 0; i < adds; i++) void bucket.add(new Float32Array(1));
  if (rank > 0) {
    await bucket.flush();
    return failure('another collective', () => collective.barrier(), 'COLLECTIVE_MISMATCH', 'rank 0: bucket.add(…); ');
  }
  const says = 'Array 2, counted from 0, was added here, and rank 1 has not: barrier()';
  return failure('a flush', () => bucket.flush(), 'COLLECTIVE_MISMATCH', says);
}

/** Other lengths and dtypes, and another call: nothing is written. */
async function mismatches(bucket: Bucket): Promise<string[]> {
  const odd = context.rank === 0;
  const list = [new Float32Array(5)];
  const other = (): Promise<unknown> => (odd ? collective.allreduce(list) : bucket.add(list[0]!));
  const found = await failure('a list in place of an add', other, 'COLLECTIVE_MISMATCH');
  const arrays: (Float32Array | Int32Array)[] = [
    new Float32Array(odd ? 3 : 4).fill(1),
    odd ? new Int32Array(2) : new Float32Array(2),
  ];
  const wrong = [...found];
  const says = [
    'is float32 × 3 on rank 0 and float32 × 4 on rank 1',
    'is int32 × 2 on rank 0 and float32 × 2 on rank 1',
  ];
  for (const [i, array] of arrays.entries()) {
    wrong.push(...(await failure('shapes', () => bucket.add(array as Float32Array), 'COLLECTIVE_MISMATCH', says[i])));
    if (new Set(array).size > 1) wrong.push('a mismatch has written');
  }
  return wrong;
}

/** A buffer that waits or goes belongs to the bucket, until its promise settles. */
export async function inUse(): Promise<string[]> {
  const { size } = context;
  const bucket = collective.bucket();
  const x = new Float32Array(4).fill(1);
  const promise = bucket.add(x);
  const wrong = await failure('an array that waits', () => collective.allreduce(x), 'INVALID_ARGUMENT');
  await promise;
  await collective.allreduce(x);
  return x[0] === size * size ? wrong : [...wrong, `${x[0]} of ${size}`];
}

/** A bucket of a group of its own, beside collectives of the task that come wherever each rank is with its adds. */
export async function besideOthers(seed: number): Promise<string[]> {
  const { rank, size } = context;
  const own = randomOf(seed + rank);
  const group = await collective.split(0);
  const bucket = group.bucket({ op: 'max', bytes: 200 });
  const arrays = Array.from({ length: 40 }, (_, index) => new Int32Array(10).fill(rank + index));
  const adding = async (): Promise<void> => {
    for (const array of arrays) {
      void bucket.add(array);
      if (own(3) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await bucket.flush();
  };
  const sums: number[] = [];
  const summing = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      sums.push(await collective.allreduce(i));
      if (own(3) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all([adding(), summing()]);
  group.close();
  const wrong = arrays.flatMap((array, index) =>
    array.every((value) => value === size - 1 + index) ? [] : [`array ${index} is ${array[0]}`],
  );
  return [...wrong, ...sums.flatMap((sum, i) => (sum === i * size ? [] : [`sum ${i} is ${sum}`]))];
}

/** A rank that adds nothing: the others end at the deadline, each add of theirs. */
export async function missing(timeoutMs: number): Promise<string[]> {
  const bucket = collective.bucket({ timeoutMs });
  if (context.rank === 0) {
    // Its next call hears that the group has failed.
    await new Promise((resolve) => setTimeout(resolve, 3 * timeoutMs));
    return failure('a call after it', () => collective.barrier(), 'COLLECTIVE_TIMEOUT');
  }
  const arrays = [new Float32Array(3), new Float32Array(3)];
  const ends = await Promise.allSettled([bucket.add(arrays[0]!), bucket.add(arrays[1]!)]);
  const codes = ends.map((end) => (end.status === 'rejected' ? (end.reason as { code: string }).code : 'fulfilled'));
  const wrong = codes.filter((code) => code !== 'ERR_SHOAL_COLLECTIVE_TIMEOUT');
  return [...wrong, ...(await failure('a later add', () => bucket.add(arrays[0]!), 'COLLECTIVE_TIMEOUT'))];
}
