/** Any call of any operation in a group: dtype, op, numbers, and how each rank's arrays lie in memory. */
import type { Collective, CollectiveGroup, Dtype, ReduceOp, TypedArray } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { operations } from '../../../src/operations/index.js';
import type { Operation } from '../../../src/operations/operation.js';
import { canCarry, opsOf } from '../../../src/types/contract.js';
import { dtypeNames, itemBytes } from '../../../src/types/dtype.js';
import type { Fill } from './bucket.js';
import { fill } from './bucket.js';
import { arrayOf, fold, read, same, write } from './contract-model.js';
import { models } from './operation-model.js';
import type { Place, Placed, places } from './placed-array.js';
import { place, placeBlocks } from './placed-array.js';

/** Numbers of a call: any bits, or what shows errors on one rank or in turn. */
export const numbers = ['bits', 'nan', 'zeros', 'infinities', 'subnormals'] as const;
/** In which group a call is made: the task's, or one of those into which it is split by color. */
export const groupKinds = ['task', 'split', 'reversed', 'rows', 'listed'] as const;
/** Everything that makes a call; equal on all ranks. */
export interface AnyCall {
  readonly group: (typeof groupKinds)[number];
  readonly operation: string;
  /** The awaited, blocking or prepared form; the last is started twice. */
  readonly form: 'awaited' | 'blocking' | 'prepared';
  /** Modulo the size. */
  readonly root: number;
  readonly dtype: Dtype;
  readonly op: ReduceOp;
  readonly carried: boolean;
  /** Elements of a block. */
  readonly count: number;
  readonly numbers: (typeof numbers)[number];
  /** Rank whose number it is, where it is one's alone. */
  readonly on: number;
  /** Where there is a block for each rank, it is an array of its own in a list. */
  readonly asList: readonly [input: boolean, output: boolean];
  /** Of the bits. */
  readonly seed: number;
  /** Of the ranks' arrays in turn. */
  readonly places: readonly (typeof places)[number][];
  /** Of the ranks' results, where they do not go in place; one array for all of them has that place alone. */
  readonly outPlaces: readonly (typeof places)[number][] | readonly ['node-shared'] | undefined;
}

/** A bucket in one of these groups, which its arrays leave before the next call. */
export interface AnyBucket {
  readonly group: AnyCall['group'];
  readonly bucket: Fill;
}

/** The ranks share one thread, in which no form but the awaited one is. */
const isOneThread = ['loopback', 'local'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '');

const least: Partial<Record<Dtype, number>> = {
  float16: 2 ** -24,
  bfloat16: 2 ** -133,
  float32: 2 ** -149,
  complex64: 2 ** -149,
};

/** A rank's numbers. */
function numbersOf({ dtype, numbers: kind, on, seed }: AnyCall, count: number, rank: number, size: number): TypedArray {
  const array = arrayOf(dtype, count);
  const raw = new Uint8Array(array.buffer);
  let state = (Math.imul(seed, 31) + rank * 7919) >>> 0;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
  if (kind === 'bits') for (let i = 0; i < raw.length; i++) raw[i] = next();
  else {
    for (let i = 0; i < count; i++) {
      const everyday = (next() % 9) - 4;
      const mine = (rank + i) % 2 === 0;
      const value = {
        nan: rank === on % size ? NaN : everyday,
        zeros: mine ? -0 : 0,
        infinities: mine ? everyday : [Infinity, -Infinity][next() % 2]!,
        subnormals: everyday * (least[dtype] ?? 5e-324),
      }[kind];
      write(dtype, array, i, value);
    }
  }
  return array;
}

/** What was wrong with some calls, in words; each rank checks its own. */
export async function anyCalls(calls: readonly (AnyCall | AnyBucket)[]): Promise<string[]> {
  const wrong: string[] = [];
  // The groups stay open meanwhile: all are used in turn.
  const groups = new Map<string, Collective>([['task', collective]]);
  for (const call of calls) {
    const group = groups.get(call.group) ?? (await makeGroup(call.group));
    groups.set(call.group, group);
    wrong.push(...('bucket' in call ? await fill(call.bucket, group) : await one(call, group)));
  }
  groups.delete('task');
  for (const group of groups.values()) (group as CollectiveGroup).close();
  return wrong;
}

/** Every rank is in one group of each kind. */
async function makeGroup(kind: AnyCall['group']): Promise<CollectiveGroup> {
  const { rank, size } = context;
  const half = Math.ceil(size / 2);
  const isFirst = rank < half;
  if (kind === 'split') return collective.split(rank % 3);
  if (kind === 'reversed') return collective.split(rank % 2, -rank);
  if (kind === 'listed') {
    const all = Array.from({ length: size }, (_, each) => each).reverse();
    return collective.group(all.filter((each) => each < half === isFirst));
  }
  const grid = await collective.cart([1, size]);
  const row = await grid!.row();
  grid!.close();
  return row;
}

export async function one(call: AnyCall, group: Collective = collective): Promise<string[]> {
  const { dtype, count } = call;
  const { rank, size } = group;
  const operation = operations.find(({ name }) => name === call.operation)!;
  const [brought, gotten] = [operation.brings, operation.gets].map((blocks) => (blocks === 'each' ? size : 1));
  const root = call.root % size;
  const inputs = Array.from({ length: size }, (_, each) => numbersOf(call, count * brought!, each, size));
  const before = inputs[rank]!;
  const label = `rank ${rank} of ${size}, ${JSON.stringify(call)}`;
  const { mine, out } = await placesOf(call, operation, before, count * gotten!, group);
  const gets = operation.receives(rank, root);
  const made = await run(call, operation, root, mine, out, group);
  const hasResult = !operation.isRooted || gets;
  if (hasResult !== (made !== undefined)) return [`${label}: the call gave ${String(made)}`];
  const isInPlace = out === undefined && operation.withoutOut === 'buffer';
  const bytes = out ? out.bytes() : isInPlace ? mine.bytes() : bytesOf(made ?? arrayOf(dtype, 0));
  const kept = isInPlace && gets ? undefined : mine.bytes();
  for (const each of [mine, out]) each?.free();
  if (!bytes || (!isInPlace && !kept)) return [`${label}: bytes beside an array were written`];
  if (kept && Buffer.compare(kept, bytesOf(before)) !== 0) return [`${label}: the input was written`];
  if (!hasResult) return [];
  const untouched = isInPlace ? before : arrayOf(dtype, count * gotten!);
  return compare(call, operation, { bytes, inputs, untouched, root, label, total: count * gotten!, group });
}

/** The arrays of this rank, with its numbers in the one and zeros in the other. */
async function placesOf(
  { places: inputs, outPlaces, dtype, asList }: AnyCall,
  { options, withoutOut, givesSame, brings, gets }: Operation,
  numbers: TypedArray,
  total: number,
  group: Collective,
): Promise<{ mine: Placed; out: Placed | undefined }> {
  const { rank, size } = group;
  const ofBlocks = (where: Place, values: TypedArray, isList: boolean): Promise<Placed> =>
    isList && where !== 'node-shared' ? placeBlocks(where, dtype, values, size) : place(where, dtype, values, group);
  const mine = await ofBlocks(inputs[rank % inputs.length]!, numbers, asList[0] && brings === 'each');
  if (!options.includes('out')) return { mine, out: undefined };
  const chosen: readonly Place[] | undefined = outPlaces?.[0] === 'node-shared' && !givesSame ? ['plain'] : outPlaces;
  const where = withoutOut === 'refused' ? (chosen ?? ['plain']) : chosen;
  // What is made is like a typed array of the runtime.
  const first: unknown = Array.isArray(mine.argument) ? mine.argument[0] : mine.argument;
  const needsOut = withoutOut === 'made' && !ArrayBuffer.isView(first);
  const outs = where ?? (needsOut ? ['plain' as const] : undefined);
  const isList = asList[1] && gets === 'each';
  const out = outs && (await ofBlocks(outs[rank % outs.length]!, arrayOf(dtype, total), isList));
  return { mine, out };
}

type Form = (buffer: unknown, options: object) => unknown;

/** Make the call; what it gives. */
async function run(
  { form, op, dtype, carried }: AnyCall,
  { name, reduces, options: known }: Operation,
  root: number,
  mine: Placed,
  out: Placed | undefined,
  group: Collective,
): Promise<TypedArray | undefined> {
  const forms = group as unknown as Readonly<Record<string, Form>>;
  const options = {
    dtype,
    ...(reduces && { op, ...(carried && { accumulate: 'float32' }) }),
    ...(known.includes('root') && { root }),
    ...(out && { out: out.argument }),
  };
  if (form === 'awaited' || isOneThread) return (await forms[name]!(mine.argument, options)) as TypedArray;
  if (form === 'blocking') return forms[`${name}Sync`]!(mine.argument, options) as TypedArray;
  const prepared = forms[`${name}Init`]!(mine.argument, options) as { startSync(): TypedArray; free(): void };
  const result = prepared.startSync();
  prepared.free();
  return result;
}

interface Outcome {
  readonly bytes: Uint8Array;
  readonly inputs: readonly TypedArray[];
  /** What the result was before. */
  readonly untouched: TypedArray;
  readonly root: number;
  readonly label: string;
  /** Elements of the result. */
  readonly total: number;
  readonly group: Collective;
}

/** Every element against the model. */
function compare(
  { dtype, op, carried, count }: AnyCall,
  { name, reduces }: Operation,
  { bytes, inputs, untouched, root, label, total, group }: Outcome,
): string[] {
  const seen = { rank: group.rank, size: group.size, root, count };
  const item = itemBytes[dtype];
  const result = arrayOf(dtype, total);
  bytesOf(result).set(bytes);
  for (let i = 0; i < total; i++) {
    const origins = models[name]!(seen, i);
    if (reduces && origins.length > 0) {
      const values = origins.map(([from, index]) => read(dtype, inputs[from]!, index));
      const got = dtype === 'bool' ? result[i]! : read(dtype, result, i);
      const want = fold(dtype, op, values, carried);
      if (same(got, want)) continue;
      return [`${label}: element ${i} is ${String(got)}, not ${String(want)} of ${values.map(String).join(' | ')}`];
    }
    const [from, index] = origins[0] ?? [-1, i];
    const want = bytesOf(inputs[from] ?? untouched).subarray(index * item, (index + 1) * item);
    const got = bytes.subarray(i * item, (i + 1) * item);
    if (Buffer.compare(got, want) !== 0) return [`${label}: element ${i} is ${String(got)}, not ${String(want)}`];
  }
  return [];
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Every float dtype and operation with a NaN on each single rank, zeros of both signs in turn, infinities, subnormals.
 */
export async function edges(): Promise<string[]> {
  const wrong: string[] = [];
  const common = {
    group: 'task',
    operation: 'allreduce',
    form: 'awaited',
    root: 0,
    asList: [false, false],
    count: 19,
    seed: 1,
    places: ['plain'],
    outPlaces: undefined,
  } as const;
  for (const dtype of dtypeNames.filter((name) => opsOf(name).includes('avg'))) {
    for (const op of opsOf(dtype)) {
      for (const carried of canCarry(dtype, op) ? [false, true] : [false]) {
        for (let on = 0; on < context.size; on++)
          wrong.push(...(await one({ ...common, dtype, op, carried, numbers: 'nan', on })));
        for (const kind of ['zeros', 'infinities', 'subnormals'] as const) {
          wrong.push(...(await one({ ...common, dtype, op, carried, numbers: kind, on: 0 })));
        }
      }
    }
  }
  return wrong;
}
