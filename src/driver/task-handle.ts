/** What `submit` returns. */
import { EventEmitter } from 'node:events';
import type { PoolEvents } from '../head/pool-events.js';
import type { Task, TaskState } from '../head/task.js';
import { keepHere } from '../protocol/value-kinds.js';
import type { PoolBackend } from './pool-backend.js';

/**
 * A task that was accepted. Its event `message` is that of the pool, of this task alone.
 *
 * @typeParam R - What one rank returns.
 * @typeParam T - What `result()` gives: the results of all ranks, or what stands for them.
 * @example
 * const handle = pool.submit(tasks, { export: 'train', workers: 2 });
 * handle.on('message', ({ rank, value }) => console.log(rank, value));
 * const losses = await handle.result();
 */
export class TaskHandle<R = unknown, T = R[]> extends EventEmitter<Pick<PoolEvents, 'message'>> {
  static {
    keepHere(this.prototype);
  }
  readonly #head: Pick<PoolBackend, 'cancel'>;
  readonly #task: Task;
  readonly #done: Promise<T>;

  /** @internal @param done - What the task's end makes of its results. */
  constructor(head: Pick<PoolBackend, 'cancel'>, task: Task, done: Promise<T>) {
    super();
    this.#head = head;
    this.#task = task;
    this.#done = done;
  }

  /** As errors and lists name the task, such as `t1`. */
  get id(): string {
    return this.#task.id;
  }

  /** Where the task is in its life. */
  get state(): TaskState {
    return this.#task.state;
  }

  /** Workers that run the task now, by rank; empty while it is queued and once it has ended. */
  get ranks(): readonly number[] {
    return this.#task.ranks;
  }

  /**
   * Results in rank order; with `keep` what stands for them, the same {@link Kept} each time.
   *
   * @throws {@link TaskFailedError}, {@link TaskTimeoutError}, {@link TaskExitedError}, {@link WorkerDiedError},
   *   {@link CancelledError}, {@link ModuleNotFoundError}, {@link ExportNotFoundError}, {@link NotSerializableError},
   *   {@link MessageTooLargeError}
   * @example
   * const handle = pool.submit(tasks, { export: 'train', workers: 2 });
   * const losses = await handle.result();
   */
  result(): Promise<T> {
    this.#task.asked = true;
    return this.#done;
  }

  /**
   * End the task: its result rejects with {@link CancelledError}. Has no effect once the task has ended.
   *
   * @example
   * const handle = pool.submit(tasks, { export: 'train' });
   * handle.cancel(new Error('nobody waits any more'));
   * await handle.result().catch((error) => console.log(error.name)); // AbortError
   */
  cancel(reason?: unknown): void {
    this.#head.cancel(this.#task, reason);
  }
}
