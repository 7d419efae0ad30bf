/** Views with strides: which elements of an array they are, and copying these out in row-major order and back. */

import { isThere } from './held-bytes.js';

/** One index of a view: how many values it takes, and the elements from one to the next. */
export interface Axis {
  readonly size: number;
  readonly stride: number;
}
/** Elements of an array, the last axis varying fastest; `offset` is the element of the first index. */
export interface Layout {
  readonly axes: readonly Axis[];
  readonly offset: number;
}

/** From here on a row without gaps goes through `set`. */
const longRow = 32;

/** Number of elements. */
export function countOf(axes: readonly { readonly size: number }[]): number {
  return axes.reduce((count, { size }) => count * size, 1);
}

/** Axes of a shape in row-major order without gaps. */
export function rowMajor(shape: readonly number[]): Axis[] {
  let stride = 1;
  const axes = [...shape].reverse().map((size) => {
    const axis = { size, stride };
    stride *= size;
    return axis;
  });
  return axes.reverse();
}

/** The same elements in the same order with as few axes as possible. */
function simplify(axes: readonly Axis[]): Axis[] {
  const few: Axis[] = [];
  for (const { size, stride } of axes) {
    if (size === 1) continue;
    const outer = few.at(-1);
    if (outer?.stride === size * stride) few[few.length - 1] = { size: outer.size * size, stride };
    else few.push({ size, stride });
  }
  return few;
}

/** Whether the elements lie one after the other. */
export function isContiguous({ axes }: Layout): boolean {
  const [first, second] = simplify(axes);
  return countOf(axes) === 0 || first === undefined || (first.stride === 1 && second === undefined);
}

/** The first element that is used, and the one behind the last. */
export function spanOf({ axes, offset }: Layout): readonly [first: number, end: number] {
  if (countOf(axes) === 0) return [offset, offset];
  let [first, last] = [offset, offset];
  for (const { size, stride } of axes) {
    if (stride < 0) first += (size - 1) * stride;
    else last += (size - 1) * stride;
  }
  return [first, last + 1];
}

/** Whether two indices may be one element: unless every axis steps over all that the finer ones reach. */
export function mayOverlap({ axes }: Layout): boolean {
  if (countOf(axes) === 0) return false;
  const steps = axes.filter(({ size }) => size > 1).map(({ size, stride }) => ({ size, step: Math.abs(stride) }));
  let reach = 0;
  for (const { size, step } of steps.sort((a, b) => a.step - b.step)) {
    if (step <= reach) return true;
    reach += (size - 1) * step;
  }
  return false;
}

/** Words of at most four bytes: copies of them keep every bit. */
export type Words = Uint8Array | Uint16Array | Uint32Array;

/** Memory as words; those of items longer than four bytes have four. */
export function wordsOf(
  itemSize: number,
  buffer: ArrayBufferLike,
  byteOffset: number = 0,
  sizeBytes: number = buffer.byteLength,
): Words {
  if (itemSize === 1) return new Uint8Array(buffer, byteOffset, sizeBytes);
  if (itemSize === 2) return new Uint16Array(buffer, byteOffset, sizeBytes / 2);
  return new Uint32Array(buffer, byteOffset, sizeBytes / 4);
}

/** Elements that lie apart, and a copy of them that does not. */
export interface Packing {
  /** Whether the memory of the elements is still there. */
  readonly usable: boolean;
  /** Copy the elements out of their memory. */
  gather(): void;
  /** Copy them back. */
  scatter(): void;
}

/** The elements of a view with strides, packed: a copy in row-major order. */
export class PackedCopy implements Packing {
  readonly #memory: Words;
  readonly #packed: Words;
  /** In words. */
  readonly #layout: Layout;

  /** @param itemWords - Words of an element. */
  constructor(memory: Words, packed: Words, { axes, offset }: Layout, itemWords: number) {
    this.#memory = memory;
    this.#packed = packed;
    const inWords = axes.map(({ size, stride }) => ({ size, stride: stride * itemWords }));
    this.#layout = {
      axes: simplify([...inWords, { size: itemWords, stride: 1 }]),
      offset: offset * itemWords,
    };
  }

  get usable(): boolean {
    return spanOf(this.#layout)[1] === 0 || isThere(this.#memory);
  }

  gather(): void {
    const [memory, packed] = [this.#memory, this.#packed];
    this.#eachRow((address, position, { size, stride }) => {
      if (stride === 1 && size >= longRow) packed.set(memory.subarray(address, address + size), position);
      else for (let i = 0; i < size; i++) packed[position + i] = memory[address + i * stride] ?? 0;
    });
  }

  scatter(): void {
    const [memory, packed] = [this.#memory, this.#packed];
    this.#eachRow((address, position, { size, stride }) => {
      if (stride === 1 && size >= longRow) memory.set(packed.subarray(position, position + size), address);
      else for (let i = 0; i < size; i++) memory[address + i * stride] = packed[position + i] ?? 0;
    });
  }

  /** Rows along the last axis: where each begins in memory and among the packed. */
  #eachRow(row: (address: number, position: number, axis: Axis) => void): void {
    const { axes, offset } = this.#layout;
    let position = 0;
    const walk = (depth: number, address: number): void => {
      const axis = axes[depth] ?? { size: 1, stride: 1 };
      if (depth >= axes.length - 1) {
        row(address, position, axis);
        position += axis.size;
        return;
      }
      for (let i = 0; i < axis.size; i++) walk(depth + 1, address + i * axis.stride);
    };
    walk(0, offset);
  }
}

/** Several packings as one; undefined where there is none. */
export function packAll(list: readonly (Packing | undefined)[]): Packing | undefined {
  const each = list.filter((one) => one !== undefined);
  if (each.length <= 1) return each[0];
  return {
    get usable() {
      return each.every(({ usable }) => usable);
    },
    gather: () => {
      for (const one of each) one.gather();
    },
    scatter: () => {
      for (const one of each) one.scatter();
    },
  };
}
