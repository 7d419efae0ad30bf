/** From a caller's arguments to a args: everything that is wrong with a call is found here, before any byte moves. */
import type { Algorithm } from '../operations/index.js';
import { InvalidArgumentError, show } from '../errors.js';
import { dtypeId, itemBytes } from '../types/dtype.js';
import { checkDtype, checkOp } from '../operands/numeric.js';
import { assertWritable, checkOut, readOperand } from '../operands/operand.js';
import type { CallName } from '../backend/call-name.js';
import { encodeName, noName } from '../backend/call-name.js';
import type { CallArguments } from '../backend/call-arguments.js';
import type { TaskArrays } from '../operands/task-arrays.js';

/** Options as a caller gives them; which of them an operation takes is in `allowedOptions`. */
export interface CallOptions {
  readonly op?: unknown;
  readonly root?: unknown;
  readonly dtype?: unknown;
  readonly accumulate?: unknown;
  readonly out?: unknown;
  readonly name?: unknown;
  readonly timeoutMs?: unknown;
  readonly signal?: unknown;
}

const common = ['name', 'timeoutMs', 'signal'];
/** Options of each operation. */
export const allowedOptions: Readonly<Record<Algorithm['name'], readonly string[]>> = {
  allreduce: ['op', 'dtype', 'accumulate', 'out', ...common],
  broadcast: ['root', 'dtype', ...common],
  barrier: common,
};

const noOptions: CallOptions = {
  op: undefined,
  root: undefined,
  dtype: undefined,
  accumulate: undefined,
  out: undefined,
  name: undefined,
  timeoutMs: undefined,
  signal: undefined,
};

/** Facts of the group that validation needs. */
export interface Setting {
  readonly arrays: TaskArrays;
  readonly rank: number;
  readonly size: number;
  /** Default deadline in milliseconds. */
  readonly timeoutMs: number;
}

/** A args that carries nothing but its operation: how a refused call is announced. */
export function emptyArguments(algorithm: Algorithm): CallArguments {
  return {
    algorithm,
    dtype: 0,
    op: 0,
    root: 0,
    count: 0,
    itemBytes: 1,
    name: noName,
    input: undefined,
    output: undefined,
    packed: undefined,
    memory: [],
    result: undefined,
    timeoutMs: Infinity,
    signal: undefined,
  };
}

/**
 * Check a call.
 *
 * @throws {@link InvalidArgumentError}, or {@link ClosedError} for a window array that was freed.
 */
export function validate(
  algorithm: Algorithm,
  buffer: unknown,
  options: CallOptions | undefined,
  blocking: boolean,
  setting: Setting,
): CallArguments {
  const what = blocking ? `${algorithm.name}Sync` : algorithm.name;
  const given = checkOptions(what, algorithm, options, blocking);
  const name = checkName(what, given.name);
  const timeoutMs = checkTimeout(what, given.timeoutMs, setting.timeoutMs);
  const signal = checkSignal(what, given.signal);
  if (algorithm.name === 'barrier') return { ...emptyArguments(algorithm), name, timeoutMs, signal };

  const root = algorithm.name === 'broadcast' ? checkRoot(what, given.root, setting.size) : 0;
  const source = readOperand(what, 'buffer', buffer, setting.arrays);
  const dtype = checkDtype(what, source, given.dtype);
  const op = algorithm.name === 'allreduce' ? checkOp(what, given, dtype) : 0;
  const target = given.out === undefined ? source : readOperand(what, 'out', given.out, setting.arrays);
  if (target !== source) {
    checkDtype(what, target, dtype);
    checkOut(what, source, target);
  }
  const sends = algorithm.sends(setting.rank, root);
  const receives = algorithm.receives(setting.rank, root);
  if (receives) assertWritable(what, target === source ? 'buffer' : 'out', target);
  if (sends) source.packed?.gather();
  return {
    algorithm,
    dtype: dtypeId(dtype),
    op,
    root,
    count: source.array.byteLength / itemBytes[dtype],
    itemBytes: itemBytes[dtype],
    name,
    input: sends ? source.array : undefined,
    output: receives ? target.array : undefined,
    packed: receives ? target.packed : undefined,
    memory: target === source ? [source.memory] : [source.memory, target.memory],
    result: given.out ?? buffer,
    timeoutMs,
    signal,
  };
}

function checkOptions(
  what: string,
  algorithm: Algorithm,
  options: CallOptions | null | undefined,
  blocking: boolean,
): CallOptions {
  if (options === undefined) return noOptions;
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(`${what}: expected options to be an object, received ${show(options)}`);
  }
  const names = allowedOptions[algorithm.name];
  // Properties of its own alone, each read once; what is not given must not be read from a prototype.
  const given: Record<string, unknown> = { ...noOptions };
  for (const key of Object.keys(options)) {
    if (names.includes(key)) {
      given[key] = options[key as keyof CallOptions];
      continue;
    }
    throw new InvalidArgumentError(`${what}: expected options among ${names.join(', ')}, received ${show(key)}`, {
      option: key,
    });
  }
  if (blocking && given.signal !== undefined) {
    throw new InvalidArgumentError(`${what}: signal belongs to the awaited form ${algorithm.name}`);
  }
  return given;
}

function checkName(what: string, name: unknown): CallName {
  if (name === undefined) return noName;
  if (typeof name !== 'string') {
    throw new InvalidArgumentError(`${what}: expected name to be a string, received ${show(name)}`);
  }
  return encodeName(name);
}

function checkTimeout(what: string, timeoutMs: unknown, defaultMs: number): number {
  if (timeoutMs === undefined) return defaultMs;
  if (timeoutMs === null) return Infinity;
  if (typeof timeoutMs === 'number' && timeoutMs > 0) return timeoutMs;
  throw new InvalidArgumentError(
    `${what}: expected timeoutMs to be a number of milliseconds above 0, or null for no limit, received ${show(timeoutMs)}`,
  );
}

function checkSignal(what: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new InvalidArgumentError(`${what}: expected signal to be an AbortSignal, received ${show(signal)}`);
}

function checkRoot(what: string, root: unknown, size: number): number {
  if (root === undefined) return 0;
  if (typeof root === 'number' && Number.isInteger(root) && root >= 0 && root < size) return root;
  throw new InvalidArgumentError(`${what}: expected root to be a rank from 0 to ${size - 1}, received ${show(root)}`);
}
