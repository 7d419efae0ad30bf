/** The arrays of a list, as elements, and the calls on those of one dtype, in which they go as one. */
import type { CallArguments } from '../../backend/call-arguments.js';
import { InvalidArgumentError } from '../../errors.js';
import { ArrayParts } from '../../operands/array-parts.js';
import { checkDtype, checkOp } from '../../operands/numeric.js';
import type { Operand } from '../../operands/operand.js';
import { assertWritable, readOperand } from '../../operands/operand.js';
import { checkOut } from '../../operands/result-place.js';
import type { Operation } from '../../operations/operation.js';
import type { Dtype } from '../../types/dtype.js';
import { dtypeId, itemBytes } from '../../types/dtype.js';
import type { GivenOptions } from '../call-options.js';
import type { Setting } from '../validate.js';

/** One array of a list. */
export interface Item {
  readonly source: Operand;
  /** The source where the result goes in place; undefined: this rank gets none. */
  readonly target: Operand | undefined;
  readonly dtype: Dtype;
}

/** Where an array and its result are in what the caller gave, for errors: such as `buffer[3]` and `out[3]`. */
interface Roles {
  readonly buffer: string;
  readonly out: string;
}

/**
 * Read an array of a list; nothing is copied yet.
 *
 * @param pair - The array, and where its result goes; of one alone: in place.
 * @param receives - Whether this rank gets a result.
 * @throws {@link InvalidArgumentError}, or {@link ClosedError} for a window array that was freed.
 */
export function readItem(
  what: string,
  operation: Operation,
  roles: Roles,
  pair: readonly [buffer: unknown, out?: unknown],
  given: GivenOptions,
  setting: Setting,
  receives: boolean,
): Item {
  const { arrays } = setting;
  const [buffer, out] = pair;
  const source = readOperand(what, roles.buffer, buffer, arrays);
  const dtype = checkDtype(what, source, given.dtype);
  const target = pair.length === 1 ? source : readOperand(what, roles.out, out, arrays);
  if (target !== source) {
    checkDtype(what, target, dtype);
    checkOut(what, operation, source, target, source.array.byteLength, setting);
  }
  if (receives) assertWritable(what, target === source ? roles.buffer : roles.out, target);
  if (arrays.sharedPlace(source.memory) ?? arrays.sharedPlace(target.memory)) {
    throw new InvalidArgumentError(
      `${what}: expected arrays of this rank's own, but ${roles.buffer} lies in one of emptyShared`,
    );
  }
  return { source, target: receives ? target : undefined, dtype };
}

/** A call on the arrays of each dtype, in the order in which the dtypes come. */
export function partsOf(
  what: string,
  base: CallArguments,
  items: readonly Item[],
  given: GivenOptions,
  rank: number,
): CallArguments[] {
  return [...new Set(items.map(({ dtype }) => dtype))].map((dtype) => {
    const own = items.filter((item) => item.dtype === dtype);
    return partOf(base, own, dtype, base.operation.reduces ? checkOp(what, given, dtype) : 0, rank);
  });
}

/** The call on the arrays of one dtype. */
function partOf(base: CallArguments, items: readonly Item[], dtype: Dtype, op: number, rank: number): CallArguments {
  const sources = new ArrayParts(items.map(({ source }) => source.array));
  const targets = items.flatMap(({ target }) => (target ? [target.array] : []));
  const isInPlace = items.every(({ source, target }) => source === target);
  return {
    ...base,
    dtype: dtypeId(dtype),
    op,
    itemBytes: itemBytes[dtype],
    count: sources.sizeBytes / itemBytes[dtype],
    inputParts: base.operation.sends(rank, base.root) ? sources : undefined,
    outputParts: isInPlace ? sources : targets.length > 0 ? new ArrayParts(targets) : undefined,
  };
}
