/** Sends a task to the workers of its attempt, with new threads where those have to load its module anew. */
import type { Attempt } from './attempt.js';
import { ModuleVersions } from './module-versions.js';
import type { HeadOptions } from './pool-events.js';
import type { Task } from './task.js';
import type { WorkerSide } from './worker-side.js';

/** One per head. */
export class Dispatcher {
  readonly #workers: WorkerSide;
  readonly #options: HeadOptions;
  readonly #warn: (message: string) => void;
  /** Undefined: nobody is to check for changed files. */
  readonly #versions: ModuleVersions | undefined;

  constructor(workers: WorkerSide, options: HeadOptions, warn: (message: string) => void) {
    this.#workers = workers;
    this.#options = options;
    this.#warn = warn;
    this.#versions = options.reload === 'changed' ? new ModuleVersions() : undefined;
  }

  /** Start an attempt whose communicator exists. */
  start(task: Task, { grant, worldRanks, communicator }: Attempt): void {
    const { spec } = task;
    task.attempts++;
    const members = worldRanks.flatMap((each, rank) => {
      const info = this.#workers.workers[each];
      if (!info) return [];
      const { worldRank, localRank, pid, hostname, node } = info;
      return { rank, worldRank, localRank, pid, hostname, node };
    });
    const stale = this.#stale(task, worldRanks);
    for (const [rank, worldRank] of worldRanks.entries()) {
      if (spec.fresh || stale.includes(worldRank)) this.#workers.end(worldRank);
      this.#workers.assign(worldRank, {
        type: 'assign',
        lease: { ...grant, taskId: task.id, rank, communicator, members },
        attempt: task.attempts,
        source: spec.source,
        args: spec.args,
        timeoutMs: this.#options.collectiveTimeoutMs,
        maxMessageBytes: this.#options.maxMessageBytes,
        unawaited: this.#options.unawaited,
      });
    }
  }

  /** New processes have loaded nothing. */
  renewed(): void {
    this.#versions?.reset();
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
