/** Task functions of the shared suite: each returns what was wrong, in words. */
import { collective, context } from 'shoal/worker';
import type { TypedArray } from 'shoal/worker';
import { layoutNumbers, stagingBytes } from '../../../src/backend/window/layout.js';
import { randomOf } from '../../support/random.js';
import type { TestDtype } from './oracle.js';
import { classOf, difference, dtypes, elements, expected, fill, ops } from './oracle.js';

/** Around every SIMD width, both sides of the small limit, several chunks, several pieces of the staging. */
const counts = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 67, 512, 513, 1000, 1024, 1025, 70_001];

type Kind = 'plain' | 'window' | 'odd' | 'shared';

function make(kind: Kind, dtype: TestDtype, count: number): TypedArray {
  const arrayClass = classOf[dtype] as unknown as new (
    buffer: ArrayBuffer | SharedArrayBuffer,
    offset: number,
    count: number,
  ) => TypedArray;
  const itemBytes = classOf[dtype].BYTES_PER_ELEMENT;
  if (kind === 'window') return collective.empty(classOf[dtype] as typeof Float32Array, count);
  if (kind === 'shared') return new arrayClass(new SharedArrayBuffer(count * itemBytes), 0, count);
  const offset = kind === 'odd' ? itemBytes : 0;
  return new arrayClass(new ArrayBuffer(count * itemBytes + 2 * offset), offset, count);
}

/**
 * Every dtype × op × count, in place, on arrays of one kind or of different kinds on each rank. With more than two
 * ranks each dtype × op has a third of the counts, drawn from `seed`, which is the same on all ranks.
 */
export async function allreduceAll(kind: Kind | 'mixed', seed: number): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  const random = randomOf(seed);
  const isDrawn = (): boolean => random(3) === 0 || size <= 2;
  for (const dtype of dtypes) {
    for (const op of ops) {
      for (const count of counts.filter(isDrawn)) {
        const own = kind === 'mixed' ? (['plain', 'window', 'odd'] as const)[(rank + count) % 3]! : kind;
        const array = make(own, dtype, count);
        fill(array, dtype, rank);
        const result = await collective.allreduce(array, { op });
        if (result !== array) wrong.push(`${dtype} ${op} ${count}: another array came back`);
        const bad = difference(array, expected(dtype, op, size));
        if (bad) wrong.push(`${own} ${dtype} ${op} ${count} rank ${rank} of ${size}: ${bad}`);
        if (own === 'window') collective.free(array);
      }
    }
  }
  return wrong;
}

/** `out` leaves the buffer as it was; bytes around an odd view stay as they were. */
export async function outAndPoison(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  const kinds: readonly Kind[] = ['plain', 'window', 'odd'];
  for (const count of [1, 65, 1025, 70_001]) {
    for (const inKind of kinds) {
      for (const outKind of kinds) {
        const [array, out] = [make(inKind, 'float32', count), make(outKind, 'float32', count)];
        fill(array, 'float32', rank);
        if ((await collective.allreduce(array, { out })) !== out) wrong.push('out did not come back');
        const label = `${inKind} → ${outKind}, ${count}`;
        const bad = difference(out, expected('float32', 'sum', size));
        if (bad) wrong.push(`${label}: ${bad}`);
        const changed = difference(array, elements('float32', rank));
        if (changed) wrong.push(`${label}, buffer: ${changed}`);
        if (outKind === 'window') collective.free(out);
        if (inKind === 'window') collective.free(array);
      }
    }
    const poisoned = new Float32Array(count + 2).fill(-77);
    const view = poisoned.subarray(1, count + 1);
    fill(view, 'float32', rank);
    await collective.allreduce(view, { op: 'max' });
    if (poisoned[0] !== -77 || poisoned[count + 1] !== -77) wrong.push(`poison was written, ${count}`);
  }
  return wrong;
}

/**
 * Arrays around the part of a result that is copied out at once, around a piece, and of several pieces. They are at odd
 * offsets, in place and not. Run when all ranks have ordinary arrays and when one has not. Bytes around them stay as
 * they were.
 */
export async function pieces(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  for (const dtype of ['uint8', 'float32', 'float64'] as const) {
    const arrayClass = classOf[dtype] as unknown as new (
      buffer: ArrayBuffer,
      offset: number,
      count: number,
    ) => TypedArray;
    const item = classOf[dtype].BYTES_PER_ELEMENT;
    const edgeBytes = [layoutNumbers.scratchBytes, stagingBytes, ...(dtype === 'float64' ? [3 * stagingBytes] : [])];
    for (const count of edgeBytes.map((bytes) => bytes / item).flatMap((edge) => [edge - 1, edge, edge + 3])) {
      const result = expected(dtype, 'sum', size);
      for (const windowRank of [-1, count % size]) {
        const lead = 3 * item;
        const around = (): Uint8Array => new Uint8Array(lead + count * item + 5).fill(poison);
        const [memory, outMemory] = [around(), around()];
        const own = new arrayClass(memory.buffer as ArrayBuffer, lead, count);
        const out = new arrayClass(outMemory.buffer as ArrayBuffer, lead, count);
        const array = rank === windowRank ? make('window', dtype, count) : own;
        const label = `${dtype} × ${count}, rank ${rank} of ${size}, in the window: rank ${windowRank}`;
        const check = (what: string, bad: string | undefined): unknown =>
          bad && wrong.push(`${label}, ${what}: ${bad}`);
        fill(array, dtype, rank);
        await collective.allreduce(array, { out });
        check('out', difference(out, result));
        check('input', difference(array, elements(dtype, rank)));
        await collective.allreduce(array);
        check('in place', difference(array, result));
        fill(array, dtype, rank);
        await collective.broadcast(array, { root: size - 1 });
        check('broadcast', difference(array, elements(dtype, size - 1)));
        if (array === own) check('memory around it', whatChanged(memory, lead, count * item));
        check('memory around out', whatChanged(outMemory, lead, count * item));
        if (rank === windowRank) collective.free(array);
      }
    }
  }
  return wrong;
}

const poison = 0xa5;

function whatChanged(memory: Uint8Array, lead: number, sizeBytes: number): string | undefined {
  const around = [...memory.subarray(0, lead), ...memory.subarray(lead + sizeBytes)];
  return around.every((byte) => byte === poison) ? undefined : 'it was written to';
}

/** From every root, plain and window arrays mixed. */
export async function broadcastAll(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  for (const kind of ['plain', 'window', 'mixed'] as const) {
    for (const count of [0, 1, 3, 1024, 1025, 70_001, 200_003]) {
      for (let root = 0; root < size; root++) {
        const own = kind === 'mixed' ? ((rank + root) % 2 === 0 ? 'plain' : 'window') : kind;
        const array = make(own, 'float32', count);
        fill(array, 'float32', rank);
        await collective.broadcast(array, { root });
        const bad = difference(array, elements('float32', root));
        if (bad) wrong.push(`${own} count ${count} root ${root} rank ${rank}: ${bad}`);
        if (own === 'window') collective.free(array);
      }
    }
  }
  return wrong;
}

/** NaN on each single rank, signed zeros on alternating ranks, infinities. */
export async function floatEdges(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  for (const dtype of ['float32', 'float64'] as const) {
    for (let bad = 0; bad < size; bad++) {
      for (const op of ['min', 'max', 'sum', 'prod'] as const) {
        const array = new classOf[dtype](67).fill(rank === bad ? NaN : rank);
        await collective.allreduce(array, { op });
        if (!array.every((value) => Number.isNaN(value))) wrong.push(`${dtype} ${op}: NaN of rank ${bad} was lost`);
      }
    }
    const zeros = new classOf[dtype](19).fill(rank % 2 === 0 ? -0 : 0);
    const least = await collective.allreduce(zeros.slice(), { op: 'min' });
    const most = await collective.allreduce(zeros.slice(), { op: 'max' });
    if (!least.every((value) => Object.is(value, -0))) wrong.push(`${dtype}: the minimum of ±0 is not -0`);
    if (!most.every((value) => Object.is(value, size === 1 ? -0 : 0)))
      wrong.push(`${dtype}: the maximum of ±0 is not 0`);
    const huge = new classOf[dtype](5).fill(rank === 0 ? Infinity : -Infinity);
    await collective.allreduce(huge);
    if (size > 1 && !Number.isNaN(huge[4])) wrong.push(`${dtype}: Infinity - Infinity is ${huge[4]}`);
  }
  return wrong;
}

/** Ray's conformance: ones give W; on the same buffer again W²; rank r gives r + 2. */
export async function rayCases(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  for (const name of ['default', 'test', '123?34!', 'x'.repeat(200)]) {
    for (const count of [2, 2 ** 5, 2 ** 10, 2 ** 15]) {
      const ones = new Float32Array(count).fill(1);
      await collective.allreduce(ones, { name });
      if (!ones.every((value) => value === size)) wrong.push(`${name} ${count}: not W`);
      await collective.allreduce(ones, { name });
      if (!ones.every((value) => value === size ** 2)) wrong.push(`${name} ${count}: not W²`);
    }
  }
  const factorial = Array.from({ length: size }, (_, r) => r + 2).reduce((a, b) => a * b, 1);
  for (const [op, value] of [
    ['PRODUCT', factorial],
    ['MIN', 2],
    ['MAX', size + 1],
    ['SUM', (size * (size + 3)) / 2],
  ] as const) {
    const array = await collective.allreduce(Float64Array.of(rank + 2), { op });
    if (array[0] !== value) wrong.push(`${op}: expected ${value}, got ${array[0]}`);
  }
  return wrong;
}

/** Many calls in flight at once, and barriers between: results come in call order. */
export async function inFlight(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  const arrays = Array.from({ length: 20 }, (_, i) => new Int32Array(10 * i + 1).fill(rank + i));
  const order: number[] = [];
  await Promise.all(
    arrays.map(async (array, i) => {
      await collective.allreduce(array);
      order.push(i);
      if (i % 3 === 0) await collective.barrier();
    }),
  );
  arrays.forEach((array, i) => {
    const want = (size * (size - 1)) / 2 + size * i;
    if (!array.every((value) => value === want)) wrong.push(`call ${i}: expected ${want}, got ${array[0]}`);
  });
  if (order.join() !== arrays.map((_, i) => i).join()) wrong.push(`settled in order ${order.join()}`);
  return wrong;
}

/** The window: zeros, freed memory is used again, exhaustion is an error with the numbers in it. */
export async function windowArrays(): Promise<string[]> {
  const wrong: string[] = [];
  for (let round = 0; round < 200; round++) {
    const array = collective.empty(Float64Array, 50_000);
    if (!array.every((value) => value === 0)) wrong.push(`round ${round}: not zeros`);
    array.fill(7);
    collective.free(array);
  }
  const attempts: (() => unknown)[] = [
    () => collective.empty(Float32Array, 2 ** 40),
    () => collective.empty(Float32Array, -1),
    () => collective.empty(Float32Array, 1.5),
    () => collective.empty(undefined as never, 1),
    () => collective.free(new Float32Array(1)),
    () => collective.free(collective.empty(Float32Array, 8).subarray(1)),
  ];
  const codes = attempts.map((attempt) => {
    try {
      attempt();
      return 'nothing';
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
  const invalid = 'ERR_SHOAL_INVALID_ARGUMENT';
  const want = ['ERR_SHOAL_WINDOW_EXHAUSTED', invalid, invalid, invalid, invalid, invalid];
  if (codes.join() !== want.join()) wrong.push(`codes ${codes.join()}`);
  const freed = collective.empty(Float32Array, 8);
  collective.free(freed);
  await collective.allreduce(freed).then(
    () => wrong.push('a freed array was taken'),
    (error: { code: string }) => {
      if (error.code !== 'ERR_SHOAL_CLOSED') wrong.push(`a freed array gave ${error.code}`);
    },
  );
  return wrong;
}
