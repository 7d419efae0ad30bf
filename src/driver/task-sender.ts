/** Hands tasks to a pool's head, for the pool and its gangs. */
import type { EventEmitter } from 'node:events';
import { onAbort } from '../abort-listeners.js';
import { InvalidArgumentError } from '../errors.js';
import type { PoolEvents } from '../head/pool-events.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import { ArgumentReferences } from './argument-references.js';
import type { PoolBackend } from './pool-backend.js';
import { assertOneForEach, encodeArguments } from './task-arguments.js';
import { TaskHandle } from './task-handle.js';
import { tellMessages } from './task-messages.js';
import type { UntypedRunOptions } from './task-options.js';

/** The driver's code that submits something: its `stack` is made when somebody reads it. */
export interface CallSite {
  readonly stack?: string;
}

/** Where `called` was called. Cheap: the text is made when the task fails. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- any: it is named, not called
export function siteOf(called: Function): CallSite {
  const site = {};
  Error.captureStackTrace(site, called);
  return site;
}

/** One per pool. */
export class TaskSender {
  readonly head: PoolBackend;
  readonly #maxMessageBytes: number;
  readonly #pool: EventEmitter<PoolEvents>;

  /** @param pool - Hears what tasks post. */
  constructor(head: PoolBackend, maxMessageBytes: number, pool: EventEmitter<PoolEvents>) {
    this.head = head;
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

  /** @throws As the head's `submit`. */
  send(spec: TaskSpec, site: CallSite, signal?: AbortSignal): TaskHandle<never> {
    const task = this.head.submit(spec);
    task.site = site;
    const handle = new TaskHandle<never>(this.head, task);
    tellMessages(task, handle, this.#pool);
    if (signal) bindSignal(signal, handle, task.done);
    return handle;
  }
}

function bindSignal(signal: AbortSignal, handle: TaskHandle, done: Promise<unknown>): void {
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
