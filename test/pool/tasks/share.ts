/** Tasks on data that the driver has shared. */
import { readFileSync } from 'node:fs';
import { collective, context } from 'shoal/worker';
import type { SharedData } from './shared-data.js';

/** What each rank has found. */
export default async function read(data: SharedData, factor: number) {
  const { x, y, nested } = data;
  const sum = collective.empty(Float64Array, 1).fill(x.reduce((total, value) => total + value, 0) * factor);
  await collective.allreduce(sum);
  return { sum: sum[0], y: y[context.rank % y.length], labels: nested.labels, count: nested.arrays.length };
}

/** Collectives take shared arrays as they take any: the sum over all ranks. */
export async function allreduce(x: Float32Array) {
  const out = new Float32Array(x.length);
  await collective.allreduce(x, { out });
  return out;
}

/** Every kind of view, and where each lies. */
export function kinds(views: readonly (ArrayBufferView | ArrayBuffer)[]) {
  return views.map((view) => [view.constructor.name, view.byteLength]);
}

let left: Float64Array | undefined;

/** Leave an array behind, and tell what has become of the one that was left before. */
export function leave(x: Float64Array | undefined) {
  const before = left?.length;
  left = x ?? left;
  return before;
}

/** Whether two references to one value are one value, and that a change of the object is this task's own. */
export function twice(a: { x?: Float64Array }, b: { x?: Float64Array }, list: readonly { x?: Float64Array }[]) {
  const before = [a.x?.length, a === b, list[0] === a];
  delete a.x;
  return before;
}

/** Something else than the data, and the data. */
export function nested({ options, data }: { options: { rate: number }; data: { x: Float64Array } }) {
  return options.rate * data.x.length;
}

/** So many milliseconds later. */
export async function later(data: { x: Float64Array }, ms: number) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return data.x[0];
}

/** Return what it is given. */
export function back(...args: unknown[]) {
  return args;
}

/** Stores that this worker's process has mapped. */
export function mapped() {
  return readFileSync('/proc/self/maps', 'latin1').split('shoal-store').length - 1;
}
