/** A task, as the head holds it. */
import { nextTick, nowMs } from '../clock.js';
import type { RankOperations } from '../errors.js';
import { CancelledError } from '../errors.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import type { Attempt } from './attempt.js';
import type { Gang } from './gang.js';
import { showToDriver } from './show-to-driver.js';

/**
 * Where a task is in its life.
 *
 * @example
 * const handle = pool.submit(tasks, { export: 'train' });
 * const ended: TaskState[] = ['succeeded', 'failed', 'cancelled'];
 * if (!ended.includes(handle.state)) console.log('not yet');
 * await handle.result();
 */
export type TaskState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** Life of a task: queued → running (→ queued again, when retried or re-planned) → succeeded, failed or cancelled. */
export class Task {
  readonly id: string;
  readonly spec: TaskSpec;
  /** The one whose workers run it, in its order; undefined: any workers. In another process only its spec names it. */
  readonly gang: Gang | undefined;
  readonly done: Promise<unknown[]>;
  readonly submittedAt: number = nowMs();
  state: TaskState = 'queued';
  /** Since when it waits, or waited before its last attempt. */
  waitsSince: number = this.submittedAt;
  /** Until the workers of an attempt began, and from there until they had ended, of all attempts so far. */
  waitedMs = 0;
  ranMs = 0;
  attempts = 0;
  attempt: Attempt | undefined;
  /** Of a task in another process: the workers that ran it when that was last heard of. */
  heardOf: readonly number[] = [];
  /** What the ranks of its last attempt did last, when that began to fail, and the workers of these. */
  lastOperations: readonly RankOperations[] = [];
  /** When they were read, in milliseconds since 1970; 0: they were not. */
  lastReadAt = 0;
  lastRanks: readonly number[] = [];
  /** Why the task ends, whatever its ranks say: cancelled or timed out. */
  override: Error | undefined;
  /** Who gets what its ranks post, encoded: it calls `taken` when it has room for more. Undefined: nobody. */
  receiver: ((rank: number, value: Uint8Array, taken: () => void) => void) | undefined;
  /** Somebody asked for the result, so a failure has a reader. */
  asked = false;
  /** Its `stack` is that of the driver's code which submitted it. */
  site: { readonly stack?: string } | undefined;
  #resolve!: (results: unknown[]) => void;
  #reject!: (error: Error) => void;

  constructor(id: string, spec: TaskSpec, gang?: Gang) {
    this.id = id;
    this.spec = spec;
    this.gang = gang;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure that nobody asked for is an event of the pool, not an unhandled rejection.
    this.done.catch(() => undefined);
  }

  get ended(): boolean {
    return this.state !== 'queued' && this.state !== 'running';
  }

  /** The result is told after the events of the step that ended the task, and apart from it, as they are. */
  succeed(results: readonly unknown[]): void {
    this.state = 'succeeded';
    nextTick(this.#resolve, [...results]);
  }

  fail(error: Error): void {
    this.state = error instanceof CancelledError ? 'cancelled' : 'failed';
    showToDriver(error, this.site?.stack);
    nextTick(this.#reject, error);
  }

  /** What its events say of its time, in milliseconds. */
  get durations(): { waitedMs: number; ranMs: number } {
    return { waitedMs: this.waitedMs, ranMs: this.ranMs };
  }

  /** Workers that run it now, by rank. */
  get ranks(): readonly number[] {
    return this.attempt?.worldRanks ?? this.heardOf;
  }
}
