/** Node-shared arrays: each task returns what was wrong, in words, or codes. */
import type { AllreduceOptions, Dtype, ReduceOp, TypedArray, TypedArrayClass } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { randomOf } from '../../support/random.js';
import type { Element } from './contract-model.js';
import { arrayOf, fold, read, same, write } from './contract-model.js';

/** How the calls of a case are made. */
export interface SharedCase {
  readonly dtype: Dtype;
  readonly op: ReduceOp;
  readonly count: number;
  readonly root: number;
  readonly seed: number;
}

type Class = TypedArrayClass<TypedArray>;
type Shared = <T extends TypedArray>(arrayClass: TypedArrayClass<T>, count: number) => Promise<T>;

const classOf = (array: TypedArray): Class => array.constructor as unknown as Class;
const emptyShared: Shared = (arrayClass, count) => collective.emptyShared(arrayClass, count);

/** Some code of a rank that takes a while, or none. */
async function pause(random: (limit: number) => number): Promise<void> {
  if (random(3) === 0) await new Promise((resolve) => setTimeout(resolve, random(3)));
}

async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code?.replace('ERR_SHOAL_', '') ?? String(error);
  }
}

/** Fill an array with numbers that every rank can tell. */
function fill(dtype: Dtype, array: TypedArray, count: number, seed: number): void {
  const random = randomOf(seed);
  for (let i = 0; i < count; i++) write(dtype, array, i, random(5) + 1);
}

/**
 * Sums into one shared array, each rank in a form of its own, read twice: nobody may write to what a rank still reads.
 */
export async function results(cases: readonly SharedCase[], canBlock: boolean): Promise<string[]> {
  const wrong: string[] = [];
  for (const each of cases) wrong.push(...(await oneCase(each, canBlock)));
  return wrong;
}

async function oneCase({ dtype, op, count, root, seed }: SharedCase, canBlock: boolean): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  // Of this rank's own: which form it uses must not matter to the others.
  const random = randomOf(seed + rank);
  const sample = arrayOf(dtype, count);
  const options = { root: root % size, name: 'result' };
  const isBlocking = canBlock && random(2) === 0;
  const out = isBlocking
    ? collective.emptySharedSync(classOf(sample), sample.length, options)
    : await collective.emptyShared(classOf(sample), sample.length, options);
  if (out.constructor !== sample.constructor || out.length !== sample.length) wrong.push('another class or length');
  const zeros = Buffer.alloc(out.byteLength);
  const bytesOf = (array: TypedArray): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (Buffer.compare(bytesOf(out), zeros) !== 0) wrong.push('not zeros');
  const x = random(2) === 0 ? sample : collective.empty(classOf(sample), sample.length);
  const prepared = collective.allreduceInit(x, { dtype, op, out } as AllreduceOptions<TypedArray>);
  for (let step = 0; step < 3; step++) {
    const label = `${op} of ${dtype} × ${count}, step ${step}, rank ${rank} of ${size}, seed ${seed}`;
    const inputs = Array.from({ length: size }, (_, each) => {
      const array = arrayOf(dtype, count);
      fill(dtype, array, count, seed + 100 * step + each);
      return array;
    });
    bytesOf(x).set(bytesOf(inputs[rank]!));
    const given = { dtype, op, out } as AllreduceOptions<TypedArray>;
    const form = random(canBlock ? 4 : 2);
    const result = await [
      () => prepared.start(),
      () => collective.allreduce(x, given),
      () => prepared.startSync(),
      () => collective.allreduceSync(x, given),
    ][form]!();
    if (result !== out) wrong.push(`${label}: another array came back`);
    for (const time of ['at once', 'later']) {
      const bad = firstBad({ dtype, op, count }, out, inputs);
      if (bad !== undefined) wrong.push(`${label}, read ${time}: ${bad}`);
      await pause(random);
    }
    if (Buffer.compare(bytesOf(x), bytesOf(inputs[rank]!)) !== 0) wrong.push(`${label}: the input changed`);
    // The others have ended their reading; then the root writes, and all read what it wrote.
    await collective.barrier();
    const from = (root + step) % size;
    const want = arrayOf(dtype, count);
    fill(dtype, want, count, seed + step);
    if (rank === from) bytesOf(out).set(bytesOf(want));
    await collective.broadcast(out, { root: from, dtype });
    if (Buffer.compare(bytesOf(out), bytesOf(want)) !== 0) wrong.push(`${label}: not what root ${from} wrote`);
    await pause(random);
  }
  prepared.free();
  if (x !== sample) collective.free(x);
  collective.free(out);
  return wrong;
}

function firstBad(
  { dtype, op, count }: Pick<SharedCase, 'dtype' | 'op' | 'count'>,
  out: TypedArray,
  inputs: readonly TypedArray[],
): string | undefined {
  for (let i = 0; i < count; i++) {
    const values: Element[] = inputs.map((input) => read(dtype, input, i));
    const got = dtype === 'bool' ? out[i]! : read(dtype, out, i);
    const want = fold(dtype, op, values, false);
    if (!same(got, want))
      return `element ${i} is ${String(got)}, not ${String(want)} of ${values.map(String).join(' | ')}`;
  }
  return undefined;
}

/** Whether what one rank writes is what another reads: in a window, but not where ranks share no memory. */
export async function isOneCopy(): Promise<boolean> {
  const out = await emptyShared(Float32Array, 100);
  if (context.rank === 0) out.fill(7);
  await collective.barrier();
  return out.every((value) => value === 7);
}

/** Parts of one array, each the result of a call of its own, several of them in flight. */
export async function parts(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const lengths = [1, 128, 129, 5_000, 70_001];
  const out = await emptyShared(Float64Array, 100_000);
  let start = 0;
  const calls = lengths.map((length, i) => {
    const x = new Float64Array(length).fill((rank + 1) * (i + 1));
    const part = out.subarray(start, (start += length));
    return collective.allreduce(x, { out: part });
  });
  const results = await Promise.all(calls);
  for (const [i, part] of results.entries()) {
    const want = ((size * (size + 1)) / 2) * (i + 1);
    if (part.length !== lengths[i] || !part.every((value) => value === want)) wrong.push(`part ${i}: ${part[0]}`);
  }
  if (!out.subarray(start).every((value) => value === 0)) wrong.push('the rest was written');
  return wrong;
}

/** What is refused, with the code on each rank; nothing is made or written, and the group goes on. */
export async function refused(): Promise<{ codes: Record<string, string>; wrong: string[] }> {
  const { rank, size } = context;
  const codes: Record<string, string> = {};
  const wrong: string[] = [];
  const strange = collective as unknown as {
    emptyShared(arrayClass: unknown, count?: unknown, options?: unknown): Promise<TypedArray>;
  };
  const makes: Record<string, readonly unknown[]> = {
    'no class': [{}, 4],
    'a view without elements': [DataView, 4],
    'no number': [Float32Array, '4'],
    'below 0': [Float32Array, -1],
    'a part of one': [Float32Array, 1.5],
    'no count': [Float32Array],
    'no such root': [Float32Array, 4, { root: size }],
    'no such option': [Float32Array, 4, { op: 'sum' }],
    'no number of milliseconds': [Float32Array, 4, { timeoutMs: 0 }],
    'no name': [Float32Array, 4, { name: 5 }],
    'too long': [Float32Array, 2 ** 32],
    'other counts': [Float32Array, 4 + rank],
    'other classes': [rank === 0 ? Int32Array : Float32Array, 4],
    'other roots': [Float32Array, 4, { root: rank }],
    'other names': [Float32Array, 4, { name: `${rank}` }],
    'bad on one rank': [Float32Array, rank === 0 ? -1 : 4],
  };
  for (const [what, given] of Object.entries(makes)) {
    codes[what] = await codeOf(() => strange.emptyShared(given[0], given[1], given[2]));
  }

  const count = 200;
  const out = await emptyShared(Float32Array, count + size);
  const other = await emptyShared(Float32Array, count + size);
  const [x, plain] = [new Float32Array(count).fill(rank + 1), new Float32Array(count)];
  const whole = out.subarray(0, count);
  const strided = { data: out, shape: [2], strides: [3] };
  const calls: Record<string, () => unknown> = {
    'in place': () => collective.allreduce(out),
    'as what a rank brings': () => collective.allreduce(whole, { out: new Float32Array(count) }),
    'shared onto shared': () => collective.allreduce(whole, { out: other.subarray(0, count) }),
    'with gaps': () => collective.allreduce(new Float32Array(2), { out: strided as unknown as Float32Array }),
    'a broadcast with gaps': () => collective.broadcast(strided),
    'other parts': () => collective.allreduce(x, { out: out.subarray(rank, rank + count) }),
    'other arrays': () => collective.allreduce(x, { out: (rank === 0 ? other : out).subarray(0, count) }),
    'plain on one rank': () => collective.allreduce(x, { out: rank === 0 ? plain : whole }),
    'plain on the others': () => collective.allreduce(x, { out: rank === 0 ? whole : plain }),
    'few elements, plain on one rank': () =>
      collective.allreduce(x.subarray(0, 2), { out: (rank === 0 ? plain : out).subarray(0, 2) }),
    'a broadcast from plain': () => collective.broadcast(rank === 0 ? plain : whole),
    'a broadcast of other parts': () => collective.broadcast(out.subarray(rank, rank + count)),
    'too long a part': () => collective.allreduce(x, { out: out.subarray(0, count - 1) }),
    'free of a part': () => collective.free(whole),
  };
  for (const [what, call] of Object.entries(calls)) codes[what] = await codeOf(call);
  const pending = collective.allreduce(x, { out: whole });
  codes['free in flight'] = await codeOf(() => collective.free(out));
  await pending;
  const sum = (size * (size + 1)) / 2;
  if (!whole.every((value) => value === sum)) wrong.push(`after refusals: ${whole[0]}, not ${sum}`);
  if (!out.subarray(count).every((value) => value === 0)) wrong.push('refused calls have written');
  // A rank alone agrees with itself.
  if (size > 1 && ![...other, ...plain].every((value) => value === 0))
    wrong.push('refused calls have written elsewhere');
  collective.free(out);
  codes['freed twice'] = await codeOf(() => collective.free(out));
  codes['freed'] = await codeOf(() => collective.allreduce(x, { out: whole }));
  await collective.barrier();
  return { codes, wrong };
}

/** Prepared and cached calls on an array that was freed, then on another at its place. */
export async function again(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const x = collective.empty(Float32Array, 40).fill(rank + 1);
  const sum = (size * (size + 1)) / 2;
  for (let round = 0; round < 4; round++) {
    const out = await emptyShared(Float32Array, 40);
    const call = collective.allreduceInit(x, { out });
    for (let i = 0; i < 3; i++) {
      await (i === 1 ? call.start() : collective.allreduce(x, { out }));
      if (!out.every((value) => value === sum)) wrong.push(`round ${round}: ${out[0]}, not ${sum}`);
      await collective.barrier();
    }
    collective.free(out);
    const codes = [await codeOf(() => call.start()), await codeOf(() => collective.allreduce(x, { out }))];
    if (codes.some((code) => code !== 'CLOSED')) wrong.push(`round ${round}, freed: ${codes.join(' ')}`);
  }
  return wrong;
}

/** Make and free arrays, more in all than there is room; rank `lazy` frees none. Returns how many were made. */
export async function manyArrays(times: number, bytes: number, lazy: number): Promise<{ made: number; code: string }> {
  const [zeros, ones, sums] = [0, 1, context.size].map((value) => new Uint8Array(bytes).fill(value)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  for (let made = 0; made < times; made++) {
    let out: Uint8Array;
    try {
      out = await emptyShared(Uint8Array, bytes);
    } catch (error) {
      await collective.barrier();
      return { made, code: (error as { code: string }).code };
    }
    if (Buffer.compare(out, zeros) !== 0) return { made, code: 'not zeros' };
    await collective.allreduce(ones, { out });
    if (Buffer.compare(out, sums) !== 0) return { made, code: `${out[0]}` };
    if (context.rank !== lazy) collective.free(out);
  }
  await collective.barrier();
  return { made: times, code: 'none' };
}

/** Rank 0, which holds the array, returns at once; the others read on. Each returns the array itself. */
export async function readOn(count: number): Promise<Float32Array> {
  const out = await emptyShared(Float32Array, count);
  await collective.allreduce(new Float32Array(count).fill(context.rank + 1), { out });
  if (context.rank !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
  return out;
}

const kept = new Map<number, Float32Array>();

/** Keep an array beyond the end of its task; then use it, and free it. */
export async function outlive(step: 'keep' | 'use'): Promise<string[]> {
  const { worldRank } = context;
  if (step === 'keep') {
    kept.set(worldRank, await emptyShared(Float32Array, 30));
    return [];
  }
  const out = kept.get(worldRank)!;
  const codes = [await codeOf(() => collective.allreduce(new Float32Array(30), { out }))];
  codes.push(await codeOf(() => collective.free(out)));
  await collective.barrier();
  return codes;
}

/** What an error says that the ranks called. */
async function callsOf(call: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await call();
    return ['none'];
  } catch (error) {
    return (error as { calls?: { call: string }[] }).calls?.map((each) => each.call) ?? [String(error)];
  }
}

/** Calls on which the ranks differ, in words. */
export async function texts(): Promise<(readonly string[])[]> {
  const { rank } = context;
  const own = { name: rank === 0 ? 'a' : 'b' };
  const arrayClass: Class = rank === 0 ? Uint16Array : Float64Array;
  const made = await callsOf(() => collective.emptyShared(arrayClass, 12, own));
  const out = await emptyShared(Float32Array, 12);
  const part = out.subarray(rank, rank + 10);
  const written = await callsOf(() => collective.allreduce(new Float32Array(10), { out: part }));
  const read = await callsOf(() => collective.broadcast(rank === 0 ? new Float32Array(10) : part));
  const other = await callsOf(() => (rank === 0 ? emptyShared(Int8Array, 3) : collective.barrier()));
  return [made, written, read, other];
}
