/** From a caller's arguments to those of a call: everything that is wrong is found here, before any byte moves. */
import type { CallArguments } from '../backend/call-arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { checkOp } from '../operands/numeric.js';
import { ArrayParts } from '../operands/array-parts.js';
import type { Packing } from '../operands/strides.js';
import { packAll } from '../operands/strides.js';
import type { TypedArray } from '../types/buffers.js';
import { usedMemory } from '../operands/result-place.js';
import type { TaskArrays } from '../operands/task-arrays.js';
import type { CallName, ListShape } from '../operations/call-name.js';
import { encodeName, noName } from '../operations/call-name.js';
import type { SharedPlace } from '../operations/descriptor.js';
import type { Operation } from '../operations/operation.js';
import { dtypeId, itemBytes } from '../types/dtype.js';
import type { Side } from './call-buffers.js';
import { memoryOf, readBuffers } from './call-buffers.js';
import type { GivenOptions } from './call-options.js';
import { checkRank } from './check-rank.js';

/** Facts of the group that validation needs. */
export interface Setting {
  readonly arrays: TaskArrays;
  readonly rank: number;
  readonly size: number;
  /** Default deadline in milliseconds. */
  readonly timeoutMs: number;
  /** Number of the group; 0: the task's own. */
  readonly group: number;
}

/** What carries nothing but its operation: how a refused call is announced. */
export function emptyArguments(operation: Operation): CallArguments {
  return {
    operation,
    dtype: 0,
    op: 0,
    root: 0,
    count: 0,
    blocksIn: 1,
    blocksOut: 1,
    itemBytes: 1,
    name: noName,
    input: undefined,
    output: undefined,
    shared: undefined,
    packedInput: undefined,
    packedOutput: undefined,
    memory: [],
    result: undefined,
    timeoutMs: Infinity,
  };
}

/**
 * Check a call; nothing is copied yet.
 *
 * @param what - The method, for errors.
 * @throws {@link InvalidArgumentError}, or {@link ClosedError} for a window array that was freed.
 */
export function validate(
  what: string,
  operation: Operation,
  buffer: unknown,
  given: GivenOptions,
  setting: Setting,
): CallArguments {
  const name = checkName(what, given.name);
  const timeoutMs = checkTimeout(what, given.timeoutMs, setting.timeoutMs);
  if (operation.takes !== 'buffer') return { ...emptyArguments(operation), name, timeoutMs };

  const { rank, size } = setting;
  const root = checkRoot(what, given.root, size);
  const { out } = given;
  const found = readBuffers(what, operation, { buffer, out, dtype: given.dtype, root }, setting);
  const { source, target, dtype, count, result } = found;
  const [sends, receives] = [operation.sends(rank, root), operation.receives(rank, root)];
  const hasList = source?.isList === true || target?.isList === true;
  return {
    ...emptyArguments(operation),
    dtype: dtypeId(dtype),
    op: operation.reduces ? checkOp(what, given, dtype) : 0,
    root,
    count,
    blocksIn: operation.brings === 'each' ? size : 1,
    blocksOut: operation.gets === 'each' ? size : 1,
    itemBytes: itemBytes[dtype],
    name,
    ...(sends && source && arraysOf(source, 'input', 'inputParts')),
    ...(receives && target && arraysOf(target, 'output', 'outputParts')),
    shared: sharedPlace(what, operation, source, target, setting),
    packedInput: sends ? packingOf(source) : undefined,
    packedOutput: receives ? packingOf(target) : undefined,
    memory: hasList ? memoryOf(source, target) : usedMemory(source?.operands[0].memory, target?.operands[0].memory),
    inLists: hasList ? memoryOf(...[source, target].filter((side) => side?.isList)) : undefined,
    result,
    timeoutMs,
  };
}

/**
 * The part of a node-shared array that a call writes. Each rank reads what it brings, and all read the same there: a
 * fold of one array with itself is what nobody means.
 */
function sharedPlace(
  what: string,
  { name, reduces, givesSame }: Operation,
  source: Side | undefined,
  target: Side | undefined,
  { arrays, group }: Setting,
): SharedPlace | undefined {
  if (reduces && source && arrays.sharedPlace(source.operands[0].memory)) {
    throw new InvalidArgumentError(
      `${what}: expected buffer to be an array of this rank's own, but it lies in one of emptyShared, which is the same ` +
        `on all ranks. ${givesSame ? 'Give that as out' : 'Copy it first'}`,
    );
  }
  const place = target && arrays.sharedPlace(target.operands[0].memory);
  if (!place) return undefined;
  if (place.group !== group) {
    throw new InvalidArgumentError(
      `${what}: expected an array of emptyShared that this group has made, received one of another group's. Make one with ` +
        `emptyShared of the group that calls`,
    );
  }
  if (!givesSame) {
    throw new InvalidArgumentError(
      `${what}: expected out to be an array of this rank's own, but it lies in one of emptyShared, and ${name} gives ` +
        `each rank another result`,
    );
  }
  if (!target.operands[0].packed) return place;
  throw new InvalidArgumentError(
    `${what}: expected the elements in an array of emptyShared to lie in a row, but their strides leave gaps`,
  );
}

/** One array, or several as one. */
function arraysOf<I extends string, P extends string>(
  { operands, isList }: Side,
  one: I,
  several: P,
): Partial<Record<I, TypedArray> & Record<P, ArrayParts>> {
  const arrays = operands.map(({ array }) => array);
  return { [isList ? several : one]: isList ? new ArrayParts(arrays) : arrays[0] } as Partial<
    Record<I, TypedArray> & Record<P, ArrayParts>
  >;
}

function packingOf(side: Side | undefined): Packing | undefined {
  return side && packAll(side.operands.map(({ packed }) => packed));
}

/** What a record has of a name. @param list - Of a call on a list. @throws {@link InvalidArgumentError} */
export function checkName(what: string, name: unknown, list?: ListShape): CallName {
  if (name === undefined) return list ? encodeName('', list) : noName;
  if (typeof name !== 'string') {
    throw new InvalidArgumentError(`${what}: expected name to be a string, received ${show(name)}`);
  }
  return encodeName(name, list);
}

/** Milliseconds; Infinity: no limit. @throws {@link InvalidArgumentError} */
export function checkTimeout(what: string, timeoutMs: unknown, defaultMs: number): number {
  if (timeoutMs === undefined) return defaultMs;
  if (timeoutMs === null) return Infinity;
  if (typeof timeoutMs === 'number' && timeoutMs > 0) return timeoutMs;
  throw new InvalidArgumentError(
    `${what}: expected timeoutMs to be a number of milliseconds above 0, or null for no limit, received ${show(timeoutMs)}`,
  );
}

/** The signal of one start. @throws {@link InvalidArgumentError} */
export function checkSignal(what: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new InvalidArgumentError(`${what}: expected signal to be an AbortSignal, received ${show(signal)}`);
}

/** @throws {@link InvalidArgumentError} */
export function checkRoot(what: string, root: unknown, size: number): number {
  if (root === undefined) return 0;
  return checkRank(what, 'root', root, size);
}
