/** Operations whose arrays have a block for each rank: what may be left out, what may overlap, and what is refused. */
import { collective, context } from 'shoal/worker';
import type { Bad } from './failure.js';
import { failure } from './failure.js';

/** No elements, a few, a part of a staging half, and several pieces of it. */
const counts = [0, 3, 1_000, 40_000] as const;

const make: Readonly<Record<string, (length: number) => Int32Array>> = {
  plain: (length) => new Int32Array(length),
  odd: (length) => new Int32Array(new ArrayBuffer(4 * length + 12), 4, length),
  window: (length) => collective.empty(Int32Array, length),
};

const mine = (rank: number, i: number): number => rank * 1_000_003 + i;

function fill(array: Int32Array, value: (i: number) => number): void {
  for (let i = 0; i < array.length; i++) array[i] = value(i);
}

function difference(label: string, array: ArrayLike<number>, want: (i: number) => number): string[] {
  for (let i = 0; i < array.length; i++) {
    if (array[i] !== want(i)) {
      return [`rank ${context.rank} of ${context.size}, ${label}: element ${i} is ${array[i]}, not ${want(i)}`];
    }
  }
  return [];
}

/** An array is this rank's block of the other one. */
export async function ownBlocks(): Promise<string[]> {
  const { rank, size } = context;
  const root = size - 1;
  const wrong: string[] = [];
  for (const [kind, of] of Object.entries(make)) {
    for (const count of counts) {
      const label = `${kind}, ${count}`;
      const whole = of(count * size);
      const block = whole.subarray(rank * count, (rank + 1) * count);
      const from = (i: number): number => mine(Math.floor(i / count), i % count);
      fill(block, (i) => mine(rank, i));
      await collective.allgather(block, { out: whole });
      wrong.push(...difference(`allgather, ${label}`, whole, from));

      whole.fill(-1);
      fill(block, (i) => mine(rank, i));
      await collective.gather(block, { root, out: whole });
      if (rank === root) wrong.push(...difference(`gather, ${label}`, whole, from));
      else wrong.push(...difference(`gather, not the root, ${label}`, block, (i) => mine(rank, i)));

      fill(whole, (i) => mine(root, i));
      const out = rank === root ? block : of(count);
      await collective.scatter(rank === root ? whole : undefined, { root, out });
      wrong.push(...difference(`scatter, ${label}`, out, (i) => mine(root, rank * count + i)));

      fill(whole, (i) => mine(rank, i) % 1_000);
      await collective.reduceScatter(whole, { op: 'max', out: block });
      const largest = (i: number): number =>
        Math.max(...Array.from({ length: size }, (_, each) => mine(each, rank * count + i) % 1_000));
      wrong.push(...difference(`reduceScatter, ${label}`, block, largest));
      await collective.barrier();
      if (kind === 'window')
        for (const each of new Set([whole, ...(out === block ? [] : [out])])) collective.free(each);
    }
  }
  return wrong;
}

/** Without `out`. */
export async function madeArrays(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  for (const count of counts) {
    const one = new Int32Array(count);
    fill(one, (i) => mine(rank, i));
    const each = new Int32Array(count * size);
    fill(each, (i) => mine(rank, i));
    const gathered = await collective.allgather(one);
    const exchanged = await collective.alltoall(each);
    const reduced = await collective.reduceScatter(each, { op: 'min' });
    const rooted = await collective.gather(one, { root: 0 });
    const from = (i: number): number => mine(Math.floor(i / count), i % count);
    if (!(gathered instanceof Int32Array) || !(exchanged instanceof Int32Array) || !(reduced instanceof Int32Array)) {
      wrong.push('an array of another class was made');
    }
    wrong.push(...difference('allgather', gathered, from));
    const to = (i: number): number => mine(Math.floor(i / count), rank * count + (i % count));
    wrong.push(...difference('alltoall', exchanged, to));
    wrong.push(...difference('reduceScatter', reduced, (i) => mine(0, rank * count + i)));
    if (rank === 0) wrong.push(...difference('gather', rooted ?? [], from));
    if ((rooted !== undefined) !== (rank === 0)) wrong.push(`gather gave ${String(rooted)} on rank ${rank}`);
  }
  return wrong;
}

/** A prepared call makes one array. */
export async function preparedArrays(): Promise<string[]> {
  const { rank } = context;
  const one = Float64Array.of(rank);
  const call = collective.allgatherInit(one);
  const first = await call.start();
  one[0] = rank + 10;
  const second = await call.start();
  call.free();
  const wrong = difference('the second start', second, (i) => i + 10);
  if (first !== second) wrong.push('the second start gave another array');
  const shared = await collective.emptyShared(Float64Array, 3);
  const gathered = collective.gatherInit(shared, { root: 0 });
  const all = await gathered.start();
  gathered.free();
  return all?.some((value) => value !== 0) ? [...wrong, `gather of a shared array gave ${String(all)}`] : wrong;
}

/** The root alone gets something, or rank 0 nothing; its arrays are as they were. */
export async function untouched(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  for (const of of Object.values(make)) {
    for (const count of [3, 40_000]) {
      const array = of(count);
      const spare = new Int32Array(count * size).fill(-1);
      fill(array, (i) => mine(rank, i));
      const total = await collective.reduce(array, { root: 0, op: 'max' });
      const kept = (i: number): number => mine(rank === 0 ? size - 1 : rank, i);
      wrong.push(...difference('reduce', array, kept));
      if ((total === undefined) !== (rank !== 0)) wrong.push('reduce gave its result to the wrong rank');
      await collective.gather(array, { root: 0, out: spare });
      if (rank !== 0) wrong.push(...difference('gather', spare, () => -1));
      fill(array, (i) => mine(rank, i));
      const before = await collective.exscan(array, { op: 'max' });
      if (before !== array) wrong.push('exscan gave another array than its buffer');
      wrong.push(...difference('exscan', array, (i) => mine(Math.max(rank - 1, 0), i)));
    }
  }
  return wrong;
}

/** Calls that are wrong on every rank alike. */
export async function refused(): Promise<string[]> {
  const { size } = context;
  const x = new Int32Array(4 * size);
  const window = collective.empty(Int32Array, 4 * size);
  const shared = await collective.emptyShared(Int32Array, 4 * size);
  const tensor = { data: x, shape: [4, size] };
  const bad: Bad[] = [
    ['a list too short', () => collective.allgather(x, { out: [] as never }), 'INVALID_ARGUMENT'],
    [
      'arrays that differ',
      () => collective.alltoall(Array.from({ length: size + 1 }, (_, i) => new Int32Array(i))),
      'INVALID_ARGUMENT',
    ],
    ['a short out', () => collective.allgather(x, { out: new Int32Array(4 * size * size + 1) }), 'INVALID_ARGUMENT'],
    [
      'an out of another class',
      () => collective.alltoall(x, { out: new Uint32Array(4 * size) as never }),
      'INVALID_ARGUMENT',
    ],
    ['a scatter without out', () => collective.scatter(x, {} as never), 'INVALID_ARGUMENT'],
    ['a tensor without out', () => collective.allgather(tensor), 'INVALID_ARGUMENT'],
    ['an alltoall in place', () => collective.alltoall(window, { out: window }), 'INVALID_ARGUMENT'],
    ['a root that is none', () => collective.gather(x, { root: size }), 'INVALID_ARGUMENT'],
    ['a shared out of a scan', () => collective.scan(x, { out: shared }), 'INVALID_ARGUMENT'],
    [
      'bits of floats',
      () => collective.reduceScatter(new Float32Array(size), { op: 'band' as never }),
      'INVALID_ARGUMENT',
    ],
    ['an option that it has not', () => collective.allgather(x, { root: 0 } as never), 'INVALID_ARGUMENT'],
  ];
  if (size > 1) {
    const half = new Int32Array(4 * size * size);
    bad.push(
      ['a block too few', () => collective.alltoall(new Int32Array(4 * size - 1)), 'INVALID_ARGUMENT'],
      ['an overlap', () => collective.allgather(half.subarray(1, 1 + 4 * size), { out: half }), 'INVALID_ARGUMENT'],
      ['a shifted block', () => collective.reduceScatter(x, { out: x.subarray(1, 5) }), 'INVALID_ARGUMENT'],
    );
  }
  const wrong: string[] = [];
  for (const [sentence, call, code] of bad) wrong.push(...(await failure(sentence, call, code)));
  wrong.push(...difference('after refusals', await collective.allgather(Int32Array.of(context.rank)), (i) => i));
  return wrong;
}

/** Calls that differ between the ranks. */
export async function mismatched(): Promise<string[]> {
  const { rank, size } = context;
  if (size === 1) return [];
  const odd = rank === size - 1;
  const x = new Int32Array(2 * size).fill(rank);
  const out = new Int32Array(2 * size).fill(-1);
  const bad: Bad[] = [
    [
      'counts',
      () => collective.allgather(odd ? x.subarray(0, 1) : x.subarray(0, 2), { out: odd ? out.subarray(0, size) : out }),
      'COLLECTIVE_MISMATCH',
    ],
    ['roots', () => collective.reduce(x, { root: odd ? 1 : 0, out }), 'COLLECTIVE_MISMATCH'],
    ['operations', () => (odd ? collective.scan(x, { out }) : collective.exscan(x, { out })), 'COLLECTIVE_MISMATCH'],
    ['names', () => collective.alltoall(x, { out, name: odd ? 'a' : 'b' }), 'COLLECTIVE_MISMATCH'],
    [
      'a bad call of one',
      () => collective.alltoall(odd ? x.subarray(1) : x, { out }),
      odd ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH',
    ],
  ];
  const wrong: string[] = [];
  for (const [sentence, call, code] of bad) wrong.push(...(await failure(sentence, call, code)));
  wrong.push(...difference('the result of a mismatch', out, () => -1));
  wrong.push(...difference('after mismatches', await collective.allgather(Int32Array.of(rank)), (i) => i));
  return wrong;
}
