/** Sends a task to the workers of its attempt, with new threads where those have to load its module anew. */
import assert from 'node:assert/strict';
import type { Lease } from '../backend/lease.js';
import type { MemberInfo } from '../errors.js';
import type { AssignMessage } from '../protocol/thread-messages.js';
import type { Attempt } from './attempt.js';
import { ModuleVersions } from './module-versions.js';
import type { Offer } from './offers.js';
import type { HeadOptions } from './pool-events.js';
import type { References } from './references.js';
import type { Task } from './task.js';
import type { WorkerSide } from './worker-side.js';

/** One per head. */
export class Dispatcher {
  readonly #workers: WorkerSide;
  readonly #options: HeadOptions;
  readonly #references: References;
  readonly #warn: (message: string) => void;
  /** Undefined: nobody is to check for changed files. */
  readonly #versions: ModuleVersions | undefined;

  constructor(workers: WorkerSide, options: HeadOptions, references: References, warn: (message: string) => void) {
    this.#workers = workers;
    this.#references = references;
    this.#options = options;
    this.#warn = warn;
    this.#versions = options.reload === 'changed' ? new ModuleVersions() : undefined;
  }

  /** Start an attempt whose communicator exists. */
  start(task: Task, { grant, worldRanks, communicator }: Attempt): void {
    task.attempts++;
    const members = this.#members(worldRanks);
    const stale = this.#stale(task, worldRanks);
    for (const [rank, worldRank] of worldRanks.entries()) {
      if (task.spec.fresh || stale.includes(worldRank)) this.#workers.end(worldRank);
      this.#workers.assign(
        worldRank,
        this.#message(task, worldRank, task.attempts, { ...grant, taskId: task.id, rank, communicator, members }),
      );
    }
  }

  /** Whether a worker that runs a task can be given this one ahead. */
  mayGiveAhead({ spec, submittedAt }: Task, worldRank: number): boolean {
    const { url } = spec.source;
    if (!this.#workers.takesAhead(worldRank, url)) return false;
    return this.#versions?.giveAhead(url, worldRank, submittedAt) ?? true;
  }

  /** Give a worker a task that it begins with when it has ended the one that it runs. */
  giveAhead({ task, grant, worldRank }: Offer): void {
    const members = this.#members([worldRank]);
    const lease = { ...grant, taskId: task.id, rank: 0, communicator: 0, members };
    this.#workers.assignAhead(worldRank, this.#message(task, worldRank, task.attempts + 1, lease));
  }

  /** New processes have loaded nothing. */
  renewed(): void {
    this.#versions?.reset();
  }

  #members(worldRanks: readonly number[]): MemberInfo[] {
    return worldRanks.flatMap((each, rank) => {
      const info = this.#workers.workers[each];
      if (!info) return [];
      const { worldRank, localRank, pid, hostname, node } = info;
      return { rank, worldRank, localRank, pid, hostname, node };
    });
  }

  #message({ spec }: Task, worldRank: number, attempt: number, lease: Lease): AssignMessage {
    const args = spec.args[lease.rank] ?? spec.args[0];
    assert(args !== undefined, 'a task has arguments for all ranks, or for each');
    return {
      type: 'assign',
      lease,
      attempt,
      source: spec.source,
      args,
      references: this.#references.tell(spec, worldRank, lease.lease),
      timeoutMs: this.#options.collectiveTimeoutMs,
      maxMessageBytes: this.#options.maxMessageBytes,
      unawaited: this.#options.unawaited,
    };
  }

  /**
   * The workers that have an older version of the task's module, or of what it imports, than the one that is there now.
   */
  #stale(task: Task, worldRanks: readonly number[]): readonly number[] {
    const stale = this.#versions?.give(task.spec.source.url, worldRanks, task.submittedAt);
    if (stale?.path !== undefined) {
      this.#warn(`${stale.path} has changed: from task ${task.id} on, its new version is loaded, by new threads`);
    }
    return stale?.worldRanks ?? [];
  }
}
