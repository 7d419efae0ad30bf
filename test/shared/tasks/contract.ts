/** Every dtype and operation of the contract in a group, against the model. */
import type { AllreduceOptions, Dtype, ReduceOp } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { carriedOps, canCarry, opsOf } from '../../../src/types/contract.js';
import { dtypeNames } from '../../../src/types/dtype.js';
import type { Element } from './contract-model.js';
import { randomOf } from '../../support/random.js';
import { arrayOf, fill, fold, read, same } from './contract-model.js';

const counts = [1, 67];
/** The model takes long for it: a quarter of all kernels get it, drawn from the seed. */
const longCount = 517;

/** The first difference in words; empty when there is none. The seed is the same on all ranks. */
export async function everyKernel(inWindow: boolean, seed: number): Promise<string> {
  const random = randomOf(seed);
  for (const dtype of dtypeNames) {
    for (const op of opsOf(dtype)) {
      const variants = canCarry(dtype, op) ? [false, true] : [false];
      for (const carried of variants) {
        for (const count of random(4) === 0 ? [...counts, longCount] : counts) {
          const wrong = await one(dtype, op, count, carried, inWindow);
          if (wrong !== '') return wrong;
        }
      }
    }
  }
  return carriedOps.length === 3 ? '' : 'operations were left out';
}

async function one(dtype: Dtype, op: ReduceOp, count: number, carried: boolean, inWindow: boolean): Promise<string> {
  const inputs = Array.from({ length: context.size }, (_, rank) => {
    const array = arrayOf(dtype, count);
    fill(dtype, array, rank);
    return array;
  });
  const mine = inputs[context.rank]!;
  const Class = mine.constructor as unknown as typeof Uint8Array;
  const array = inWindow ? collective.empty(Class, mine.length) : new Class(mine.length);
  array.set(mine as Uint8Array);
  // The compiler refuses some of these for a Uint8Array; at run time the array is of the dtype's class.
  const options = { op, dtype, ...(carried && { accumulate: 'float32' }) } as AllreduceOptions<Uint8Array>;
  await collective.allreduce(array, options);
  let wrong = '';
  for (let i = 0; i < count && wrong === ''; i++) {
    const values: Element[] = inputs.map((input) => read(dtype, input, i));
    // Truth is 0 or 1, byte for byte.
    const got = dtype === 'bool' ? array[i]! : read(dtype, array, i);
    const want = fold(dtype, op, values, carried);
    if (same(got, want)) continue;
    wrong = `${dtype} ${op}${carried ? ' carried' : ''}, element ${i} of ${count}: got ${String(got)}, expected ${String(want)} of ${values.map(String).join(' | ')}`;
  }
  if (inWindow) collective.free(array);
  return wrong;
}
