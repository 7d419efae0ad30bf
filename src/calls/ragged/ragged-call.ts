/**
 * Calls whose blocks have any length: `allgatherv`, `gatherv`, `scatterv`, `alltoallv`. They have two stages: all ranks
 * learn all counts, then the blocks go.
 */
import { withArticle } from '../../grammar.js';
import type { CallArguments } from '../../backend/call-arguments.js';
import { InvalidArgumentError } from '../../errors.js';
import { makeLike } from '../../operands/made-array.js';
import { checkDtype } from '../../operands/numeric.js';
import type { Operand } from '../../operands/operand.js';
import { assertWritable, readOperand } from '../../operands/operand.js';
import { areApart, usedMemory } from '../../operands/result-place.js';
import type { Operation } from '../../operations/operation.js';
import type { TypedArray } from '../../types/buffers.js';
import type { Dtype } from '../../types/dtype.js';
import { dtypeId, itemBytes } from '../../types/dtype.js';
import type { GivenOptions } from '../call-options.js';
import { checkRanges, readCounts, startsOf, unsaid } from './ragged-counts.js';
import type { Side } from './ragged-stages.js';
import { mostUnasked, raggedStages } from './ragged-stages.js';
import type { StagedCall } from '../staged-transfer.js';
import type { Setting } from '../validate.js';
import { checkName, checkRoot, checkTimeout, emptyArguments } from '../validate.js';

/**
 * Check a call; nothing is copied yet.
 *
 * @param what - The method, for errors.
 * @throws {@link InvalidArgumentError}, or {@link ClosedError} for a window array that was freed.
 */
export function raggedCall(
  what: string,
  operation: Operation,
  buffer: unknown,
  given: GivenOptions,
  setting: Setting,
): StagedCall {
  const { rank, size, arrays } = setting;
  const name = checkName(what, given.name);
  const timeoutMs = checkTimeout(what, given.timeoutMs, setting.timeoutMs);
  const root = checkRoot(what, given.root, size);
  const [sends, receives] = [operation.sends(rank, root), operation.receives(rank, root)];
  const source = sends ? readOperand(what, 'buffer', buffer, arrays) : undefined;
  const isMade = given.out === undefined && operation.withoutOut === 'made';
  const target = receives && !isMade ? readOut(what, given.out, setting) : undefined;
  const dtype = dtypeOf(what, source, target, given.dtype);
  if (target) assertWritable(what, 'out', target);
  const lengthOf = (operand: Operand | undefined): number => (operand?.array.byteLength ?? 0) / itemBytes[dtype];
  const sent = sendSide(what, operation, given, lengthOf(source), setting, root);
  const room = target ? lengthOf(target) : unsaid;
  const expected = receiveSide(what, operation, given, room, setting, root);
  let result: unknown = receives ? given.out : undefined;
  // What is known to need more memory than there is is refused before it is announced.
  const known = isMade && receives && source ? leastLength(expected) : 0;
  if (known >= mostUnasked) makeLike(what, buffer, source as Operand, known * itemBytes[dtype]);
  const base: CallArguments = {
    ...emptyArguments(operation),
    root,
    name,
    timeoutMs,
    dtype: dtypeId(dtype),
    itemBytes: itemBytes[dtype],
    count: Math.max(lengthOf(source), lengthOf(target)),
    input: source?.array,
    packedInput: source?.packed,
    packedOutput: target?.packed,
    // Of an array without bytes nothing can be lost.
    memory: usedMemory(source?.memory, target?.memory).filter(({ byteLength }) => byteLength > 0),
  };
  const args: CallArguments = {
    ...base,
    get result(): unknown {
      return result;
    },
  };
  const outputOf = (length: number): TypedArray | undefined => {
    if (!receives || !isMade || !source) return target?.array;
    const made = makeLike(what, buffer, source, length * itemBytes[dtype]);
    result = made;
    return made;
  };
  return { args, stages: raggedStages(what, base, { sent, expected, room, outputOf }, setting) };
}

/** Elements of a result, as far as this rank has said where blocks go. */
function leastLength({ counts, starts }: Side): number {
  const ends = (starts ?? []).map((start, rank) => ((counts[rank] ?? 0) > 0 ? start + (counts[rank] ?? 0) : 0));
  return starts ? Math.max(0, ...ends) : counts.reduce((sum, count) => sum + Math.max(0, count), 0);
}

function readOut(what: string, out: unknown, { arrays }: Setting): Operand {
  const target = readOperand(what, 'out', out, arrays);
  if (!arrays.sharedPlace(target.memory)) return target;
  throw new InvalidArgumentError(
    `${what}: expected out to be an array of this rank's own, but it lies in one of emptyShared`,
  );
}

function dtypeOf(what: string, source: Operand | undefined, target: Operand | undefined, given: unknown): Dtype {
  const first = source ?? target;
  if (!first) throw new InvalidArgumentError(`${what}: expected a buffer, received none`);
  const dtype = checkDtype(what, first, given);
  if (!source || !target) return dtype;
  checkDtype(what, target, dtype);
  if (target.tag !== source.tag) {
    throw new InvalidArgumentError(
      `${what}: expected out to be ${withArticle(source.tag)} like buffer, received ${withArticle(target.tag)}`,
    );
  }
  if (areApart(source.memory, target.memory)) return dtype;
  throw new InvalidArgumentError(`${what}: out overlaps buffer; pass an array apart from it`);
}

/** What this rank sends to each. */
function sendSide(
  what: string,
  operation: Operation,
  given: GivenOptions,
  length: number,
  { rank, size }: Setting,
  root: number,
): Side {
  if (!operation.sends(rank, root)) return { counts: Array<number>(size).fill(0), starts: undefined };
  if (operation.brings === 'one') {
    const counts = Array.from({ length: size }, (_, to) => (operation.receives(to, root) ? length : 0));
    return { counts, starts: Array<number>(size).fill(0) };
  }
  const [option, displaced] =
    operation.gets === 'each' ? (['sendCounts', 'sendDisplacements'] as const) : (['counts', 'displacements'] as const);
  const counts = readCounts(what, option, given.blocks[option], size);
  const starts = startsGiven(what, displaced, given, size);
  checkRanges(what, 'buffer', counts, starts ?? startsOf(counts), length, false);
  return { counts, starts };
}

/** What this rank expects of each. */
function receiveSide(
  what: string,
  operation: Operation,
  given: GivenOptions,
  room: number,
  { rank, size }: Setting,
  root: number,
): Side {
  if (!operation.receives(rank, root)) return { counts: Array<number>(size).fill(0), starts: undefined };
  if (operation.gets === 'one') {
    return { counts: Array.from({ length: size }, (_, from) => (from === root ? room : 0)), starts: undefined };
  }
  const [option, displaced] =
    operation.brings === 'each'
      ? (['recvCounts', 'recvDisplacements'] as const)
      : (['counts', 'displacements'] as const);
  if (given.blocks[option] === undefined) {
    if (given.blocks[displaced] === undefined) return { counts: Array<number>(size).fill(unsaid), starts: undefined };
    throw new InvalidArgumentError(`${what}: expected ${option} beside ${displaced}, received none`, { option });
  }
  const counts = readCounts(what, option, given.blocks[option], size);
  const starts = startsGiven(what, displaced, given, size);
  checkRanges(what, 'out', counts, starts ?? startsOf(counts), room === unsaid ? Infinity : room, true);
  return { counts, starts };
}

function startsGiven(
  what: string,
  option: 'displacements' | 'sendDisplacements' | 'recvDisplacements',
  { blocks }: GivenOptions,
  size: number,
): number[] | undefined {
  return blocks[option] === undefined ? undefined : readCounts(what, option, blocks[option], size);
}
