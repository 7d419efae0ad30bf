/** Options of `map`, and the types of what it gives. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { integer } from './check-options.js';
import type { ArgumentsOf, FunctionNames } from './task-module.js';
import type { TaskOptions, WorkersOption } from './task-options.js';
import { taskOptionNames } from './task-options.js';

/**
 * How far a map is.
 *
 * @example
 * const onProgress = ({ done, total }: MapProgress) => console.log(`${done} of ${total}`);
 * for await (const size of pool.map(tasks, paths, { onProgress })) total += size;
 */
export interface MapProgress {
  /** Items whose tasks have returned. */
  readonly done: number;
  /** Items in all, of an array, a typed array, a Set or a Map; undefined: nobody knows. */
  readonly total: number | undefined;
}

/**
 * Options of `map` but `export`. Those of tasks are for each task.
 *
 * @example
 * const options: MapOptions = { concurrency: 8, onProgress: ({ done }) => console.log(`${done} done`) };
 * for await (const size of pool.map(tasks, paths, { ...options, export: 'sizeOf' })) console.log(size);
 */
export interface MapOptions<W extends number = number, O extends boolean = boolean> extends Omit<
  TaskOptions,
  'workers' | 'signal'
> {
  /** Ranks of each task; default 1. */
  readonly workers?: W | undefined;
  /**
   * How many items may be ahead of the consumer: pulled, and their results not yet taken. It bounds the memory of the
   * map. Default: so many that no worker waits for a short task; that is five for each worker, or two for each gang.
   */
  readonly concurrency?: number | undefined;
  /**
   * `true` (default): results in the order of the items. `false`: as tasks end, each as a {@link MapEntry}.
   */
  readonly ordered?: O | undefined;
  /** Ends the map: what is under way is cancelled, and the iterator throws {@link CancelledError}. */
  readonly signal?: AbortSignal | undefined;
  /** Called each time a task has returned, apart from the map: what it throws is an uncaught exception. */
  readonly onProgress?: ((progress: MapProgress) => void) | undefined;
}

/**
 * What a map gives with `ordered: false`.
 *
 * @example
 * const sizeOf = new Map<string, number>();
 * const keep = ({ item, value }: MapEntry<string, number>) => sizeOf.set(item, value);
 * for await (const entry of pool.map(tasks, paths, { ordered: false })) keep(entry);
 */
export interface MapEntry<T, V> {
  /** The item's place, from 0. */
  readonly index: number;
  /** The item itself. */
  readonly item: T;
  /** What its task has returned; with `workers` the list of all ranks. */
  readonly value: V;
}

/** The item that a function takes as its only argument; `never`: it needs more than one. */
export type ItemOf<M, E extends keyof M> =
  ArgumentsOf<M, E> extends readonly [unknown, unknown, ...unknown[]] ? never : ArgumentsOf<M, E>[0];

/** What the tasks return: of one rank its value, of several the list of them. */
type ValueOf<R, W extends number> = number extends W ? R | R[] : W extends 1 ? R : R[];

/** What a map gives for each item. */
export type Mapped<T, R, W extends number, O extends boolean> = O extends true
  ? ValueOf<R, W>
  : MapEntry<T, ValueOf<R, W>>;

/**
 * The iterator of a map. It can also stand in an `await using`, where that ends it.
 *
 * @example
 * const sizes: MapIterator<number> = pool.map(tasks, paths);
 * console.log((await sizes.next()).value);
 * await sizes.return(); // ends the tasks under way
 */
export type MapIterator<R> = AsyncGenerator<R, void, undefined> & AsyncDisposable;

/** Options may be left out when the module has a default export. */
export type MapArguments<M, E extends keyof M, W extends number, O extends boolean> = [E] extends [never]
  ? [options: MapOptions<W, O> & { readonly export: FunctionNames<M> }]
  : 'default' extends E
    ? [options?: MapOptions<W, O> & WorkersOption<W> & { readonly export?: E | undefined }]
    : [options: MapOptions<W, O> & WorkersOption<W> & { readonly export: E }];

/**
 * Options for a module named by URL alone.
 *
 * @example
 * const options: UntypedMapOptions = { export: 'sizeOf', timeoutMs: 10_000 };
 * for await (const size of pool.map(new URL('./tasks.js', import.meta.url), paths, options)) console.log(size);
 */
export interface UntypedMapOptions<W extends number = number, O extends boolean = boolean> extends MapOptions<W, O> {
  /** Name of the function; default `'default'`. */
  readonly export?: string | undefined;
}

/** Names of all options of `map`. */
export const mapOptionNames: readonly string[] = [...taskOptionNames, 'concurrency', 'ordered', 'onProgress'];

/** More items than anybody needs ahead. */
const mostAhead = 1_000_000;
/** A worker that runs short tasks is given more when it has four left; and it runs one. */
const perWorker = 5;
/** One gang runs, the next waits for its workers. */
const perGang = 2;

/** What a map is, filled. */
export interface MapSettings {
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: MapProgress) => void) | undefined;
}

/**
 * Check and fill what a map is, but its tasks.
 *
 * @param gang - Workers of each task.
 * @param poolSize - Workers of the pool.
 * @throws {@link InvalidArgumentError}
 */
export function fillMap(options: UntypedMapOptions, gang: number, poolSize: number): MapSettings {
  const { ordered = true, onProgress, signal, concurrency } = options;
  if (typeof ordered !== 'boolean') {
    throw new InvalidArgumentError(`map: expected ordered to be true or false, received ${show(ordered)}`, {
      option: 'ordered',
    });
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new InvalidArgumentError(`map: expected onProgress to be a function, received ${show(onProgress)}`, {
      option: 'onProgress',
    });
  }
  const gangs = Math.max(1, Math.floor(poolSize / gang));
  return {
    ordered,
    onProgress,
    signal,
    concurrency:
      concurrency === undefined
        ? gangs * (gang === 1 ? perWorker : perGang)
        : integer('map', 'concurrency', concurrency, 1, mostAhead),
  };
}
