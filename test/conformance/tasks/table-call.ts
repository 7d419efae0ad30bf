/** A call of an operation whose blocks are all of one length, and its result element by element against the model. */
import type { Dtype, ReduceOp, TypedArray, TypedArrayClass } from 'shoal/worker';
import { arrayOf, fill, fold, read, same } from '../../shared/tasks/contract-model.js';
import { models } from '../../shared/tasks/operation-model.js';
import { place } from '../../shared/tasks/placed-array.js';
import { opsOf } from '../../../src/types/contract.js';
import { itemBytes } from '../../../src/types/dtype.js';
import type { Case, Form } from './case.js';
import { bytesOf } from './case.js';

/** Facts of an operation, as the standard has them. */
export interface Facts {
  /** Blocks that a rank brings, and gets: one, or one for each rank. */
  readonly brings: 'one' | 'each';
  readonly gets: 'one' | 'each';
  readonly reduces: boolean;
  readonly isRooted: boolean;
  /** The root alone has a result. */
  readonly isForRoot: boolean;
  /** Where the result goes without `out`. */
  readonly withoutOut: 'buffer' | 'made' | 'refused' | 'has none';
}

const whole = { brings: 'one', gets: 'one', reduces: true, isRooted: false, isForRoot: false } as const;
const moved = { ...whole, reduces: false } as const;

/** By operation. */
export const facts: Readonly<Record<string, Facts>> = {
  allreduce: { ...whole, withoutOut: 'buffer' },
  reduce: { ...whole, isRooted: true, isForRoot: true, withoutOut: 'buffer' },
  broadcast: { ...moved, isRooted: true, withoutOut: 'has none' },
  allgather: { ...moved, gets: 'each', withoutOut: 'made' },
  gather: { ...moved, gets: 'each', isRooted: true, isForRoot: true, withoutOut: 'made' },
  scatter: { ...moved, brings: 'each', isRooted: true, withoutOut: 'refused' },
  reduceScatter: { ...whole, brings: 'each', withoutOut: 'made' },
  alltoall: { ...moved, brings: 'each', gets: 'each', withoutOut: 'made' },
  scan: { ...whole, withoutOut: 'buffer' },
  exscan: { ...whole, withoutOut: 'buffer' },
};

export interface TableCall {
  readonly operation: string;
  readonly dtype: Dtype;
  /** Elements of a block. */
  readonly count: number;
  readonly op?: ReduceOp;
  readonly root?: number;
  readonly form?: Form;
  /** Where the result goes: by default into another array. */
  readonly into?: 'out' | 'default';
  /** The rank's array has strides. */
  readonly strided?: boolean;
  readonly name?: string;
}

/** The operations on a dtype; a prefix has no mean. */
export function opsFor(operation: string, dtype: Dtype): readonly ReduceOp[] {
  return opsOf(dtype).filter((op) => op !== 'avg' || !operation.endsWith('scan'));
}

export function classOf(dtype: Dtype): TypedArrayClass<TypedArray> {
  return arrayOf(dtype, 0).constructor as unknown as TypedArrayClass<TypedArray>;
}

/** Make the call, and note what is wrong. */
export async function tableCall(c: Case, call: TableCall): Promise<void> {
  const { operation, dtype, count, op = 'sum', root = 0, form = 'awaited', strided = false, name } = call;
  const { brings, gets, reduces, isRooted, isForRoot, withoutOut } = facts[operation]!;
  const { rank, size } = c;
  const isRoot = rank === root;
  const [brought, gotten] = [brings, gets].map((blocks) => (blocks === 'each' ? size * count : count)) as [
    number,
    number,
  ];
  const inputs = Array.from({ length: size }, (_, each) => {
    const array = arrayOf(dtype, brought);
    fill(dtype, array, each);
    return array;
  });
  const mine = inputs[rank]!;
  const placed = strided ? await place('strided', dtype, mine) : plainly(c, dtype, mine);
  const takesOut = withoutOut !== 'has none';
  const givesOut = takesOut && (call.into !== 'default' || withoutOut === 'refused');
  const before = arrayOf(dtype, gotten);
  fill(dtype, before, size);
  const out = givesOut ? plainly(c, dtype, before) : undefined;
  const options = {
    dtype,
    ...(reduces && { op }),
    ...(isRooted && { root }),
    ...(out && { out: out.argument }),
    ...(name !== undefined && { name }),
  };
  const buffer = operation === 'scatter' && !isRoot ? undefined : placed.argument;
  const result = (await c.call(operation, form, buffer, options)) as TypedArray | undefined;

  const label = JSON.stringify(call);
  const hasResult = !isForRoot || isRoot;
  if (hasResult !== (result !== undefined)) {
    c.note(`${label}: the call gave ${String(result)}`);
    return;
  }
  const isInPlace = !givesOut && withoutOut !== 'made';
  const isWritten = hasResult && !(operation === 'broadcast' && isRoot);
  const kept = placed.bytes();
  if (!kept) {
    c.note(`${label}: bytes between the elements were written`);
    return;
  }
  if (!(isInPlace && isWritten) && Buffer.compare(kept, bytesOf(mine)) !== 0) c.note(`${label}: the input was written`);
  if (out && !hasResult && Buffer.compare(out.bytes()!, bytesOf(before)) !== 0) c.note(`${label}: out was written`);
  if (!hasResult) return;
  const got = arrayOf(dtype, gotten);
  bytesOf(got).set(isInPlace ? kept : (out?.bytes() ?? bytesOf(result!)));
  const untouched = isInPlace ? mine : before;
  const item = itemBytes[dtype];
  const part = (array: TypedArray, i: number): Uint8Array => bytesOf(array).subarray(i * item, (i + 1) * item);
  for (let i = 0; i < gotten; i++) {
    const origins = models[operation]!({ rank, size, root, count }, i);
    if (reduces && origins.length > 0) {
      const values = origins.map(([from, index]) => read(dtype, inputs[from]!, index));
      const value = dtype === 'bool' ? got[i]! : read(dtype, got, i);
      const want = fold(dtype, op, values);
      if (!same(value, want)) {
        c.note(`${label}: element ${i} is ${String(value)}, not ${String(want)}`);
        return;
      }
      continue;
    }
    const [from, index] = origins[0] ?? [-1, i];
    const want = part(inputs[from] ?? untouched, index);
    if (Buffer.compare(part(got, i), want) !== 0) {
      c.note(`${label}: element ${i} is ${String(part(got, i))}, not ${String(want)} of rank ${from}`);
      return;
    }
  }
}

/** A copy of an array between poison. */
function plainly(c: Case, dtype: Dtype, values: TypedArray): { argument: unknown; bytes(): Uint8Array | undefined } {
  const argument = c.array(classOf(dtype), values.length);
  bytesOf(argument).set(bytesOf(values));
  return { argument, bytes: () => bytesOf(argument).slice() };
}
