/**
 * Calls on lists of arrays: one call, in which all arrays of a dtype go as one, one behind the other. What comes is bit
 * for bit what a call for each would give.
 *
 * The name of the call has the shape of the list: how many arrays, and the dtype and length of each. So ranks compare
 * their lists as they compare their calls. Where there are several dtypes, the first part compares all of the list.
 */
import { counted } from '../../grammar.js';
import type { CallArguments } from '../../backend/call-arguments.js';
import { InvalidArgumentError } from '../../errors.js';
import { show } from '../../show.js';
import { assertApart } from '../../operands/result-place.js';
import { packAll } from '../../operands/strides.js';
import type { Operation } from '../../operations/operation.js';
import type { GivenOptions } from '../call-options.js';
import type { Item } from './list-items.js';
import { partsOf, readItem } from './list-items.js';
import { listDifference } from './list-difference.js';
import { shapeOf } from './list-shape.js';
import type { Stages } from '../staged-transfer.js';
import type { Setting } from '../validate.js';
import { checkName, checkRoot, checkTimeout, emptyArguments } from '../validate.js';

/** Several stages where the list has several dtypes. */
interface ListCall {
  readonly args: CallArguments;
  readonly stages: Stages | undefined;
  /** Where the lists of ranks differ: they throw how. */
  readonly explain: Stages;
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
): ListCall {
  const { rank, size } = setting;
  checkName(what, given.name);
  const timeoutMs = checkTimeout(what, given.timeoutMs, setting.timeoutMs);
  const root = checkRoot(what, given.root, size);
  const receives = operation.receives(rank, root);
  const items = readItems(what, operation, buffers, given, setting, receives);
  const operands = [...new Set(items.flatMap(({ source, target }) => (target ? [source, target] : [source])))];
  const memory = operands.map((operand) => operand.memory).filter(({ byteLength }) => byteLength > 0);
  if (receives) assertApart(what, memory);
  const name = checkName(what, given.name, shapeOf(items));
  const base: CallArguments = { ...emptyArguments(operation), root, name, timeoutMs };
  const parts = partsOf(what, base, items, given, rank);
  const [only, ...others] = parts;
  const result = operation.isRooted && !receives ? undefined : (given.out ?? buffers);
  const args: CallArguments = {
    ...base,
    ...(others.length === 0 ? only : { count: memory.reduce((sum, { byteLength }) => sum + byteLength, 0) }),
    packedInput: packAll(items.map(({ source }) => source.packed)),
    packedOutput: receives ? packAll(items.map(({ target }) => target?.packed)) : undefined,
    memory,
    inLists: memory,
    result,
  };
  const expected = 'the same list on every rank';
  const explain = (): ReturnType<Stages> =>
    listDifference({ what, operation, timeoutMs, items, expected, first: 0 }, size);
  return { args, stages: others.length === 0 ? undefined : () => parts.values(), explain };
}

function readItems(
  what: string,
  operation: Operation,
  buffers: readonly unknown[],
  given: GivenOptions,
  setting: Setting,
  receives: boolean,
): Item[] {
  const outs = operation.isRooted && !receives ? undefined : given.out;
  if (outs !== undefined && (!Array.isArray(outs) || outs.length !== buffers.length)) {
    const received = Array.isArray(outs) ? counted(outs.length, 'array') : show(outs);
    throw new InvalidArgumentError(
      `${what}: expected out to be a list of ${counted(buffers.length, 'array')} like buffer, received ${received}`,
    );
  }
  return Array.from({ length: buffers.length }, (_, index) => {
    const roles = { buffer: `buffer[${index}]`, out: `out[${index}]` };
    const buffer = buffers[index];
    const pair = outs === undefined ? ([buffer] as const) : ([buffer, (outs as unknown[])[index]] as const);
    return readItem(what, operation, roles, pair, given, setting, receives);
  });
}
