/** Calls on lists of arrays, and on numbers. */
import type { Dtype, ReduceOp, TypedArray } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { arrayOf } from './contract-model.js';
import type { Bad } from './failure.js';
import { failure } from './failure.js';
import { bytes, filled } from './filled.js';
import type { Placed, places } from './placed-array.js';
import { place } from './placed-array.js';

/** Everything that makes a call; equal on all ranks. */
export interface ListCall {
  readonly operation: 'allreduce' | 'reduce' | 'broadcast';
  /** The last is started once. */
  readonly form: 'awaited' | 'blocking' | 'prepared';
  /** One that all dtypes have. */
  readonly op: ReduceOp;
  /** Modulo the size. */
  readonly root: number;
  readonly seed: number;
  readonly givesOut: boolean;
  readonly items: readonly {
    readonly dtype: Dtype;
    readonly count: number;
    /** Of the ranks' arrays in turn. */
    readonly places: readonly (typeof places)[number][];
  }[];
}

/** The ranks share one thread, in which no form but the awaited one is. */
const isOneThread = ['loopback', 'local'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '');

/** What was wrong with some calls, in words; each rank checks its own. */
export async function listCalls(calls: readonly ListCall[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const call of calls) wrong.push(...(await one(call)));
  return wrong;
}

async function one(call: ListCall): Promise<string[]> {
  const { rank, size } = context;
  const { operation, items } = call;
  const root = call.root % size;
  const numbers = items.map(({ dtype, count }, index) => filled(dtype, count, call.seed + 31 * index + rank));
  const mine: Placed[] = [];
  for (const [index, { dtype, places: all }] of items.entries()) {
    mine.push(await place(all[rank % all.length]!, dtype, numbers[index]!));
  }
  const hasOut = call.givesOut && operation !== 'broadcast';
  const outs: Placed[] = [];
  for (const { dtype, count, places: all } of hasOut ? items : []) {
    outs.push(await place(all[(rank + 1) % all.length]!, dtype, arrayOf(dtype, count)));
  }
  const result = await run(call, root, mine, hasOut ? outs : undefined);
  const gets = operation === 'allreduce' || operation === 'broadcast' || rank === root;
  const label = `rank ${rank} of ${size}, ${JSON.stringify(call)}`;
  const wrong: string[] = [];
  if ((result !== undefined) !== gets) wrong.push(`${label}: the call gave ${String(result)}`);
  for (const [index, { dtype }] of items.entries()) {
    const flat = bytes(numbers[index]!).slice();
    const array = new (arrayOf(dtype, 0).constructor as new (buffer: ArrayBuffer) => TypedArray)(flat.buffer);
    // The call for this array alone.
    if (operation === 'broadcast') await collective.broadcast(array, { root, dtype });
    else if (operation === 'reduce') await collective.reduce(array, { op: call.op, dtype, root } as never);
    else await collective.allreduce(array, { op: call.op, dtype } as never);
    const got = (hasOut && gets ? outs : mine)[index]!.bytes();
    const kept = hasOut || !gets ? mine[index]!.bytes() : undefined;
    const want = gets ? bytes(array) : bytes(numbers[index]!);
    if (!got || Buffer.compare(got, want) !== 0) wrong.push(`${label}: array ${index} differs`);
    if (kept && Buffer.compare(kept, bytes(numbers[index]!)) !== 0) wrong.push(`${label}: input ${index} was written`);
  }
  for (const each of [...mine, ...outs]) each.free();
  return wrong;
}

type Form = (buffers: unknown, options: object) => unknown;

async function run(
  { operation, form, op, items }: ListCall,
  root: number,
  mine: readonly Placed[],
  outs: readonly Placed[] | undefined,
): Promise<unknown> {
  const forms = collective as unknown as Readonly<Record<string, Form>>;
  const buffers = mine.map((placed, index) => named(placed, items[index]!.dtype));
  const options = {
    ...(operation !== 'broadcast' && { op }),
    ...(operation !== 'allreduce' && { root }),
    ...(outs && { out: outs.map((placed, index) => named(placed, items[index]!.dtype)) }),
  };
  if (form === 'awaited' || isOneThread) return forms[operation]!(buffers, options);
  if (form === 'blocking') return forms[`${operation}Sync`]!(buffers, options);
  const prepared = forms[`${operation}Init`]!(buffers, options) as { startSync(): unknown; free(): void };
  const result = prepared.startSync();
  prepared.free();
  return result;
}

/** A list has no dtype for each of its arrays: those whose class stands for another one say it themselves. */
function named({ argument }: Placed, dtype: Dtype): unknown {
  return ArrayBuffer.isView(argument) ? { data: argument, dtype } : argument;
}

/** A long list. */
export async function manyArrays(): Promise<string[]> {
  const { rank, size } = context;
  const list = Array.from({ length: 3_000 }, (_, index) => new Float32Array(index % 5).fill(rank + index));
  await collective.allreduce(list);
  const sum = (size * (size - 1)) / 2;
  const wrong = list.findIndex((array, index) => array.some((value) => value !== sum + size * index));
  return wrong < 0 ? [] : [`array ${wrong} is ${String(list[wrong])}`];
}

/** Numbers in, numbers out. */
export async function numbers(): Promise<string[]> {
  const { rank, size } = context;
  const triangle = (last: number): number => (last * (last + 1)) / 2;
  const got: unknown[] = [
    await collective.allreduce(rank + 0.5),
    await collective.allreduce(BigInt(rank), { op: 'max' }),
    await collective.reduce(rank, { root: size - 1 }),
    await collective.broadcast(rank === size - 1 ? 7 : 0, { root: size - 1 }),
    await collective.scan(rank),
    await collective.exscan(BigInt(rank)),
  ];
  const want: unknown[] = [
    triangle(size - 1) + size / 2,
    BigInt(size - 1),
    rank === size - 1 ? triangle(size - 1) : undefined,
    7,
    triangle(rank),
    rank === 0 ? 0n : BigInt(triangle(rank - 1)),
  ];
  return want.flatMap((value, i) =>
    got[i] === value ? [] : [`number ${i} is ${String(got[i])}, not ${String(value)}`],
  );
}

/** Lists and numbers that are wrong, on all ranks or on one. */
export async function badLists(): Promise<string[]> {
  const { rank, size } = context;
  const x = new Float32Array(8);
  const shared = await collective.emptyShared(Float32Array, 4);
  const bad: Bad[] = [
    ['no array in it', () => collective.allreduce([x, 'y' as never]), 'INVALID_ARGUMENT'],
    ['one array twice', () => collective.allreduce([x, x]), 'INVALID_ARGUMENT'],
    ['an out too few', () => collective.allreduce([x], { out: [] as never }), 'INVALID_ARGUMENT'],
    ['an out of another length', () => collective.allreduce([x], { out: [new Float32Array(7)] }), 'INVALID_ARGUMENT'],
    ['a shared one', () => collective.allreduce([x, shared]), 'INVALID_ARGUMENT'],
    ['bits of floats', () => collective.allreduce([x], { op: 'band' }), 'INVALID_ARGUMENT'],
    ['a list for a scan', () => collective.scan([x] as never), 'INVALID_ARGUMENT'],
    ['out of a number', () => collective.allreduce(1, { out: x } as never), 'INVALID_ARGUMENT'],
  ];
  if (size > 1) {
    const odd = rank === size - 1;
    bad.push(
      [
        'another length',
        () => collective.allreduce([new Float32Array(odd ? 2 : 1), new Float32Array(odd ? 1 : 2)]),
        'COLLECTIVE_MISMATCH',
        `array 0, counted from 0, is float32 × 1 on rank 0 and float32 × 2 on rank ${size - 1}`,
      ],
      [
        'another length behind many',
        () => collective.broadcast(Array.from({ length: 700 }, (_, i) => new Int8Array(odd && i === 600 ? 0 : 1))),
        'COLLECTIVE_MISMATCH',
        `array 600, counted from 0, is int8 × 1 on rank 0 and int8 × 0 on rank ${size - 1}`,
      ],
      [
        'one array less',
        () => collective.reduce([x, ...(odd ? [] : [new Float64Array(2)])]),
        'COLLECTIVE_MISMATCH',
        `array 1, counted from 0, is float64 × 2 on rank 0 and missing on rank ${size - 1}, which has 1 array.`,
      ],
      [
        'another dtype',
        () => collective.allreduce([odd ? new Int32Array(1) : new Float32Array(1)]),
        'COLLECTIVE_MISMATCH',
      ],
      ['another number of arrays', () => collective.allreduce(odd ? [x] : []), 'COLLECTIVE_MISMATCH'],
      ['an array and a list', () => (odd ? collective.allreduce(x) : collective.allreduce([x])), 'COLLECTIVE_MISMATCH'],
      ['another op', () => collective.allreduce([x], { op: odd ? 'sum' : 'max' }), 'COLLECTIVE_MISMATCH'],
      [
        'a number and a bigint',
        () => (odd ? collective.allreduce(1n) : collective.allreduce(1)),
        'COLLECTIVE_MISMATCH',
      ],
    );
  }
  const wrong: string[] = [];
  for (const [sentence, call, code, says] of bad) wrong.push(...(await failure(sentence, call, code, says)));
  if (x.some((value) => value !== 0)) wrong.push('a bad call has written');
  const sum = await collective.allreduce(1);
  return sum === size ? wrong : [...wrong, `after bad calls: ${sum}`];
}
