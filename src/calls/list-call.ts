/**
 * Calls on lists of arrays: one call, in which all arrays of a dtype go as one, one behind the other. What comes is bit
 * for bit what a call for each would give.
 *
 * The first stage compares the lists of the ranks: how many arrays, and the dtype and length of each.
 */
import type { CallArguments } from '../backend/call-arguments.js';
import { CollectiveMismatchError, InvalidArgumentError, show } from '../errors.js';
import { ArrayParts } from '../operands/array-parts.js';
import { checkDtype, checkOp } from '../operands/numeric.js';
import type { Operand } from '../operands/operand.js';
import { assertWritable, readOperand } from '../operands/operand.js';
import { assertApart, checkOut } from '../operands/result-place.js';
import { packAll } from '../operands/strides.js';
import type { Operation } from '../operations/operation.js';
import type { Dtype } from '../types/dtype.js';
import { dtypeId, itemBytes } from '../types/dtype.js';
import type { GivenOptions } from './call-options.js';
import { countsStage } from './counts-stage.js';
import type { StagedCall } from './staged-transfer.js';
import type { Setting } from './validate.js';
import { checkName, checkRoot, checkTimeout, emptyArguments } from './validate.js';

/** One array of a list. */
interface Item {
  readonly source: Operand;
  /** The source where the result goes in place; undefined: this rank gets none. */
  readonly target: Operand | undefined;
  readonly dtype: Dtype;
}

/**
 * Check a call; nothing is copied yet.
 *
 * @param what - The method, for errors.
 * @throws {@link InvalidArgumentError}, or {@link ClosedError} for a window array that was freed.
 */
export function listCall(
  what: string,
  operation: Operation,
  buffers: readonly unknown[],
  given: GivenOptions,
  setting: Setting,
): StagedCall {
  const { rank, size } = setting;
  const name = checkName(what, given.name);
  const timeoutMs = checkTimeout(what, given.timeoutMs, setting.timeoutMs);
  const root = checkRoot(what, given.root, size);
  const receives = operation.receives(rank, root);
  const items = readItems(what, operation, buffers, given, setting, receives);
  const operands = [...new Set(items.flatMap(({ source, target }) => (target ? [source, target] : [source])))];
  const memory = operands.map((operand) => operand.memory).filter(({ byteLength }) => byteLength > 0);
  if (receives) assertApart(what, memory);
  const base: CallArguments = { ...emptyArguments(operation), root, name, timeoutMs };
  const shape = shapeWords(items);
  const parts = [...new Set(items.map(({ dtype }) => dtype))].map((dtype) => {
    const own = items.filter((item) => item.dtype === dtype);
    return partOf(base, operation, own, dtype, operation.reduces ? checkOp(what, given, dtype) : 0, rank);
  });
  const result = operation.isRooted && !receives ? undefined : (given.out ?? buffers);
  const args: CallArguments = {
    ...base,
    count: memory.reduce((sum, { byteLength }) => sum + byteLength, 0),
    packedInput: packAll(items.map(({ source }) => source.packed)),
    packedOutput: receives ? packAll(items.map(({ target }) => target?.packed)) : undefined,
    memory,
    result,
  };
  const stages = function* (): Generator<CallArguments, void, undefined> {
    const all = new Float64Array(size * shape.length);
    yield countsStage(base, shape, all);
    checkShapes(what, all, size);
    yield* parts;
  };
  return { args, stages };
}

function readItems(
  what: string,
  operation: Operation,
  buffers: readonly unknown[],
  given: GivenOptions,
  setting: Setting,
  receives: boolean,
): Item[] {
  const { arrays } = setting;
  const outs = operation.isRooted && !receives ? undefined : given.out;
  if (outs !== undefined && (!Array.isArray(outs) || outs.length !== buffers.length)) {
    const received = Array.isArray(outs) ? `${outs.length}` : show(outs);
    throw new InvalidArgumentError(
      `${what}: expected out to be a list of ${buffers.length} arrays like buffer, received ${received}`,
    );
  }
  return Array.from(buffers, (buffer, index) => {
    const source = readOperand(what, `buffer[${index}]`, buffer, arrays);
    const dtype = checkDtype(what, source, given.dtype);
    const out = (outs as readonly unknown[] | undefined)?.[index];
    const target = outs === undefined ? source : readOperand(what, `out[${index}]`, out, arrays);
    if (target !== source) {
      checkDtype(what, target, dtype);
      checkOut(what, operation, source, target, source.array.byteLength, setting);
    }
    if (receives) assertWritable(what, target === source ? `buffer[${index}]` : `out[${index}]`, target);
    if (arrays.sharedPlace(source.memory) ?? arrays.sharedPlace(target.memory)) {
      throw new InvalidArgumentError(
        `${what}: expected arrays of this rank's own in a list, but one at ${index} lies in one of emptyShared`,
      );
    }
    return { source, target: receives ? target : undefined, dtype };
  });
}

/** The call on the arrays of one dtype. */
function partOf(
  base: CallArguments,
  operation: Operation,
  items: readonly Item[],
  dtype: Dtype,
  op: number,
  rank: number,
): CallArguments {
  const sources = new ArrayParts(items.map(({ source }) => source.array));
  const targets = items.flatMap(({ target }) => (target ? [target.array] : []));
  return {
    ...base,
    dtype: dtypeId(dtype),
    op,
    itemBytes: itemBytes[dtype],
    count: sources.sizeBytes / itemBytes[dtype],
    inputParts: operation.sends(rank, base.root) ? sources : undefined,
    outputParts: targets.length > 0 ? new ArrayParts(targets) : undefined,
  };
}

const hashPrime = 16_777_619;

/** How many arrays, how many elements, and a hash of their dtypes and lengths in their order. */
function shapeWords(items: readonly Item[]): Float64Array {
  let [low, high, total] = [2_166_136_261, 3_141_592_653, 0];
  for (const { source, dtype } of items) {
    const count = source.array.byteLength / itemBytes[dtype];
    total += count;
    for (const word of [dtypeId(dtype), count >>> 0, Math.floor(count / 2 ** 32)]) {
      low = Math.imul(low ^ word, hashPrime) >>> 0;
      high = Math.imul(high ^ (word + low), hashPrime) >>> 0;
    }
  }
  return Float64Array.of(items.length, total, low, high);
}

/** @throws {@link CollectiveMismatchError}, on all ranks alike. */
function checkShapes(what: string, all: Float64Array, size: number): void {
  const words = all.length / size;
  for (let rank = 1; rank < size; rank++) {
    const [own, first] = [all.subarray(rank * words, (rank + 1) * words), all.subarray(0, words)];
    if (own.every((word, i) => word === first[i])) continue;
    const text = (word: Float64Array): string => `${word[0]} arrays of ${word[1]} elements in all`;
    throw new CollectiveMismatchError(
      `${what}: expected lists of as many arrays, of the same dtypes and lengths in the same order, on every rank; rank 0 ` +
        `has ${text(first)}, rank ${rank} has ${text(own)}. Nothing was written`,
      { calls: [] },
    );
  }
}
