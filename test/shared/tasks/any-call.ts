/** Any call of `allreduce` in a group: dtype, operation, numbers, and how each rank's array lies in memory. */
import type { AllreduceOptions, Dtype, ReduceOp, Tensor, TypedArray, TypedArrayClass } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { canCarry, opsOf } from '../../../src/types/contract.js';
import { dtypeNames, itemBytes } from '../../../src/types/dtype.js';
import type { Element } from './contract-model.js';
import { arrayOf, fold, read, same, write } from './contract-model.js';

/** Numbers of a call: any bits, or what shows errors on one rank or in turn. */
export const numbers = ['bits', 'nan', 'zeros', 'infinities', 'subnormals'] as const;
/** How an array lies in memory. */
export const places = ['plain', 'odd', 'shared', 'window', 'strided', 'reversed'] as const;

type Place = (typeof places)[number] | 'node-shared';

/** Everything that makes a call; equal on all ranks. */
export interface AnyCall {
  readonly dtype: Dtype;
  readonly op: ReduceOp;
  readonly carried: boolean;
  readonly count: number;
  readonly numbers: (typeof numbers)[number];
  /** Rank whose number it is, where it is one's alone. */
  readonly on: number;
  /** Of the bits. */
  readonly seed: number;
  /** Of the ranks' arrays in turn. */
  readonly places: readonly (typeof places)[number][];
  /** Of the ranks' results, where they do not go in place; one array for all of them has that place alone. */
  readonly outPlaces: readonly (typeof places)[number][] | readonly ['node-shared'] | undefined;
}

const poison = 0xa5;
const least: Partial<Record<Dtype, number>> = {
  float16: 2 ** -24,
  bfloat16: 2 ** -133,
  float32: 2 ** -149,
  complex64: 2 ** -149,
};

/** A rank's numbers. */
function numbersOf({ dtype, count, numbers: kind, on, seed }: AnyCall, rank: number): TypedArray {
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
        nan: rank === on % context.size ? NaN : everyday,
        zeros: mine ? -0 : 0,
        infinities: mine ? everyday : [Infinity, -Infinity][next() % 2]!,
        subnormals: everyday * (least[dtype] ?? 5e-324),
      }[kind];
      write(dtype, array, i, value);
    }
  }
  return array;
}

/**
 * An array of those bytes at a place, what to call with, and what gives its bytes back: `undefined` where others
 * changed.
 */
interface Placed {
  readonly argument: TypedArray | Tensor;
  bytes(): Uint8Array | undefined;
  free(): void;
}

async function place(where: Place, dtype: Dtype, values: TypedArray): Promise<Placed> {
  const Class = values.constructor as new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => TypedArray;
  const { length, BYTES_PER_ELEMENT: bytesEach } = values;
  const raw = new Uint8Array(values.buffer);
  const free = (): void => undefined;
  if (where === 'node-shared') {
    const array = await collective.emptyShared(Class as unknown as TypedArrayClass<TypedArray>, length);
    const bytes = (): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, raw.length).slice();
    return { argument: array, bytes, free: () => collective.free(array) };
  }
  if (where === 'window') {
    const array = collective.empty(Class as unknown as TypedArrayClass<TypedArray>, length);
    const own = new Uint8Array(array.buffer, array.byteOffset, raw.length);
    own.set(raw);
    return { argument: array, bytes: () => own.slice(), free: () => collective.free(array) };
  }
  const item = itemBytes[dtype];
  const count = raw.length / item;
  const step = { strided: 3, reversed: -2 }[where as string] ?? 1;
  const margin = 5 * item;
  const total = count * Math.abs(step) * item + 2 * margin;
  const buffer = where === 'shared' ? new SharedArrayBuffer(total) : new ArrayBuffer(total);
  const memory = new Uint8Array(buffer).fill(poison);
  const first = step < 0 && count > 0 ? margin + (count - 1) * -step * item : margin;
  const at = (i: number): number => first + i * step * item;
  for (let i = 0; i < count; i++) memory.set(raw.subarray(i * item, (i + 1) * item), at(i));
  const bytes = (): Uint8Array | undefined => {
    const result = new Uint8Array(raw.length);
    const rest = memory.slice();
    for (let i = 0; i < count; i++) {
      result.set(memory.subarray(at(i), at(i) + item), i * item);
      rest.fill(poison, at(i), at(i) + item);
    }
    return rest.every((byte) => byte === poison) ? result : undefined;
  };
  if (step === 1) return { argument: new Class(buffer, margin, length), bytes, free };
  // A tensor counts in its own elements: pairs, of complex numbers.
  const data = new Class(buffer, 0, total / bytesEach);
  return { argument: { data, dtype, shape: [count], strides: [step], offset: first / item }, bytes, free };
}

/** What was wrong with some calls, in words; each rank checks its own. */
export async function anyCalls(calls: readonly AnyCall[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const call of calls) wrong.push(...(await one(call)));
  return wrong;
}

async function one(call: AnyCall): Promise<string[]> {
  const { dtype, op, carried, count } = call;
  const { rank, size } = context;
  const inputs = Array.from({ length: size }, (_, each) => numbersOf(call, each));
  const label = `rank ${rank} of ${size}, ${JSON.stringify(call)}`;
  const mine = await place(call.places[rank % call.places.length]!, dtype, inputs[rank]!);
  const out =
    call.outPlaces && (await place(call.outPlaces[rank % call.outPlaces.length]!, dtype, arrayOf(dtype, count)));
  const options = { op, dtype, ...(carried && { accumulate: 'float32' }), ...(out && { out: out.argument }) };
  await collective.allreduce(mine.argument, options as AllreduceOptions<Tensor>);
  const bytes = (out ?? mine).bytes();
  const kept = out && mine.bytes();
  for (const each of [mine, out]) each?.free();
  if (!bytes || (out && !kept)) return [`${label}: bytes beside an array were written`];
  if (kept && Buffer.compare(kept, new Uint8Array(inputs[rank]!.buffer)) !== 0)
    return [`${label}: the input was written`];
  const result = arrayOf(dtype, count);
  new Uint8Array(result.buffer).set(bytes);
  for (let i = 0; i < count; i++) {
    const values: Element[] = inputs.map((input) => read(dtype, input, i));
    const got = dtype === 'bool' ? result[i]! : read(dtype, result, i);
    const want = fold(dtype, op, values, carried);
    if (!same(got, want))
      return [`${label}: element ${i} is ${String(got)}, not ${String(want)} of ${values.map(String).join(' | ')}`];
  }
  return [];
}

/**
 * Every float dtype and operation with a NaN on each single rank, zeros of both signs in turn, infinities, subnormals.
 */
export async function edges(): Promise<string[]> {
  const wrong: string[] = [];
  const common = { count: 19, seed: 1, places: ['plain'], outPlaces: undefined } as const;
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
