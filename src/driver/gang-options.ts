/** Options of gangs and actors, and the types that a typed module gives them. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { GangSpec, Placement } from '../protocol/pool-messages.js';
import { placements } from '../protocol/pool-messages.js';
import { integer, oneOf } from './check-options.js';
import type { ArgumentsOf, FunctionNames } from './task-module.js';
import type { ArgsOption, KeepOption, Referables, TaskOptions, UntypedRunOptions } from './task-options.js';

/**
 * Options of {@link Pool.gang}.
 *
 * @example
 * const options: GangOptions = { workers: 2, name: 'trainers', timeoutMs: 60_000 };
 * await using gang = await pool.gang(options);
 */
export interface GangOptions {
  /** How many workers are reserved; its tasks have as many ranks. */
  readonly workers: number;
  /** On which nodes they are, as for a task; default `'pack'`. */
  readonly placement?: Placement | undefined;
  /** Label in errors, warnings and `status()`. */
  readonly name?: string | undefined;
  /** Limit for the wait for workers in milliseconds; default: none. */
  readonly timeoutMs?: number | null | undefined;
  /** Ends the wait for workers; afterwards it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Options of a task of a gang but `export` and the arguments.
 *
 * @example
 * const options: GangTaskOptions = { name: 'first epoch', timeoutMs: 60_000 };
 * const losses = await gang.run(tasks, { ...options, export: 'train' });
 */
export type GangTaskOptions = Pick<TaskOptions, 'name' | 'timeoutMs' | 'signal'>;

/**
 * Options of `gang.run` and `gang.submit` for a function of a typed module.
 *
 * @example
 * type Tasks = typeof import('./tasks.js');
 * const options: GangRunOptions<Tasks, 'load'> = { export: 'load', args: ['train.bin'] };
 * await gang.run(tasks, options);
 */
export type GangRunOptions<M, E extends keyof M> = KeepOption<false> & TypedGangRunOptions<M, E>;

/** Options of a task of a gang whose results stay in its workers. */
export type GangKeepOptions<M, E extends keyof M> = Required<KeepOption<true>> & TypedGangRunOptions<M, E>;

type TypedGangRunOptions<M, E extends keyof M> = GangTaskOptions &
  ArgsOption<ArgumentsOf<M, E>> &
  ('default' extends E ? { readonly export?: E | undefined } : { readonly export: E });

/** Options may be left out when the module has a default export whose arguments may be left out too. */
export type GangRunArguments<M, E extends keyof M> = [E] extends [never]
  ? [options: GangTaskOptions & { readonly export: FunctionNames<M> }]
  : [] extends ArgumentsOf<M, E>
    ? [options?: GangRunOptions<M, E>]
    : [options: GangRunOptions<M, E>];

/**
 * Options of `gang.actor` for a module named by URL alone.
 *
 * @example
 * const options: UntypedActorOptions = { export: 'Model', perRankArgs: [[{ layers: 4 }], [{ layers: 2 }]] };
 * const model = await gang.actor(new URL('./models.js', import.meta.url), options);
 */
export type UntypedActorOptions = GangTaskOptions & Pick<UntypedRunOptions, 'export' | 'args' | 'perRankArgs'>;
/**
 * Options of `gang.run` and `gang.submit` for a module named by URL alone.
 *
 * @example
 * const options: UntypedGangRunOptions = { export: 'load', args: ['train.bin'] };
 * await gang.run(new URL('./tasks.js', import.meta.url), options);
 */
export type UntypedGangRunOptions<K extends boolean = false> = UntypedActorOptions & KeepOption<K>;

type AnyClass = new (...args: never[]) => object;
/** Names of a module's classes. */
export type ClassNames<M> = keyof { [K in keyof M & string as M[K] extends AnyClass ? K : never]: M[K] };
/** Arguments of the constructor of one of a module's classes. */
type ConstructorArguments<M, E extends keyof M> = M[E] extends new (...args: infer A) => object ? A : never;
/** Instances of one of a module's classes. */
export type InstanceOf<M, E extends keyof M> = M[E] extends new (...args: never[]) => infer I ? I : never;

/**
 * Options of `gang.actor` for a class of a typed module.
 *
 * @example
 * type Models = typeof import('./models.js');
 * const options: ActorOptions<Models, 'Model'> = { export: 'Model', args: [{ layers: 4 }] };
 * const model = await gang.actor(models, options);
 */
export type ActorOptions<M, E extends keyof M> = GangTaskOptions &
  ArgsOption<ConstructorArguments<M, E>> &
  ('default' extends E ? { readonly export?: E | undefined } : { readonly export: E });

/** Options may be left out when the module has a class as its default whose arguments may be left out too. */
export type ActorArguments<M, E extends keyof M> = [E] extends [never]
  ? [options: GangTaskOptions & { readonly export: ClassNames<M> }]
  : 'default' extends E
    ? [] extends ConstructorArguments<M, E>
      ? [options?: ActorOptions<M, E>]
      : [options: ActorOptions<M, E>]
    : [options: ActorOptions<M, E>];

/**
 * An actor of which no types are known: any method may be called, with any arguments.
 *
 * @example
 * const model: Actor<UntypedActor> = await gang.actor(new URL('./models.js', import.meta.url), {
 *   export: 'Model',
 *   args: [{ layers: 4 }],
 * });
 * const losses: unknown[] = await model.call('step', [batch]);
 */
export type UntypedActor = Readonly<Record<string, (...args: unknown[]) => unknown>>;

type AnyMethod = (...args: never[]) => unknown;
/** Names of an actor's methods. */
export type MethodNames<I> = keyof { [K in keyof I & string as I[K] extends AnyMethod ? K : never]: I[K] };
/** Arguments of one of them. */
type MethodArguments<I, K extends keyof I> = I[K] extends (...args: infer A) => unknown ? A : never;
/** What it returns on each rank. */
export type MethodResult<I, K extends keyof I> = I[K] extends (...args: never[]) => infer R ? Awaited<R> : never;

/** What follows the method's name in `actor.call`: its arguments, and options of the call. */
export type CallArguments<I, K extends keyof I> =
  | ([] extends MethodArguments<I, K>
      ? [args?: CallArgs<I, K> | undefined, options?: CallOptions]
      : [args: CallArgs<I, K>, options?: CallOptions])
  | [args: undefined, options: CallOptions & ForEachRank<I, K>];

/** The same of a call whose results stay in the workers. */
export type KeepCallArguments<I, K extends keyof I> =
  | [args: [] extends MethodArguments<I, K> ? CallArgs<I, K> | undefined : CallArgs<I, K>, options: KeepCallOptions]
  | [args: undefined, options: KeepCallOptions & ForEachRank<I, K>];

type KeepCallOptions = CallOptions<true> & Required<KeepOption<true>>;
type CallArgs<I, K extends keyof I> = Referables<MethodArguments<I, K>>;
interface ForEachRank<I, K extends keyof I> {
  /** The arguments of each rank, in rank order, in place of the others, which are then `undefined`. */
  readonly perRankArgs: readonly CallArgs<I, K>[];
}

/**
 * Options of `actor.call` but `perRankArgs`, which stands in place of the arguments.
 *
 * @example
 * const options: CallOptions = { timeoutMs: 60_000, name: 'first step' };
 * const losses = await model.call('step', [batch], options);
 */
export interface CallOptions<Keep extends boolean = false> extends GangTaskOptions, KeepOption<Keep> {}

/** Names of all options of `pool.gang`. */
export const gangOptionNames: readonly string[] = ['workers', 'placement', 'name', 'timeoutMs', 'signal'];
/** Names of all options of `actor.call`. */
export const callOptionNames: readonly string[] = ['name', 'timeoutMs', 'signal', 'perRankArgs', 'keep'];
/** Names of all options of `gang.run` and `gang.submit`, and but `keep` of `gang.actor`. */
export const gangRunOptionNames: readonly string[] = [...callOptionNames, 'export', 'args'];

/** Check and fill what a gang is. @throws {@link InvalidArgumentError} */
export function fillGang({ workers, placement = 'pack', name }: GangOptions): GangSpec {
  if (name !== undefined && typeof name !== 'string') {
    throw new InvalidArgumentError(`gang: expected name to be a string, received ${show(name)}`, { option: 'name' });
  }
  return {
    name,
    workers: integer('gang', 'workers', workers, 1, Number.MAX_SAFE_INTEGER),
    placement: oneOf('gang', 'placement', placement, placements),
  };
}
