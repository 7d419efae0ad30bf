/** A gang as its driver sees it. */
import { runForCaller, showCallers } from '../caller-lines.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { MemberInfo } from '../errors.js';
import type { Gang as GangRecord, GangState } from '../head/gang.js';
import { closedError } from '../head/gang.js';
import type { ActorStep } from '../protocol/thread-messages.js';
import { keepHere } from '../protocol/value-kinds.js';
import type { SendStep } from './actor.js';
import { Actor } from './actor.js';
import { ownOptions, refuseKeep } from './check-options.js';
import type {
  ActorArguments,
  ClassNames,
  GangKeepOptions,
  GangRunArguments,
  InstanceOf,
  UntypedActorOptions,
  UntypedGangRunOptions,
} from './gang-options.js';
import { gangRunOptionNames } from './gang-options.js';
import type { Kept } from './kept.js';
import type { TaskHandle } from './task-handle.js';
import type { FunctionNames, ResultOf, TaskModule, TaskModuleLike, UntypedModule } from './task-module.js';
import { fillTask } from './task-options.js';
import type { CallSite, TaskSender } from './task-sender.js';
import { siteOf } from './task-sender.js';

/**
 * Workers that are reserved until `close()`, with one communicator and one version of their modules. Module variables
 * and actors last from task to task. Tasks run in the order in which they were submitted, one at a time, on all
 * workers of the gang. Made by {@link Pool.gang}.
 *
 * A gang that loses a member, or a member's task thread and with it what that had in memory, is closed: the tasks that
 * it has not begun end with {@link WorkerDiedError}, whose `cause` says why, and later ones with {@link ClosedError}. The
 * pool lives on.
 *
 * @example
 * const gang = await pool.gang({ workers: 4 });
 * await gang.run(tasks, { export: 'load', args: ['train.bin'] });
 * const losses = await gang.run(tasks, { export: 'train' });
 * await gang.close();
 */
export class Gang implements AsyncDisposable {
  static {
    keepHere(this.prototype);
    showCallers(this.prototype, ['run', 'submit']);
  }
  readonly #sender: TaskSender;
  readonly #record: GangRecord;
  readonly #actors = new Set<Actor<never>>();
  #nextActor = 1;

  /** @internal */
  constructor(sender: TaskSender, record: GangRecord) {
    this.#sender = sender;
    this.#record = record;
  }

  /** As errors and `status()` name it, such as `g1`. */
  get id(): string {
    return this.#record.id;
  }

  /** Its label. */
  get name(): string | undefined {
    return this.#record.spec.name;
  }

  /** `'open'`; `'closing'`, while its accepted tasks run; `'closed'`. */
  get state(): GangState {
    return this.#record.state;
  }

  /** Its members, in rank order. */
  get workers(): readonly MemberInfo[] {
    return this.#record.members;
  }

  /** How many workers it has. */
  get size(): number {
    return this.#record.spec.workers;
  }

  /** Workers of the pool, in rank order. */
  get worldRanks(): readonly number[] {
    return this.#record.worldRanks;
  }

  /**
   * Run a task on all workers of the gang, after those that were submitted before, and wait for it.
   *
   * @returns What the function returned on each rank, in rank order. With `keep` it stays in the workers, also when the
   *   gang is closed, and stands for itself in the arguments of later tasks and calls.
   * @throws Everything that {@link Gang.submit} and {@link TaskHandle.result} throw.
   * @example
   * await gang.run(tasks, { export: 'load', args: ['train.bin'] });
   * const losses = await gang.run(tasks, { export: 'train' }); // on the same workers
   */
  run(module: URL | string, options: UntypedGangRunOptions<true> & { readonly keep: true }): Promise<Kept>;
  run(module: URL | string, options?: UntypedGangRunOptions): Promise<unknown[]>;
  run<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>>(
    module: TaskModule<M>,
    options: GangKeepOptions<M, E>,
  ): Promise<Kept<ResultOf<M, E>>>;
  run<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>>(
    module: TaskModule<M>,
    ...options: GangRunArguments<M, E>
  ): Promise<ResultOf<M, E>[]>;
  async run(module: TaskModuleLike, options?: UntypedGangRunOptions<boolean>): Promise<unknown[] | Kept> {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
    return this.#run('gang.run', module, options, siteOf(this.run)).result();
  }

  /**
   * Accept a task of the gang and return at once. Arguments are copied now.
   *
   * @throws {@link InvalidArgumentError}, {@link ModuleNotFoundError}, {@link NotSerializableError} with the path,
   *   {@link MessageTooLargeError}, {@link QueueFullError}, {@link ClosedError} of the gang or its pool.
   * @example
   * const handle = gang.submit(tasks, { export: 'train', name: 'first epoch' });
   * handle.on('message', ({ rank, value }) => console.log(rank, value));
   * const losses = await handle.result();
   */
  submit(
    module: URL | string,
    options: UntypedGangRunOptions<true> & { readonly keep: true },
  ): TaskHandle<unknown, Kept>;
  submit(module: URL | string, options?: UntypedGangRunOptions): TaskHandle;
  submit<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>>(
    module: TaskModule<M>,
    options: GangKeepOptions<M, E>,
  ): TaskHandle<ResultOf<M, E>, Kept<ResultOf<M, E>>>;
  submit<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>>(
    module: TaskModule<M>,
    ...options: GangRunArguments<M, E>
  ): TaskHandle<ResultOf<M, E>>;
  submit(module: TaskModuleLike, options?: UntypedGangRunOptions<boolean>): TaskHandle<unknown, unknown> {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
    return this.#run('gang.submit', module, options, siteOf(this.submit));
  }

  /**
   * Make an instance of a class on every rank: `new Model(...args)`, in a task of the gang. It lives in the workers until
   * `dispose()` or the end of the gang. When the constructor throws on one rank, no rank keeps one.
   *
   * @example
   * const model = await gang.actor(models, { export: 'Model', args: [{ layers: 4 }] });
   * const losses = await model.call('step', [batch]);
   *
   * @throws As {@link Gang.run}; {@link ExportNotFoundError} when the module has no such class.
   */
  actor(module: URL | string | TaskModule<UntypedModule>, options?: UntypedActorOptions): Promise<Actor>;
  actor<M, E extends ClassNames<M> = 'default' & ClassNames<M>>(
    module: TaskModule<M>,
    ...options: ActorArguments<M, E>
  ): Promise<Actor<InstanceOf<M, E>>>;
  async actor(module: TaskModuleLike, given: UntypedActorOptions = {}): Promise<unknown> {
    const what = 'gang.actor';
    refuseKeep(what, given, 'an actor lives there until it is disposed of');
    const options = ownOptions(what, given, gangRunOptionNames);
    const id = `a${this.#nextActor++}`;
    const exportName = options.export ?? 'default';
    const send: SendStep = (call, more, step, from) => {
      return this.#send(call, module, { ...more, export: exportName }, { ...step, id }, from);
    };
    const name = `new ${exportName}`;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
    const site = siteOf(this.actor);
    const actor = new Actor<never>(exportName, send, () => this.#actors.delete(actor));
    try {
      await send(what, { name, ...options }, { does: 'make' }, site).result();
    } catch (error) {
      // Other ranks may have made theirs.
      if (this.state === 'open') actor.dispose().catch(() => undefined);
      throw error;
    }
    this.#actors.add(actor);
    return actor;
  }

  /**
   * Give the workers back when the tasks that were accepted have ended. Actors are disposed of first. A second call waits
   * for the same end.
   *
   * @param options.force - Cancel those tasks, and drop the actors; default `false`.
   * @example
   * await gang.close(); // or { force: true }
   */
  async close(options: { readonly force?: boolean | undefined } = {}): Promise<void> {
    const { force = false } = ownOptions('gang.close', options, ['force']);
    if (typeof force !== 'boolean') {
      throw new InvalidArgumentError(`gang.close: expected force to be true or false, received ${show(force)}`);
    }
    // What fails then is an event of the pool.
    if (!force && this.state === 'open') for (const actor of this.#actors) actor.drop();
    this.#sender.head.closeGang(this.#record, force);
    await this.#record.done;
  }

  /** `close({ force: true })` at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ force: true });
  }

  #run(
    what: string,
    module: unknown,
    given: UntypedGangRunOptions<boolean> = {},
    site: CallSite,
  ): TaskHandle<never, never> {
    return runForCaller(() => {
      return this.#send(what, module, ownOptions(what, given, gangRunOptionNames), undefined, site);
    });
  }

  #send(
    what: string,
    module: unknown,
    options: UntypedGangRunOptions<boolean>,
    actor: ActorStep | undefined,
    site: CallSite,
  ): TaskHandle<never, never> {
    this.#sender.head.assertOpen();
    const { label, id, state, loss, error } = this.#record;
    if (state !== 'open' || loss) throw closedError(`${what}: ${label}`, id, error);
    const whole = { ...options, workers: this.size };
    const spec = fillTask(what, module, whole);
    const args = this.#sender.encode(what, whole, this.size);
    return this.#sender.send({ ...spec, ...args, gang: id, actor }, site, options.signal, this.#record);
  }
}
