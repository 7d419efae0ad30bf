/** Tensors of other libraries: their data, dtype and layout, read once and checked. */
import { counted } from '../grammar.js';
import { types } from 'node:util';
import { InvalidArgumentError } from '../errors.js';
import { isError, show, tagOf } from '../show.js';
import type { Tensor, TypedArray } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import { dtypeNames, dtypesOfTag, itemBytes } from '../types/dtype.js';
import type { Layout } from './strides.js';
import { countOf, rowMajor, spanOf } from './strides.js';
import { trusted } from './trusted-array.js';

/** Names of dtypes that scijs and stdlib have besides ours; undefined: the class of the data says it. */
const otherNames: ReadonlyMap<unknown, Dtype | undefined> = new Map<unknown, Dtype | undefined>([
  ['bigint64', 'int64'],
  ['biguint64', 'uint64'],
  ['buffer', 'uint8'],
  ['binary', 'uint8'],
  ['array', undefined],
  ['generic', undefined],
]);

interface ViewClass {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}
/** Arrays that are no typed arrays of the runtime, by class: @petamoriken/float16's and stdlib's. */
const foreignArrays: ReadonlyMap<string, readonly [Dtype, ViewClass]> = new Map<string, readonly [Dtype, ViewClass]>([
  ['Float16Array', ['float16', Uint16Array]],
  ['BooleanArray', ['bool', Uint8Array]],
  ['Complex64Array', ['complex64', Float32Array]],
  ['Complex128Array', ['complex128', Float64Array]],
]);

/** Over the memory of an array that is no typed array of the runtime, one that is. */
export function viewOf(value: unknown): { array: TypedArray; dtype: Dtype } | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  const { buffer, byteOffset, byteLength } = partsOf(value);
  if (!types.isAnyArrayBuffer(buffer)) return undefined;
  const tag = tagOf(value);
  const known = foreignArrays.get(tag === 'Object' ? value.constructor.name : tag);
  if (!known || typeof byteOffset !== 'number' || typeof byteLength !== 'number') return undefined;
  const [dtype, Class] = known;
  return { array: new Class(buffer, byteOffset, byteLength / Class.BYTES_PER_ELEMENT), dtype };
}

/** Of a proxy of a typed array the getters throw: it is no array. */
function partsOf(value: object): { buffer?: unknown; byteOffset?: unknown; byteLength?: unknown } {
  try {
    const { buffer, byteOffset, byteLength } = value as Partial<ArrayBufferView>;
    return { buffer, byteOffset, byteLength };
  } catch {
    return {};
  }
}

/** Whether a value is meant as a tensor. */
export function isTensor(value: unknown): value is Tensor {
  try {
    return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && 'data' in value;
  } catch {
    return false; // a proxy that was revoked
  }
}

/** The parts of a tensor; no layout: all of the data in a row. */
export function readTensor(
  what: string,
  role: string,
  tensor: Tensor,
): { data: TypedArray; dtype: Dtype; layout: Layout | undefined } {
  const given = readData(what, role, tensor);
  const view = viewOf(given);
  const data = view?.array ?? trusted(`${what}: expected ${role}.data`, given);
  const held = data && dtypesOfTag.get(tagOf(data));
  const own: typeof held = view ? [view.dtype] : held;
  if (!own || !data) {
    throw new InvalidArgumentError(
      `${what}: expected ${role}.data to be a typed array such as Float32Array, received ${show(given)}`,
    );
  }
  const name = tensor.dtype ?? tensor.type;
  const dtype = dtypeOf(what, role, name) ?? own[0];
  if (!own.includes(dtype)) {
    throw new InvalidArgumentError(
      `${what}: expected ${role}.data to hold the ${dtype} that its dtype says, but its ${tagOf(data)} holds ${own.join(', ')}`,
    );
  }
  const items = data.byteLength / itemBytes[dtype];
  return { data, dtype, layout: readLayout(what, role, tensor, items) };
}

function readData(what: string, role: string, tensor: Tensor): unknown {
  try {
    return tensor.data;
  } catch (cause) {
    // onnxruntime throws for data that is on another device.
    const reason = isError(cause) ? cause.message : String(cause);
    throw new InvalidArgumentError(`${what}: ${role}.data cannot be read: ${reason}`, {}, { cause });
  }
}

function dtypeOf(what: string, role: string, given: unknown): Dtype | undefined {
  if (given === undefined || given === null) return undefined;
  // stdlib has objects that stand for a dtype and give its name.
  const name = typeof given === 'object' ? (given as { toString(): string }).toString() : given;
  if (otherNames.has(name)) return otherNames.get(name);
  const dtype = dtypeNames.find((each) => each === name);
  if (dtype) return dtype;
  throw new InvalidArgumentError(
    `${what}: expected the dtype of ${role} to be one of ${dtypeNames.join(', ')}, received ${show(given)}`,
  );
}

function readLayout(what: string, role: string, tensor: Tensor, items: number): Layout | undefined {
  const shape = numbers(what, `${role}'s shape`, tensor.shape ?? tensor.dims, 0);
  const given = numbers(what, `${role}'s strides`, tensor.strides ?? tensor.stride, -Infinity);
  const { offset = 0 } = tensor;
  if (!Number.isInteger(offset) || offset < 0) {
    throw new InvalidArgumentError(`${what}: expected ${role}.offset to be an integer >= 0, received ${show(offset)}`);
  }
  if (!shape) {
    if (!given && offset === 0) return undefined;
    throw new InvalidArgumentError(`${what}: expected ${role} to have a shape, since it has strides or an offset`);
  }
  // An ndarray of no axes has the stride 0.
  if (given && shape.length > 0 && given.length !== shape.length) {
    throw new InvalidArgumentError(
      `${what}: expected a stride of ${role} for each of ${shape.length} axes, received ${counted(given.length, 'stride')}`,
    );
  }
  if (!given && (tensor as { order?: unknown }).order === 'column-major') {
    throw new InvalidArgumentError(`${what}: expected ${role} to have strides, since its order is column-major`);
  }
  const axes = given ? shape.map((size, axis) => ({ size, stride: given[axis] ?? 0 })) : rowMajor(shape);
  const layout = { axes, offset };
  const [first, end] = spanOf(layout);
  const isWhole = given !== undefined || offset !== 0 || countOf(axes) === items;
  if (first >= 0 && end <= items && isWhole) return layout;
  const strides = given ? ` and strides [${given.join(', ')}]` : '';
  throw new InvalidArgumentError(
    `${what}: expected ${role}.data to have the elements of shape [${shape.join(', ')}]${strides} at offset ${offset}, ` +
      `elements ${first} to ${end - 1}, received ${counted(items, 'element')}`,
  );
}

function numbers(what: string, name: string, given: unknown, least: number): number[] | undefined {
  if (given === undefined) return undefined;
  const isList = Array.isArray(given) || ArrayBuffer.isView(given);
  const list: unknown[] = isList ? Array.from(given as ArrayLike<unknown>) : [];
  const wrong = list.findIndex((each) => !Number.isSafeInteger(each) || (each as number) < least);
  if (isList && wrong < 0) return list as number[];
  throw new InvalidArgumentError(
    `${what}: expected ${name} to be a list of integers${least === 0 ? ' >= 0' : ''}, received ${isList ? `${show(list[wrong])} at ${wrong}` : show(given)}`,
  );
}
