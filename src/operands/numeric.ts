/** What a reduction computes with: dtype and operation of a call, checked against the contract. */
import { counted, withArticle } from '../grammar.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { canCarry, carriedOps, opsOf } from '../types/contract.js';
import type { Dtype } from '../types/dtype.js';
import { dtypeNames, dtypesOfTag, itemBytes } from '../types/dtype.js';
import { reduceOpId, reduceOpNames, reduceOpOf } from '../types/reduce-op.js';
import type { Operand } from './operand.js';

/** The dtype of a call: as named, else what the buffer stands for. */
export function checkDtype(what: string, { array, tag, dtype: stated }: Operand, dtype: unknown): Dtype {
  const holds = dtypesOfTag.get(tag) ?? [];
  // A class of integers is also how the two half types and truth values are stored; what says otherwise of itself is
  // that.
  const own = stated === undefined || stated === holds[0] ? holds : [stated];
  const chosen = dtype === undefined ? (stated ?? own[0]) : own.find((each) => each === dtype);
  if (chosen === undefined) {
    const known = dtypeNames.includes(dtype as Dtype)
      ? `one that ${stated === undefined ? withArticle(tag) : `what says that it is ${stated}`} can hold: ${own.join(', ')}`
      : `one of ${dtypeNames.join(', ')}`;
    throw new InvalidArgumentError(`${what}: expected dtype to be ${known}, received ${show(dtype)}`, {
      option: 'dtype',
    });
  }
  if (array.byteLength % itemBytes[chosen] === 0) return chosen;
  throw new InvalidArgumentError(
    `${what}: ${chosen} wants (re, im) pairs, an even number of elements; received ${counted(array.length, 'element')}`,
    { option: 'dtype' },
  );
}

/** What a caller says of a reduction, as it came. */
export interface ReductionOptions {
  readonly op?: unknown;
  readonly accumulate?: unknown;
}

/** The number of an operation in the kernels. */
export function checkOp(what: string, { op: name, accumulate }: ReductionOptions, dtype: Dtype): number {
  const op = name === undefined ? 'sum' : reduceOpOf(name);
  if (!op) {
    throw new InvalidArgumentError(
      `${what}: expected op to be one of ${reduceOpNames.join(', ')}, received ${show(name)}`,
      { option: 'op' },
    );
  }
  if (!opsOf(dtype).includes(op)) {
    const why =
      op === 'avg'
        ? 'a mean of integers has no one meaning; sum, and divide as you need it'
        : 'bits of floats are no numbers';
    throw new InvalidArgumentError(`${what}: there is no op ${op} on ${dtype}: ${why}`, { option: 'op' });
  }
  if (accumulate === undefined) return reduceOpId(op);
  if (accumulate === 'float32' && canCarry(dtype, op)) return reduceOpId(op, true);
  throw new InvalidArgumentError(
    `${what}: expected accumulate to be 'float32', with ${carriedOps.join(', ')} of float16 or bfloat16, ` +
      `received ${show(accumulate)} with ${op} of ${dtype}`,
    { option: 'accumulate' },
  );
}
