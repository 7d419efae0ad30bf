/** The buffers of a call on one rank: what it brings, and where its result goes. */
import { InvalidArgumentError } from '../errors.js';
import { makeLike } from '../operands/made-array.js';
import { checkDtype } from '../operands/numeric.js';
import type { Operand } from '../operands/operand.js';
import { assertWritable, readOperand } from '../operands/operand.js';
import { checkOut } from '../operands/result-place.js';
import type { TaskArrays } from '../operands/task-arrays.js';
import type { Operation } from '../operations/operation.js';
import type { Dtype } from '../types/dtype.js';
import { itemBytes } from '../types/dtype.js';

/** What they are read from. */
export interface GivenBuffers {
  readonly buffer: unknown;
  readonly out: unknown;
  readonly dtype: unknown;
  readonly root: number;
}

/** Where they are read. */
export interface BufferSetting {
  readonly arrays: TaskArrays;
  readonly rank: number;
  readonly size: number;
}

/** See above. */
export interface CallBuffers {
  /** Undefined: the rank has no buffer in this call. */
  readonly source: Operand | undefined;
  /** The source where the result goes in place; undefined: the rank gets no result. */
  readonly target: Operand | undefined;
  readonly dtype: Dtype;
  /** Elements of a block. */
  readonly count: number;
  /** What the caller gets back. */
  readonly result: unknown;
}

/**
 * Read and check them.
 *
 * @param what - The call, for errors.
 * @throws {@link InvalidArgumentError}, or {@link ClosedError} for a window array that was freed.
 */
export function readBuffers(
  what: string,
  operation: Operation,
  given: GivenBuffers,
  setting: BufferSetting,
): CallBuffers {
  const { rank, size, arrays } = setting;
  const receives = operation.receives(rank, given.root);
  if (operation.withoutOut === 'refused' && !operation.sends(rank, given.root)) {
    const target = readOut(what, operation, given.out, arrays);
    const dtype = checkDtype(what, target, given.dtype);
    assertWritable(what, 'out', target);
    return { source: undefined, target, dtype, count: target.array.byteLength / itemBytes[dtype], result: given.out };
  }
  const source = readOperand(what, 'buffer', given.buffer, arrays);
  const dtype = checkDtype(what, source, given.dtype);
  const count = countOf(what, operation, source, dtype, size);
  if (operation.isRooted && !receives) return { source, target: undefined, dtype, count, result: undefined };
  if (given.out === undefined && operation.withoutOut === 'buffer') {
    if (receives) assertWritable(what, 'buffer', source);
    return { source, target: source, dtype, count, result: given.buffer };
  }
  const blockBytes = count * itemBytes[dtype];
  if (given.out === undefined && operation.withoutOut === 'made') {
    const sizeBytes = blockBytes * (operation.gets === 'each' ? size : 1);
    const made = makeLike(what, given.buffer, source, sizeBytes);
    return { source, target: readOperand(what, 'out', made, arrays), dtype, count, result: made };
  }
  const target = readOut(what, operation, given.out, arrays);
  checkDtype(what, target, dtype);
  checkOut(what, operation, source, target, blockBytes, setting);
  if (receives) assertWritable(what, 'out', target);
  return { source, target, dtype, count, result: given.out };
}

function readOut(what: string, { withoutOut }: Operation, out: unknown, arrays: TaskArrays): Operand {
  if (out === undefined && withoutOut === 'refused') {
    throw new InvalidArgumentError(`${what}: expected out, an array for this rank's block, received undefined`);
  }
  return readOperand(what, 'out', out, arrays);
}

/** Elements of a block of a buffer. */
function countOf(what: string, { brings }: Operation, { array }: Operand, dtype: Dtype, size: number): number {
  const items = array.byteLength / itemBytes[dtype];
  if (brings === 'one') return items;
  if (items % size === 0) return items / size;
  throw new InvalidArgumentError(
    `${what}: expected buffer to have a block for each of ${size} ranks, as many elements as a multiple of ${size}; ` +
      `received ${items}`,
  );
}
