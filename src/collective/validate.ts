/** From a caller's arguments to a request: everything that is wrong with a call is found here, before any byte moves. */
import type { Algorithm } from '../algorithms/index.js';
import { ClosedError, InvalidArgumentError, show, tagOf } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import { canCarry, carriedOps, opsOf } from '../types/contract.js';
import { dtypeId, dtypeNames, dtypesOfTag, itemBytes } from '../types/dtype.js';
import { reduceOpId, reduceOpNames, reduceOpOf } from '../types/reduce-op.js';
import type { Request } from './request.js';
import type { TaskArrays } from './task-arrays.js';

/** Options as a caller gives them; which of them an operation takes is in `allowedOptions`. */
export interface CallOptions {
  readonly op?: unknown;
  readonly root?: unknown;
  readonly dtype?: unknown;
  readonly accumulate?: unknown;
  readonly reproducible?: unknown;
  readonly out?: unknown;
  readonly name?: unknown;
  readonly timeoutMs?: unknown;
  readonly signal?: unknown;
}

const common = ['name', 'timeoutMs', 'signal'];
/** Options of each operation. */
export const allowedOptions: Readonly<Record<Algorithm['name'], readonly string[]>> = {
  allreduce: ['op', 'dtype', 'accumulate', 'reproducible', 'out', ...common],
  broadcast: ['root', 'dtype', ...common],
  barrier: common,
};

const encoder = new TextEncoder();
const noName = new Uint8Array(0);

/** Facts of the group that validation needs. */
export interface Setting {
  readonly arrays: TaskArrays;
  readonly rank: number;
  readonly size: number;
  /** Default deadline in milliseconds. */
  readonly timeoutMs: number;
}

/** A request that carries nothing but its operation: how a refused call is announced. */
export function emptyRequest(algorithm: Algorithm): Request {
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
): Request {
  const what = blocking ? `${algorithm.name}Sync` : algorithm.name;
  const given = checkOptions(what, algorithm, options, blocking);
  const name = checkName(what, given.name);
  const timeoutMs = checkTimeout(what, given.timeoutMs, setting.timeoutMs);
  const signal = checkSignal(what, given.signal);
  if (algorithm.name === 'barrier') return { ...emptyRequest(algorithm), name, timeoutMs, signal };

  const root = algorithm.name === 'broadcast' ? checkRoot(what, given.root, setting.size) : 0;
  const array = checkBuffer(what, 'buffer', buffer, setting.arrays);
  const dtype = checkDtype(what, array, given.dtype);
  const op = algorithm.name === 'allreduce' ? checkOp(what, given, dtype) : 0;
  const out = given.out === undefined ? array : checkOut(what, array, given.out, setting.arrays);
  return {
    algorithm,
    dtype: dtypeId(dtype),
    op,
    root,
    count: array.byteLength / itemBytes[dtype],
    itemBytes: itemBytes[dtype],
    name,
    input: algorithm.sends(setting.rank, root) ? array : undefined,
    output: algorithm.receives(setting.rank, root) ? out : undefined,
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
  if (options === undefined) return {};
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(`${what}: expected options to be an object, received ${show(options)}`);
  }
  const names = allowedOptions[algorithm.name];
  for (const key of Object.keys(options)) {
    if (names.includes(key)) continue;
    throw new InvalidArgumentError(`${what}: expected options among ${names.join(', ')}, received ${show(key)}`, {
      option: key,
    });
  }
  if (blocking && options.signal !== undefined) {
    throw new InvalidArgumentError(`${what}: signal belongs to the awaited form ${algorithm.name}`);
  }
  return options;
}

function checkName(what: string, name: unknown): Uint8Array {
  if (name === undefined) return noName;
  if (typeof name !== 'string') {
    throw new InvalidArgumentError(`${what}: expected name to be a string, received ${show(name)}`);
  }
  return encoder.encode(name);
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

function checkBuffer(what: string, role: string, buffer: unknown, arrays: TaskArrays): TypedArray {
  if (!ArrayBuffer.isView(buffer) || !dtypesOfTag.has(tagOf(buffer))) {
    throw new InvalidArgumentError(
      `${what}: expected ${role} to be a typed array such as Float32Array, received ${show(buffer)}`,
    );
  }
  const array = buffer as TypedArray;
  if (isDetached(array)) throw new InvalidArgumentError(`${what}: expected ${role} to be usable, but it is detached`);
  if (!arrays.holds(array) || array.byteLength === 0) return array;
  if (arrays.owns(array)) return array;
  throw new ClosedError(
    `${what}: ${role} comes from collective.empty, but from no array of this task: it was freed, its task has ended, ` +
      `or it belongs to another rank; use an array of collective.empty`,
  );
}

function isDetached(array: TypedArray): boolean {
  if (array.byteLength !== 0 || array.buffer instanceof SharedArrayBuffer) return false;
  try {
    return new Uint8Array(array.buffer).length !== 0 && array.length !== 0;
  } catch {
    return true; // a view of a detached buffer cannot be made
  }
}

function checkDtype(what: string, array: TypedArray, dtype: unknown): Dtype {
  const tag = tagOf(array);
  const own = dtypesOfTag.get(tag) ?? [];
  const chosen = dtype === undefined ? own[0] : own.find((each) => each === dtype);
  if (chosen === undefined) {
    const known = dtypeNames.includes(dtype as Dtype)
      ? `one that a ${tag} can hold: ${own.join(', ')}`
      : `one of ${dtypeNames.join(', ')}`;
    throw new InvalidArgumentError(`${what}: expected dtype to be ${known}, received ${show(dtype)}`, {
      option: 'dtype',
    });
  }
  if (array.byteLength % itemBytes[chosen] === 0) return chosen;
  throw new InvalidArgumentError(
    `${what}: ${chosen} wants (re, im) pairs, an even number of elements; received ${array.length}`,
    { option: 'dtype' },
  );
}

/** The number of an operation in the kernels. */
function checkOp(what: string, { op: name, accumulate, reproducible }: CallOptions, dtype: Dtype): number {
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
  if (reproducible !== undefined && typeof reproducible !== 'boolean') {
    throw new InvalidArgumentError(
      `${what}: expected reproducible to be true or false, received ${show(reproducible)}`,
      {
        option: 'reproducible',
      },
    );
  }
  if (accumulate === undefined) return reduceOpId(op);
  if (accumulate === 'float32' && canCarry(dtype, op)) return reduceOpId(op, true);
  throw new InvalidArgumentError(
    `${what}: expected accumulate to be 'float32', with ${carriedOps.join(', ')} of float16 or bfloat16, ` +
      `received ${show(accumulate)} with ${op} of ${dtype}`,
    { option: 'accumulate' },
  );
}

function checkOut(what: string, buffer: TypedArray, value: unknown, arrays: TaskArrays): TypedArray {
  const out = checkBuffer(what, 'out', value, arrays);
  if (tagOf(out) !== tagOf(buffer) || out.length !== buffer.length) {
    throw new InvalidArgumentError(
      `${what}: expected out to be a ${tagOf(buffer)} of ${buffer.length} elements like buffer, ` +
        `received a ${tagOf(out)} of ${out.length}`,
    );
  }
  if (!sameRange(out, buffer) && overlap(out, buffer)) {
    throw new InvalidArgumentError(`${what}: out overlaps buffer; pass the same array, or one apart from it`);
  }
  return out;
}

/** Whether two arrays share any byte. */
export function overlap(a: TypedArray, b: TypedArray): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

function sameRange(a: TypedArray, b: TypedArray): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;
}
