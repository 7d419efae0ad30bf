/** Sends a task to the workers of its attempt, with new threads where those have to load its module anew. */
import { assert } from '../assert.js';
import type { Lease } from '../backend/lease.js';
import { UnsupportedError } from '../errors.js';
import type { AssignMessage, GangTurn } from '../protocol/thread-messages.js';
import type { Attempt } from './attempt.js';
import type { Gang } from './gang.js';
import { membersOf } from './members.js';
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
    const { gang } = task;
    const members = membersOf(this.#workers, worldRanks);
    // Once a gang has run something its threads stay: see `whyNotIn`.
    const stale = gang?.firstLease === undefined ? this.#stale(task, worldRanks) : [];
    const turn = gang && { id: gang.id, isFirst: gang.firstLease === undefined };
    gang?.run(grant.lease);
    for (const [rank, worldRank] of worldRanks.entries()) {
      if (task.spec.fresh || stale.includes(worldRank)) this.#workers.end(worldRank);
      this.#workers.assign(
        worldRank,
        this.#message(task, worldRank, { ...grant, taskId: task.id, rank, communicator, members }, turn),
      );
    }
  }

  /**
   * A gang runs one version of its modules. Undefined: the task of the gang can begin. An error: its members would have
   * different versions of a file. A file that all have in an older version than the one that is there now stays so.
   */
  whyNotIn(gang: Gang, { spec, submittedAt }: Task): Error | undefined {
    if (gang.firstLease === undefined || !this.#versions) return undefined;
    const { kept, mixed } = this.#versions.keep(gang.id, spec.source.url, gang.worldRanks, submittedAt);
    if (kept !== undefined) {
      this.#warn(
        `${kept} has changed: ${gang.label} goes on with the version that it has; a new gang loads the new one`,
      );
    }
    if (mixed === undefined) return undefined;
    const text = `${gang.label}: ${mixed} has changed since some of its workers loaded it, and others have not`;
    return new UnsupportedError(`${text}. Close the gang and make another, which loads the new version`, {
      gangId: gang.id,
    });
  }

  /** Whether a worker that runs a task can be given this one ahead. */
  mayGiveAhead({ spec, submittedAt }: Task, worldRank: number): boolean {
    const { url } = spec.source;
    if (!this.#workers.takesAhead(worldRank, url)) return false;
    return this.#versions?.giveAhead(url, worldRank, submittedAt) ?? true;
  }

  /** Give a worker a task that it begins with when it has ended the one that it runs. */
  giveAhead({ task, grant, worldRank }: Offer): void {
    const members = membersOf(this.#workers, [worldRank]);
    const lease = { ...grant, taskId: task.id, rank: 0, communicator: 0, members };
    const message = this.#message(task, worldRank, lease);
    this.#workers.assignAhead(worldRank, { ...message, attempt: task.attempts + 1 });
  }

  /** New processes have loaded nothing. */
  renewed(): void {
    this.#versions?.reset();
  }

  #message({ spec, attempts }: Task, worldRank: number, lease: Lease, gang?: GangTurn): AssignMessage {
    const args = spec.args[lease.rank] ?? spec.args[0];
    assert(args !== undefined, 'a task has arguments for all ranks, or for each');
    return {
      type: 'assign',
      lease,
      attempt: attempts,
      source: spec.source,
      args,
      references: this.#references.tell(spec, worldRank, lease.lease),
      timeoutMs: this.#options.collectiveTimeoutMs,
      maxMessageBytes: this.#options.maxMessageBytes,
      unawaited: this.#options.unawaited,
      gang,
      actor: spec.actor,
      carrier: spec.carrier,
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
