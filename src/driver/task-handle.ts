/** What `submit` returns. */
import { EventEmitter } from 'node:events';
import type { PoolEvents } from '../head/pool-events.js';
import type { Task, TaskState } from '../head/task.js';
import type { PoolBackend } from './pool-backend.js';

/** A task that was accepted. Its event `message` is that of the pool, of this task alone. */
export class TaskHandle<R = unknown> extends EventEmitter<Pick<PoolEvents, 'message'>> {
  readonly #head: Pick<PoolBackend, 'cancel'>;
  readonly #task: Task;

  /** @internal */
  constructor(head: Pick<PoolBackend, 'cancel'>, task: Task) {
    super();
    this.#head = head;
    this.#task = task;
  }

  get id(): string {
    return this.#task.id;
  }

  get state(): TaskState {
    return this.#task.state;
  }

  /** Workers that run the task now, by rank; empty while it is queued and once it has ended. */
  get ranks(): readonly number[] {
    return this.#task.ranks;
  }

  /**
   * Results in rank order.
   *
   * @throws {@link TaskFailedError}, {@link TaskTimeoutError}, {@link TaskExitedError}, {@link WorkerDiedError},
   *   {@link CancelledError}, {@link ModuleNotFoundError}, {@link ExportNotFoundError}, {@link NotSerializableError},
   *   {@link MessageTooLargeError}
   */
  result(): Promise<R[]> {
    this.#task.asked = true;
    return this.#task.done as Promise<R[]>;
  }

  /** End the task: its result rejects with {@link CancelledError}. Has no effect once the task has ended. */
  cancel(reason?: unknown): void {
    this.#head.cancel(this.#task, reason);
  }
}
