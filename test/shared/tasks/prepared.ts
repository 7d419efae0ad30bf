/** Prepared calls and the cache of ordinary ones: each task returns what was wrong, in words. */
import type { PreparedCall, TypedArray } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { randomOf } from '../../support/random.js';

type Kind = 'plain' | 'window';

function make(kind: Kind, count: number): Float32Array {
  return kind === 'window' ? collective.empty(Float32Array, count) : new Float32Array(count);
}

/** A value that every rank can tell for each rank and step. */
const valueOf = (rank: number, step: number): number => (rank + 1) * 3 + (step % 7);

function sumOf(step: number): number {
  let sum = 0;
  for (let rank = 0; rank < context.size; rank++) sum += valueOf(rank, step);
  return sum;
}

async function go<T>(call: PreparedCall<T>, isBlocking: boolean): Promise<T> {
  return isBlocking ? call.startSync() : call.start();
}

async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** The same call over and over, in place and with `out`, on each rank in a form of its own: prepared or ordinary. */
export async function repeats(kind: Kind, canBlock: boolean, seed: number): Promise<string[]> {
  const wrong: string[] = [];
  // Of this rank's own: which form it uses must not matter to the others.
  const random = randomOf(seed + context.rank);
  for (const count of [0, 1, 2, 16, 17, 33, 1_024, 1_025, 70_001]) {
    const [array, out] = [make(kind, count), make(kind, count)];
    const inPlace = collective.allreduceInit(array, { op: 'sum' });
    const apart = collective.allreduceInit(array, { out });
    const barrier = collective.barrierInit();
    const root = count % context.size;
    const spread = collective.broadcastInit(array, { root });
    for (let step = 0; step < 12; step++) {
      const isBlocking = canBlock && random(2) === 0;
      const isPrepared = random(2) === 0;
      array.fill(valueOf(context.rank, step));
      const want = sumOf(step);
      const place = `${kind} × ${count}, step ${step}, rank ${context.rank}`;
      if (isPrepared) await go(apart, isBlocking);
      else if (isBlocking) collective.allreduceSync(array, { out, op: 'sum' });
      else await collective.allreduce(array, { out });
      if (!out.every((value) => value === want)) wrong.push(`${place}: out has ${out[0]}, not ${want}`);
      if (!array.every((value) => value === valueOf(context.rank, step))) wrong.push(`${place}: the input changed`);
      if (isPrepared) await go(barrier, isBlocking);
      else await collective.barrier();
      const result = isPrepared ? await go(inPlace, isBlocking) : await collective.allreduce(array, { op: 'SUM' });
      if (result !== array) wrong.push(`${place}: another array came back`);
      if (!array.every((value) => value === want)) wrong.push(`${place}: ${array[0]}, not ${want}`);
      array.fill(valueOf(context.rank, step));
      if (isPrepared) await go(spread, isBlocking);
      else await collective.broadcast(array, { root });
      if (!array.every((value) => value === valueOf(root, step))) wrong.push(`${place}: ${array[0]} from root ${root}`);
    }
    for (const call of [inPlace, apart, barrier, spread]) call.free();
  }
  return wrong;
}

/** Options of a call that is known already are values like any other: the last says what is done. */
export async function options(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  const array = make('window', 4);
  const expectAll = (want: number, what: string): void => {
    if (!array.every((value) => value === want)) wrong.push(`${what}: ${array.join(' ')}, not ${want}`);
  };
  const given: { op: 'sum' | 'max' | 'min' } = { op: 'sum' };
  for (const op of ['sum', 'max', 'min', 'sum', 'max'] as const) {
    given.op = op;
    array.fill(rank + 1);
    await collective.allreduce(array, given);
    expectAll({ sum: (size * (size + 1)) / 2, max: size, min: 1 }[op], `the same object with ${op}`);
  }
  let reads = 0;
  const counting = {
    get op(): 'max' {
      reads++;
      return 'max';
    },
  };
  for (let i = 0; i < 3; i++) {
    array.fill(rank + 1);
    await collective.allreduce(array, counting);
    expectAll(size, 'a getter');
  }
  if (reads !== 3) wrong.push(`a getter was read ${reads} times in 3 calls`);
  // Ranks that differ in the values of a call that each of them knows.
  await collective.allreduce(array, { name: 'a' });
  await collective.allreduce(array, { name: 'b' });
  const code = await codeOf(() => collective.allreduce(array, { name: rank === 0 ? 'a' : 'b' }));
  if (code !== (size === 1 ? 'none' : 'ERR_SHOAL_COLLECTIVE_MISMATCH')) wrong.push(`names that differ: ${code}`);
  const prepared = collective.allreduceInit(array, { op: rank === 0 ? 'max' : 'min' });
  const mismatch = await codeOf(() => prepared.start());
  if (mismatch !== (size === 1 ? 'none' : 'ERR_SHOAL_COLLECTIVE_MISMATCH')) wrong.push(`ops that differ: ${mismatch}`);
  await collective.barrier();
  return wrong;
}

/** ES2024. */
const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(length: number): void };

/** Buffers that are not what they were: the code of each call, the same on all ranks, and the group goes on. */
export async function lostBuffers(): Promise<string[]> {
  const codes: string[] = [];
  const plain = new Float32Array(40);
  const call = collective.allreduceInit(plain);
  await call.start();
  await collective.allreduce(plain);
  structuredClone(plain.buffer, { transfer: [plain.buffer] });
  codes.push(await codeOf(() => call.start()), await codeOf(() => collective.allreduce(plain)));

  const buffer = new ResizableBuffer(160, { maxByteLength: 160 });
  const shrunk = new Float32Array(buffer, 0, 40);
  const shrinking = collective.allreduceInit(shrunk);
  await shrinking.start();
  await collective.allreduce(shrunk);
  buffer.resize(80);
  codes.push(await codeOf(() => shrinking.start()));

  const freed = collective.empty(Float32Array, 40);
  const freeing = collective.allreduceInit(freed);
  await freeing.start();
  await collective.allreduce(freed);
  collective.free(freed);
  codes.push(await codeOf(() => freeing.start()), await codeOf(() => collective.allreduce(freed)));
  await collective.barrier();
  return codes;
}

/** An array that follows the length of its buffer has more elements in the next call. */
export async function growing(): Promise<string[]> {
  const wrong: string[] = [];
  const buffer = new ResizableBuffer(40, { maxByteLength: 80_000 });
  const array = new Float32Array(buffer);
  for (const count of [10, 20, 20_000, 5]) {
    buffer.resize(count * 4);
    array.fill(context.rank + 1);
    await collective.allreduce(array, { op: 'max' });
    if (array.length !== count || !array.every((value) => value === context.size)) {
      wrong.push(`${count} elements: ${array.length}, the last ${array.at(-1)}`);
    }
  }
  return wrong;
}

/** Prepared calls that are started when they may not be. */
export async function misuse(): Promise<string[]> {
  const codes: string[] = [];
  const array = new Float32Array(40).fill(1);
  const call = collective.allreduceInit(array);
  const first = call.start();
  const again = codeOf(() => call.start());
  const ordinary = codeOf(() => collective.allreduce(array));
  const free = codeOf(() => {
    call.free();
  });
  await first;
  codes.push(await again, await ordinary, await free);
  const strange = call as unknown as { start(options: unknown): Promise<unknown> };
  for (const options of [5, { signal: {} }, { name: 'x' }]) codes.push(await codeOf(() => strange.start(options)));
  call.free();
  call.free();
  codes.push(await codeOf(() => call.start()));
  const prepare = collective as unknown as Record<string, (buffer: unknown, options?: unknown) => unknown>;
  // Nothing is announced by a call that cannot be prepared: only one rank tries.
  if (context.rank === 0) {
    codes.push(await codeOf(() => prepare['allreduceInit']!(array, { signal: new AbortController().signal })));
    codes.push(await codeOf(() => prepare['allreduceInit']!([1, 2])));
    codes.push(await codeOf(() => prepare['broadcastInit']!(array, { op: 'sum' })));
  }
  await collective.barrier();
  return codes;
}

let kept: PreparedCall<TypedArray> | undefined;

/** Keep a prepared call beyond the end of its task; then start it. */
export async function outlive(step: 'keep' | 'start'): Promise<string> {
  if (step === 'start') return codeOf(() => kept?.start());
  kept = collective.allreduceInit(new Float32Array(3));
  await kept.start();
  return 'kept';
}

/** A signal fails a prepared start as it does the ordinary one. */
export async function signalled(): Promise<string[]> {
  const call = collective.allreduceInit(new Float32Array(3));
  // The group may have failed before this rank was through.
  await codeOf(() => call.start());
  const signal = context.rank === 0 ? AbortSignal.abort('early') : undefined;
  const codes = [await codeOf(() => call.start(signal && { signal }))];
  codes.push(await codeOf(() => call.start()));
  return codes;
}
