/** The buffers of a call on one rank: what it brings, and where its result goes. */
import { counted, withArticle } from '../grammar.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { makeLike } from '../operands/made-array.js';
import { checkDtype } from '../operands/numeric.js';
import type { Operand } from '../operands/operand.js';
import { assertWritable, readOperand } from '../operands/operand.js';
import { assertApart, checkOut } from '../operands/result-place.js';
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

/** One array, or a list with an array for each rank's block. */
export interface Side {
  readonly operands: readonly [Operand, ...Operand[]];
  readonly isList: boolean;
}

/** See above. */
export interface CallBuffers {
  /** Undefined: the rank has no buffer in this call. */
  readonly source: Side | undefined;
  /** The source where the result goes in place; undefined: the rank gets no result. */
  readonly target: Side | undefined;
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
  const { rank, size } = setting;
  const receives = operation.receives(rank, given.root);
  if (operation.withoutOut === 'refused' && !operation.sends(rank, given.root)) {
    const target = readOut(what, operation, given.out, setting);
    const dtype = dtypeOf(what, target, given.dtype);
    assertWritable(what, 'out', target.operands[0]);
    return { source: undefined, target, dtype, count: bytesOf(target) / itemBytes[dtype], result: given.out };
  }
  const source = readSide(what, 'buffer', given.buffer, operation.brings === 'each', setting);
  const dtype = dtypeOf(what, source, given.dtype);
  const count = countOf(what, operation, source, dtype, size);
  if (operation.isRooted && !receives) return { source, target: undefined, dtype, count, result: undefined };
  if (given.out === undefined && operation.withoutOut === 'buffer') {
    if (receives) assertWritable(what, 'buffer', source.operands[0]);
    return { source, target: source, dtype, count, result: given.buffer };
  }
  const blockBytes = count * itemBytes[dtype];
  if (given.out === undefined && operation.withoutOut === 'made') {
    const sizeBytes = blockBytes * (operation.gets === 'each' ? size : 1);
    const like = source.isList ? (given.buffer as readonly unknown[])[0] : given.buffer;
    const made = makeLike(what, like, source.operands[0], sizeBytes);
    return { source, target: readSide(what, 'out', made, false, setting), dtype, count, result: made };
  }
  const target = readOut(what, operation, given.out, setting);
  checkTarget(what, operation, source, target, { dtype, blockBytes, receives }, setting);
  return { source, target, dtype, count, result: given.out };
}

/** @param takesList - A list with an array for each rank may stand for one array of as many blocks. */
function readSide(what: string, role: string, given: unknown, takesList: boolean, setting: BufferSetting): Side {
  const { arrays, size } = setting;
  if (!takesList || !Array.isArray(given)) {
    return { operands: [readOperand(what, role, given, arrays)], isList: false };
  }
  const [first, ...others] = Array.from(given, (each, i) => readOperand(what, `${role}[${i}]`, each, arrays));
  if (!first || others.length !== size - 1) {
    throw new InvalidArgumentError(
      `${what}: expected ${role} to be a list of ${counted(size, 'array')}, one for each rank, received ${counted(given.length, 'array')}`,
    );
  }
  const shared = [first, ...others].findIndex(({ memory }) => arrays.sharedPlace(memory));
  if (shared >= 0) {
    throw new InvalidArgumentError(
      `${what}: expected arrays of this rank's own in a list, but ${role}[${shared}] lies in one of emptyShared`,
    );
  }
  const odd = others.findIndex(({ tag, array }) => tag !== first.tag || array.byteLength !== first.array.byteLength);
  if (odd < 0) return { operands: [first, ...others], isList: true };
  throw new InvalidArgumentError(
    `${what}: expected the arrays of ${role} to be alike, ${first.tag}s of ${counted(first.array.length, 'element')}; ` +
      `${role}[${odd + 1}] is ${withArticle(others[odd]?.tag ?? '')} of ${counted(others[odd]?.array.length ?? 0, 'element')}`,
  );
}

function readOut(what: string, { withoutOut, gets }: Operation, out: unknown, setting: BufferSetting): Side {
  if (out === undefined && withoutOut === 'refused') {
    throw new InvalidArgumentError(`${what}: expected out, an array for this rank's block, received ${show(out)}`);
  }
  return readSide(what, 'out', out, gets === 'each', setting);
}

/** The dtype of all arrays of a side. */
function dtypeOf(what: string, { operands: [first, ...others] }: Side, given: unknown): Dtype {
  const dtype = checkDtype(what, first, given);
  for (const other of others) checkDtype(what, other, dtype);
  return dtype;
}

/** Elements of a block of a buffer. */
function countOf(what: string, { brings }: Operation, source: Side, dtype: Dtype, size: number): number {
  const items = bytesOf(source) / itemBytes[dtype];
  if (brings === 'one') return items;
  if (items % size === 0) return items / size;
  throw new InvalidArgumentError(
    `${what}: expected buffer to have a block for each of ${size} ranks, as many elements as a multiple of ${size}; ` +
      `received ${counted(items, 'element')}`,
  );
}

function checkTarget(
  what: string,
  operation: Operation,
  source: Side,
  target: Side,
  { dtype, blockBytes, receives }: { dtype: Dtype; blockBytes: number; receives: boolean },
  setting: BufferSetting,
): void {
  dtypeOf(what, target, dtype);
  const [first] = target.operands;
  if (!source.isList && !target.isList) {
    checkOut(what, operation, source.operands[0], first, blockBytes, setting);
  } else {
    const wanted = blockBytes * (operation.gets === 'each' ? setting.size : 1);
    if (first.tag !== source.operands[0].tag || bytesOf(target) !== wanted) {
      throw new InvalidArgumentError(
        `${what}: expected ${counted(wanted / first.array.BYTES_PER_ELEMENT, 'element')} in all in out, of ` +
          `${source.operands[0].tag}; received ${bytesOf(target) / first.array.BYTES_PER_ELEMENT} of ${first.tag}`,
      );
    }
    if (receives) assertApart(what, memoryOf(source, target));
  }
  if (receives) for (const each of target.operands) assertWritable(what, 'out', each);
}

/** The memory of a call with a list among its sides. */
export function memoryOf(...sides: readonly (Side | undefined)[]): Operand['memory'][] {
  const operands = sides.flatMap((side) => side?.operands ?? []);
  return operands.map(({ memory }) => memory).filter(({ byteLength }) => byteLength > 0);
}

function bytesOf({ operands }: Side): number {
  return operands.reduce((sum, { array }) => sum + array.byteLength, 0);
}
