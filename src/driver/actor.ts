/** An actor as its driver sees it. */
import { runForCaller, showCallers } from '../caller-lines.js';
import { ClosedError, InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { ActorStep } from '../protocol/thread-messages.js';
import { keepHere } from '../protocol/value-kinds.js';
import { ownOptions } from './check-options.js';
import type {
  CallArguments,
  CallOptions,
  KeepCallArguments,
  MethodNames,
  MethodResult,
  UntypedActor,
  UntypedGangRunOptions,
} from './gang-options.js';
import { callOptionNames } from './gang-options.js';
import type { Kept } from './kept.js';
import type { TaskHandle } from './task-handle.js';
import type { CallSite } from './task-sender.js';
import { siteOf } from './task-sender.js';

/** Submits a task of an actor to its gang. `what`: the call that does so, for errors. */
export type SendStep = (
  what: string,
  options: UntypedGangRunOptions<boolean>,
  step: Omit<ActorStep, 'id'>,
  site: CallSite,
) => TaskHandle<never, never>;

/**
 * An instance of a class on every rank of a gang. Made by {@link Gang.actor}.
 *
 * Arrays of `collective.empty` end with the task that made them, as in any task: an actor keeps ordinary ones.
 *
 * @example
 * const model = await gang.actor(models, { export: 'Model', args: [{ layers: 4 }] });
 * const losses = await model.call('step', [batch]);
 * await model.dispose();
 */
export class Actor<I = UntypedActor> implements AsyncDisposable {
  static {
    keepHere(this.prototype);
    showCallers(this.prototype, ['call']);
  }
  readonly #className: string;
  readonly #send: SendStep;
  readonly #disposed: () => void;
  #disposal: Promise<void> | undefined;
  #isGangClosed = false;

  /** @internal */
  constructor(className: string, send: SendStep, disposed: () => void) {
    this.#className = className;
    this.#send = send;
    this.#disposed = disposed;
  }

  /**
   * Call a method on every rank, as a task of the gang: collectives and `context` work inside. Arguments are copied now.
   *
   * @example
   * const losses = await model.call('step', [batch], { timeoutMs: 60_000 });
   * await model.call('load', undefined, { perRankArgs: [['part0.bin'], ['part1.bin']] });
   *
   * @returns What it returned on each rank, in rank order; with `keep` what stands for it, as of {@link Gang.run}.
   * @throws As {@link Gang.run}; {@link ExportNotFoundError} when there is no such method, {@link ClosedError} after
   *   `dispose()` and when the gang is closed.
   */
  call<K extends MethodNames<I>>(method: K, ...rest: KeepCallArguments<I, K>): Promise<Kept<MethodResult<I, K>>>;
  call<K extends MethodNames<I>>(method: K, ...rest: CallArguments<I, K>): Promise<MethodResult<I, K>[]>;
  async call(method: unknown, args?: readonly unknown[], given: CallOptions<boolean> = {}): Promise<unknown> {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
    const site = siteOf(this.call);
    return runForCaller(() => this.#call(method, args, given, site)).result();
  }

  #call(
    method: unknown,
    args: readonly unknown[] | undefined,
    given: CallOptions<boolean>,
    site: CallSite,
  ): TaskHandle<never, never> {
    const what = 'actor.call';
    const options = ownOptions(what, given, callOptionNames);
    if (typeof method !== 'string') {
      throw new InvalidArgumentError(`${what}: expected the name of a method, received ${show(method)}`);
    }
    if (this.#disposal) {
      if (this.#isGangClosed)
        throw new ClosedError(`${what}: the gang of this actor was closed; open another with pool.gang`);
      throw new ClosedError(`${what}: the actor of class ${this.#className} was disposed of; make another`);
    }
    const name = `${this.#className}.${method}`;
    const argument = args === undefined ? {} : { args };
    return this.#send(what, { name, ...options, ...argument }, { does: 'call', method }, site);
  }

  /**
   * Drop the instance on every rank, after the calls before; its `Symbol.asyncDispose` or `Symbol.dispose`, if it has
   * one, is called first. A second call waits for the same end. Does nothing once the gang is closed.
   *
   * @example
   * await model.dispose(); // calls its `Symbol.asyncDispose` or `Symbol.dispose` on every rank
   */
  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose(true);
    return this.#disposal;
  }

  /** @internal The gang is about to be closed: nobody waits for the end. */
  drop(): void {
    this.#isGangClosed ||= !this.#disposal;
    this.#disposal ??= this.#dispose(false);
  }

  /** `dispose()` at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #dispose(isAwaited: boolean): Promise<void> {
    this.#disposed();
    let handle: TaskHandle<never, never>;
    try {
      const name = `${this.#className}.dispose`;
      // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
      handle = this.#send('actor.dispose', { name }, { does: 'dispose' }, siteOf(this.dispose));
    } catch (error) {
      if (error instanceof ClosedError) return;
      throw error;
    }
    if (isAwaited) await handle.result();
  }
}
