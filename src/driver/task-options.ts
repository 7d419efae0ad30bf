/** Options of a task: from what the user gives to what the head needs. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { Placement, TaskSpec } from '../protocol/pool-messages.js';
import type { Referable } from '../protocol/reference.js';
import { placements, priorityRange } from '../protocol/pool-messages.js';
import { checkSignal, first, integer, limit, oneOf } from './check-options.js';
import type { ArgumentsOf, FunctionNames } from './task-module.js';
import { resolveModule } from './task-module.js';

/**
 * Options of `run` and `submit` but `export` and the arguments.
 *
 * @example
 * const options: TaskOptions = { workers: 2, timeoutMs: 60_000, maxRetries: 2, signal: AbortSignal.timeout(120_000) };
 * const losses = await pool.run(tasks, { ...options, export: 'train' });
 */
export interface TaskOptions {
  /** Ranks of the task, all at once; default 1. */
  readonly workers?: number | undefined;
  /** Label in events and logs. */
  readonly name?: string | undefined;
  /**
   * On which nodes the ranks are. `'pack'` (default): on one node if that many workers are idle there, else on few.
   * `'spread'`: on as many as possible. `'strict-pack'`, `'strict-spread'`: wait for one node, or for a node each.
   */
  readonly placement?: Placement | undefined;
  /**
   * An integer from −1,000 to 1,000, default 0. A task of a higher priority starts before all of lower ones that wait,
   * also when it needs more workers than are idle; within one priority tasks start in order. What runs is not stopped.
   * While tasks of higher priorities wait without end, one of a lower priority does not start.
   */
  readonly priority?: number | undefined;
  /** Limit from assignment in milliseconds; default: none. It rejects when its ranks have ended, up to `graceMs` later. */
  readonly timeoutMs?: number | null | undefined;
  /** How often to run again after the death of a worker; default 0. */
  readonly maxRetries?: number | undefined;
  /** Run on new threads, whose modules nobody has loaded before. */
  readonly fresh?: boolean | undefined;
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined;
}

/** The arguments: the same for all ranks, which may be left out when the function takes none, or a list for each. */
export type ArgsOption<A extends readonly unknown[]> =
  | (([] extends A ? { readonly args?: Referables<A> | undefined } : { readonly args: Referables<A> }) & {
      readonly perRankArgs?: never;
    })
  | {
      readonly args?: never;
      /** The arguments of each rank, in rank order: as many lists as `workers`. */
      readonly perRankArgs: Lists<A>;
    };

/**
 * A list for each rank. The empty one tells the compiler, while it does not know of which function, that a list has a type
 * for each argument: also one that a function makes, such as `items.map((item) => [item, 1])`.
 */
type Lists<A extends readonly unknown[]> = [A] extends [never]
  ? readonly (readonly unknown[] | [])[]
  : number extends A['length']
    ? readonly (Referables<A> | [])[]
    : readonly Referables<A>[];

/** Arguments, with references wherever a value may be. */
export type Referables<A extends readonly unknown[]> = { readonly [K in keyof A]: Referable<A[K]> };

/** Refuses a number of workers that the compiler can see to be none. */
export interface WorkersOption<W extends number> {
  readonly workers?: `${W}` extends '0' | `-${string}` | `${string}.${string}`
    ? { expected: 'an integer from 1' }
    : W | undefined;
}

/** Whether a task's results stay in its workers. */
export interface KeepOption<K extends boolean> {
  /**
   * What the ranks return stays in their threads. In place of the results there is a {@link Kept} that stands for them:
   * an argument of later tasks, which run on the same workers. Arrays of `collective.empty` that can be reached from
   * the result by fields, elements and entries live on with it; node-shared ones cannot be kept. Default `false`.
   */
  readonly keep?: K;
}

/**
 * Options for a function of a typed module.
 *
 * @example
 * type Tasks = typeof import('./tasks.js');
 * const options: RunOptions<Tasks, 'sizeOf'> = { export: 'sizeOf', args: ['train.bin'] };
 * const [size] = await pool.run(tasks, options);
 */
export type RunOptions<M, E extends keyof M> = KeepOption<false> & TypedOptions<M, E>;

/** Options of a task whose results stay in its workers. */
export type KeepOptions<M, E extends keyof M> = Required<KeepOption<true>> & TypedOptions<M, E>;

type TypedOptions<M, E extends keyof M> = TaskOptions &
  ArgsOption<ArgumentsOf<M, E>> &
  ('default' extends E ? { readonly export?: E | undefined } : { readonly export: E });

/** Options may be left out when the module has a default export whose arguments may be left out too. */
export type RunArguments<M, E extends keyof M, W extends number> = [E] extends [never]
  ? [options: TaskOptions & { readonly export: FunctionNames<M> }]
  : [] extends ArgumentsOf<M, E>
    ? [options?: RunOptions<M, E> & WorkersOption<W>]
    : [options: RunOptions<M, E> & WorkersOption<W>];

/**
 * Options for a module named by URL alone.
 *
 * @example
 * const options: UntypedRunOptions = { export: 'sizeOf', workers: 2, args: ['train.bin'] };
 * const sizes: unknown[] = await pool.run(new URL('./tasks.js', import.meta.url), options);
 */
export interface UntypedRunOptions<K extends boolean = false> extends TaskOptions, KeepOption<K> {
  /** Name of the function; default `'default'`. */
  readonly export?: string | undefined;
  /** The arguments of all ranks. */
  readonly args?: readonly unknown[] | undefined;
  /** The arguments of each rank, in rank order, in place of `args`: as many lists as `workers`. */
  readonly perRankArgs?: readonly (readonly unknown[])[] | undefined;
}

/** Names of the options of `run` and `submit` but the arguments. */
export const taskOptionNames: readonly string[] = [
  'workers',
  'name',
  'placement',
  'priority',
  'timeoutMs',
  'maxRetries',
  'fresh',
  'signal',
  'export',
];

/** Names of all options of `run` and `submit`. */
export const runOptionNames: readonly string[] = [...taskOptionNames, 'keep', 'args', 'perRankArgs'];

/**
 * Check and fill what a task is, but its arguments.
 *
 * @throws {@link InvalidArgumentError}, {@link ModuleNotFoundError}
 */
export function fillTask(
  what: string,
  module: unknown,
  options: TaskOptions & { readonly export?: string | undefined; readonly keep?: boolean },
): Omit<TaskSpec, 'args' | 'references'> {
  const { name, signal, fresh = false, keep = false } = options;
  const exportName = options.export ?? 'default';
  if (typeof exportName !== 'string' || (name !== undefined && typeof name !== 'string')) {
    throw new InvalidArgumentError(`${what}: expected export and name to be strings, received ${show(exportName)}`);
  }
  if (typeof fresh !== 'boolean') {
    throw new InvalidArgumentError(`${what}: expected fresh to be true or false, received ${show(fresh)}`);
  }
  if (typeof keep !== 'boolean') {
    throw new InvalidArgumentError(`${what}: expected keep to be true or false, received ${show(keep)}`, {
      option: 'keep',
    });
  }
  checkSignal(what, signal);
  return {
    name,
    fresh,
    ...(keep && { keep }),
    workers: integer(what, 'workers', first(options.workers, undefined, 1), 1, Number.MAX_SAFE_INTEGER),
    timeoutMs: limit(what, 'timeoutMs', options.timeoutMs, null),
    maxRetries: integer(what, 'maxRetries', first(options.maxRetries, undefined, 0), 0, 1_000),
    placement: oneOf(what, 'placement', options.placement ?? 'pack', placements),
    priority: integer(what, 'priority', first(options.priority, undefined, 0), ...priorityRange),
    source: { url: resolveModule(what, module), exportName },
  };
}
