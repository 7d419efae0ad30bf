/** Tasks whose results stay in their workers, and tasks on those. */
import { collective, context } from 'shoal/worker';

/** What a rank keeps: an object with state, code, and arrays inside and outside the window. */
export class Model {
  readonly #steps: number[] = [];
  readonly weights: Float64Array;
  readonly plain: Float32Array;
  readonly owner = context.worldRank;

  constructor(count: number) {
    this.weights = collective.empty(Float64Array, count).fill(context.rank + 1);
    this.plain = new Float32Array(count).fill(context.rank);
  }

  step(by: number): number {
    this.#steps.push(by);
    for (let i = 0; i < this.weights.length; i++) this.weights[i]! += by;
    return this.#steps.length;
  }
}

/** Make it; what else the task has in the window ends with it. */
export default function load(count: number): Model {
  collective.empty(Uint8Array, 100);
  return new Model(count);
}

/** Change it, and sum it over all ranks without a copy. */
export async function step(model: Model, by: number) {
  const steps = model.step(by);
  const before = model.weights[0]!;
  await collective.allreduce(model.weights);
  const after = model.weights[0]!;
  model.weights.fill(before);
  return { steps, before, after, owner: model.owner, worldRank: context.worldRank, plain: model.plain[0] };
}

/** Return what it is given. */
export function back<T>(value: T): T {
  return value;
}

/** What two references have in common. */
export function same(a: unknown, b: unknown, inside: { c: unknown }): boolean {
  return a === b && inside.c === a;
}

/** As many arrays of so many bytes as the window has room for, 64 at most. */
export function room(sizeBytes: number): number {
  let count = 0;
  try {
    for (; count < 64; count++) collective.empty(Uint8Array, sizeBytes);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_SHOAL_WINDOW_EXHAUSTED') throw error;
  }
  return count;
}

/** Try to free an array that was kept. */
export function free(array: Float64Array) {
  collective.free(array);
}

/** Views of one array in the window, in every kind of place. */
export function views() {
  const array = collective.empty(Float64Array, 64).fill(7);
  const map = new Map<unknown, unknown>([[array.subarray(1, 3), new Set([array.subarray(5)])]]);
  const cyclic: { self?: unknown; map: typeof map } = { map };
  cyclic.self = cyclic;
  return cyclic;
}

/** What is in those views. */
export function viewed({ map }: { map: Map<Float64Array, Set<Float64Array>> }) {
  collective.empty(Float64Array, 64).fill(1);
  return [...map].map(([key, values]) => [key[0], [...values][0]![0]]);
}

/** A node-shared array, which cannot be kept. */
export async function shared() {
  return { list: [await collective.emptyShared(Float64Array, 4)] };
}

/** The last rank fails when the others have returned. */
export async function failing(ms: number) {
  const array = collective.empty(Float64Array, 1000);
  if (context.rank === context.size - 1) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    throw new Error('no such shard');
  }
  return array;
}

/** End this rank's thread. */
export function exit(rank: number): void {
  if (context.rank === rank) process.exit(3);
}

/** Which worker runs it, so many milliseconds long. */
export async function where(value: unknown, ms: number) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return [context.worldRank, value === undefined];
}

/** An ordinary array of so many bytes. */
export function bytes(sizeBytes: number) {
  return new Uint8Array(sizeBytes);
}

/** Names of the classes of what it is given: of a list, those of its parts. */
export function kindsOf(value: unknown): string[] {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  return parts.map((part) => (part as object).constructor.name);
}

/** An actor that holds what its rank has kept. */
export class Holder {
  readonly #model: Model;
  readonly #name: string;

  constructor(model: Model, name: string) {
    this.#model = model;
    this.#name = name;
  }

  sum(part: Uint8Array): string {
    return `${this.#name} ${part.length} ${this.#model.weights[0]}`;
  }

  weights(): Float64Array {
    return this.#model.weights;
  }

  isOwn(weights: Float64Array): boolean {
    return weights === this.#model.weights;
  }

  fail(): never {
    throw new Error('on purpose');
  }
}
