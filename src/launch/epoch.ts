/**
 * One epoch of a pool's processes: their job, and what the head's side knows of its workers while it lasts.
 *
 * Everything that a report can change hangs here, and reports of an epoch that is over are dropped here, in one place.
 * What is still on its way from the processes of an earlier job says nothing of those of the next.
 */
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../clock.js';
import type { WorkerDiedError } from '../errors.js';
import type { AssignMessage } from '../protocol/thread-messages.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import type { JobOptions } from './job-options.js';
import type { JobEvents } from './mpi-job.js';
import { MpiJob } from './mpi-job.js';

/** A task thread that sits in native code for good is ended with its process after this time. */
const stubbornLimitMs = 3_000;
/** How often workers that run a task are checked; stopped twice in a row is dead. */
const checkMs = 1_000;

/** What an epoch tells of its workers, while it lasts. The agent is worker −1. */
export interface EpochEvents {
  message(worldRank: number, message: WorkerReport): void;
  /** The process is proven gone; `lease` is the last that it was given, 0 when it had none. */
  died(worldRank: number, lease: number, error: WorkerDiedError): void;
  refused: JobEvents['refused'];
}

/** Made with its job and over with it; never used again. */
export class Epoch {
  /** Counts the epochs of the pool, from 1. */
  readonly number: number;
  readonly job: MpiJob;
  /** Workers that can be given no task any more. */
  readonly lost: Set<number> = new Set();
  /** The last lease of each worker. */
  readonly #leases = new Map<number, number>();
  /** Workers whose task has not reported its end. */
  readonly #busy = new Set<number>();
  readonly #stubborn = new Map<number, NodeJS.Timeout>();
  #stopped: readonly number[] = [];
  #check: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(number: number, options: JobOptions, events: EpochEvents) {
    this.number = number;
    this.job = new MpiJob(options, {
      message: (worldRank, message) => {
        if (this.#isOver) return;
        this.#note(worldRank, message);
        events.message(worldRank, message);
      },
      died: (worldRank, error) => {
        if (this.#isOver) return;
        this.lost.add(worldRank);
        this.#busy.delete(worldRank);
        this.#settle(worldRank);
        events.died(worldRank, this.#leases.get(worldRank) ?? 0, error);
      },
      refused: events.refused,
    });
  }

  /** No worker has a task. */
  get isIdle(): boolean {
    return this.#busy.size === 0;
  }

  /** Workers that can be given tasks. */
  get living(): number[] {
    return this.job.workers.flatMap((_, worldRank) => (this.lost.has(worldRank) ? [] : [worldRank]));
  }

  /** Whether a worker runs under this lease; false for one that has ended or was never given. */
  holds(worldRank: number, lease: number): boolean {
    return this.#busy.has(worldRank) && this.#leases.get(worldRank) === lease;
  }

  assign(worldRank: number, message: AssignMessage): void {
    this.#leases.set(worldRank, message.lease.lease);
    this.#busy.add(worldRank);
    this.#watchBusy();
    this.job.send(worldRank, message);
  }

  /** End a worker's task thread; when it does not end, its process. */
  end(worldRank: number): void {
    this.job.send(worldRank, { type: 'end' });
    if (this.#stubborn.has(worldRank)) return;
    const text = `was ended: its task sat in native code and could not be ended in ${stubbornLimitMs} ms`;
    const kill = (): void => {
      this.job.kill(worldRank, text, 'SIGKILL');
    };
    this.#stubborn.set(worldRank, setTimeout(kill, stubbornLimitMs));
  }

  /** Nothing that its workers report counts from now on. */
  over(): void {
    this.#isOver = true;
    clearInterval(this.#check);
    for (const timer of this.#stubborn.values()) clearTimeout(timer);
    this.#stubborn.clear();
  }

  #note(worldRank: number, message: WorkerReport): void {
    if (message.type === 'outcome') {
      if (message.outcome.kind !== 'threw' || !message.outcome.replaceThread) this.#busy.delete(worldRank);
    } else if (message.type === 'gone') {
      this.#settle(worldRank);
      if (message.lease === this.#leases.get(worldRank)) this.#busy.delete(worldRank);
    }
  }

  #settle(worldRank: number): void {
    clearTimeout(this.#stubborn.get(worldRank));
    this.#stubborn.delete(worldRank);
  }

  /** While tasks run: a worker that somebody has stopped would hold its task for ever. */
  #watchBusy(): void {
    this.#check ??= setInterval(() => {
      if (this.isIdle) {
        clearInterval(this.#check);
        this.#check = undefined;
        return;
      }
      const stopped = this.job.stopped().filter((rank) => this.#busy.has(rank));
      for (const rank of stopped) {
        if (this.#stopped.includes(rank)) {
          this.job.kill(rank, 'was stopped by a signal in the middle of a task, and was ended', 'SIGSTOP');
        }
      }
      this.#stopped = stopped;
    }, checkMs).unref();
  }
}
