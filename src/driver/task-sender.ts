/** Hands tasks to a pool's head, for the pool and its gangs. */
import type { EventEmitter } from 'node:events';
import { pathToFileURL } from 'node:url';
import type { Context } from '@opentelemetry/api';
import { onAbort } from '../abort-listeners.js';
import { assetPath } from '../asset.js';
import { InvalidArgumentError } from '../errors.js';
import type { Gang } from '../head/gang.js';
import type { PoolEvents } from '../head/pool-events.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import { activeContext } from '../telemetry/telemetry.js';
import type returnValue from '../worker/return-value.js';
import { ArgumentReferences } from './argument-references.js';
import { Kept } from './kept.js';
import type { PoolBackend } from './pool-backend.js';
import { assertOneForEach, encodeArguments } from './task-arguments.js';
import { TaskHandle } from './task-handle.js';
import { TaskSpans } from './task-spans.js';
import { tellMessages } from './task-messages.js';
import { taskModule } from './task-module.js';
import type { UntypedRunOptions } from './task-options.js';
import { fillTask } from './task-options.js';

/** The driver's code that submits something: its `stack` is made when somebody reads it. */
export interface CallSite {
  readonly stack?: string;
  /** That of OpenTelemetry which is active there; undefined: the program has none. */
  readonly context?: Context | undefined;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- any: it is named, not called
type Named = Function;

/** Where `called` was called. Cheap: the text is made when the task fails. */
export function siteOf(called: Named): CallSite {
  const site = { context: activeContext() };
  Error.captureStackTrace(site, called);
  return site;
}

/** One per pool. */
export class TaskSender {
  readonly head: PoolBackend;
  readonly #spans: TaskSpans;
  readonly #maxMessageBytes: number;
  readonly #pool: EventEmitter<PoolEvents>;

  /** @param pool - Hears what tasks post. */
  constructor(head: PoolBackend, maxMessageBytes: number, pool: EventEmitter<PoolEvents>) {
    this.head = head;
    this.#spans = new TaskSpans(head);
    this.#maxMessageBytes = maxMessageBytes;
    this.#pool = pool;
  }

  /**
   * Copy the arguments, and find how many ranks the task has.
   *
   * @param given - As many as its options say, or by default.
   * @throws As `encodeArguments`; {@link InvalidArgumentError}, {@link ClosedError} for references.
   */
  encode(
    what: string,
    options: Pick<UntypedRunOptions, 'args' | 'perRankArgs' | 'workers'>,
    given: number,
  ): Pick<TaskSpec, 'args' | 'references' | 'workers'> {
    const references = new ArgumentReferences(what, this.head);
    const isSaid = options.workers !== undefined;
    const args = encodeArguments(what, options, isSaid ? given : undefined, this.#maxMessageBytes, references.refer);
    const { ids, ranks = given } = references;
    if (isSaid && ranks !== given) {
      throw new InvalidArgumentError(
        `${what}: expected workers to be ${ranks}, as many as the ranks that have what it refers to, received ${given}`,
        { option: 'workers' },
      );
    }
    if (options.perRankArgs !== undefined) assertOneForEach(what, options.perRankArgs, ranks);
    return { args, references: ids, workers: ranks };
  }

  /**
   * Submit a task. With `keep` its handle resolves with a {@link Kept}, which is made when the task has ended.
   *
   * @param gang - That of the task.
   * @throws As the head's `submit`.
   */
  send(spec: TaskSpec, site: CallSite, signal?: AbortSignal, gang?: Gang): TaskHandle<never, never> {
    const task = this.#spans.submit(spec, site.context);
    task.site = site;
    const kept = (results: unknown[]): Kept => {
      return new Kept(task.id, this.head, results.length, (each) => this.#fetch(each, gang));
    };
    const done = spec.keep ? task.done.then(kept) : task.done;
    done.catch(() => undefined);
    const handle = new TaskHandle<never, never>(this.head, task, done as Promise<never>);
    tellMessages(task, handle, this.#pool);
    if (signal) bindSignal(signal, handle, task.done);
    return handle;
  }

  /**
   * Copies of what a task has kept: a task that returns what it is given.
   *
   * @param gang - Whose workers have it: while the gang is open, its tasks alone run there.
   */
  async #fetch(kept: Kept, gang: Gang | undefined): Promise<never> {
    const what = 'kept.get';
    const module = taskModule<{ default: typeof returnValue }>(pathToFileURL(assetPath('#return-value')));
    const spec = fillTask(what, module, {});
    const args = this.encode(what, { args: [kept] }, 1);
    const within = gang?.state === 'open' && !gang.loss ? gang : undefined;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
    return this.send({ ...spec, ...args, gang: within?.id }, siteOf(kept.get)).result();
  }
}

function bindSignal(signal: AbortSignal, handle: TaskHandle<unknown, unknown>, done: Promise<unknown>): void {
  const cancel = (): void => {
    handle.cancel(signal.reason);
  };
  if (signal.aborted) {
    cancel();
    return;
  }
  const unbind = onAbort(signal, cancel);
  done.then(unbind, unbind);
}
