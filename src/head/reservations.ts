/** What attempts hold: workers, a lease, and a communicator, which may have to be made first. */
import { setImmediate } from '../clock.js';
import { AbandonedSlots } from './abandoned-slots.js';
import { Attempt } from './attempt.js';
import type { GroupOptions } from './groups.js';
import { Groups } from './groups.js';
import type { LeaseGrant } from './leases.js';
import { Leases } from './leases.js';
import type { Offer } from './offers.js';
import type { Task } from './task.js';
import type { WorkerSide } from './worker-side.js';
import type { WorkerStates } from './worker-states.js';

/** What becomes of reservations. */
export interface ReservationEvents {
  /** The communicator that the attempt waited for exists. */
  formed(task: Task, attempt: Attempt): void;
  /** The task had not started when it lost a worker: it has no attempt any more. */
  undone(task: Task): void;
  /** Workers or slots may have come free. */
  freed(): void;
  warning(message: string): void;
}

/** Who waits for a communicator. */
export interface Forming {
  /** It exists. */
  formed(): void;
  /** It will not: a member was lost before anybody was inside MPI. */
  undone(): void;
}

/** One per head. */
export class Reservations {
  readonly groups: Groups;
  readonly #workers: WorkerSide;
  readonly #states: WorkerStates;
  readonly #events: ReservationEvents;
  readonly #leases: Leases;
  readonly #abandoned: AbandonedSlots;
  /** By the numbers of the communicators that are still to be made. */
  readonly #forming = new Map<number, Forming>();

  constructor(workers: WorkerSide, options: GroupOptions, states: WorkerStates, events: ReservationEvents) {
    this.#workers = workers;
    this.#states = states;
    this.#events = events;
    this.#leases = new Leases(workers.slots);
    this.#abandoned = new AbandonedSlots((slot) => {
      workers.clear(slot);
    });
    this.groups = new Groups(workers, options, {
      formed: (id) => {
        this.#take(id)?.formed();
      },
      undone: (id) => {
        this.#take(id)?.undone();
      },
      warning: (message) => {
        events.warning(message);
      },
    });
  }

  /** Leases that are left. */
  get available(): number {
    return this.#leases.available;
  }

  /** Give a task an attempt on these workers. While it is `forming` it must not start. */
  reserve(task: Task, worldRanks: readonly number[]): Attempt {
    const { communicator, isForming } = task.gang
      ? { communicator: task.gang.communicator, isForming: false }
      : this.form(worldRanks, {
          formed: () => {
            this.#formed(task);
          },
          undone: () => {
            this.#undone(task);
          },
        });
    const attempt = new Attempt(task.id, this.#leases.take(), worldRanks, communicator, isForming);
    task.attempt = attempt;
    this.#states.reserve(task, worldRanks);
    return attempt;
  }

  /**
   * The communicator of these workers, 0 for one alone. It is theirs until `unform`, and kept out of what is freed.
   *
   * @param forming - Told when it exists, if it is still to be made.
   */
  form(worldRanks: readonly number[], forming: Forming): { communicator: number; isForming: boolean } {
    const { id: communicator, action } = this.groups.assign(worldRanks);
    const isForming = action === 'create';
    if (isForming) {
      this.#forming.set(communicator, {
        formed: () => {
          forming.formed();
        },
        undone: () => {
          this.groups.forget(worldRanks);
          forming.undone();
        },
      });
    }
    return { communicator, isForming };
  }

  /** These workers need theirs no more. `isClean`: no message is on its way in it. */
  unform(worldRanks: readonly number[], isClean: boolean): void {
    this.groups.release(worldRanks, isClean);
  }

  /** Take a lease for a task of one rank that a worker is given ahead; undefined: others need what is left. */
  lend(): LeaseGrant | undefined {
    return this.#leases.available <= this.#workers.workers.length ? undefined : this.#leases.take();
  }

  /** A lease that nobody has used. */
  giveBack({ slot }: LeaseGrant): void {
    this.#leases.giveBack(slot);
  }

  /** A worker begins with the task that it has been given ahead. */
  begin({ task, grant, worldRank }: Offer): Attempt {
    const attempt = new Attempt(task.id, grant, [worldRank], 0, false);
    task.attempt = attempt;
    this.#states.reserve(task, attempt.worldRanks);
    return attempt;
  }

  /**
   * The attempt of a task is complete. Its slot can be lent again when it is empty; see `cleared`.
   *
   * @param next - What its worker goes on with.
   */
  release(task: Task, attempt: Attempt, next: Offer | undefined): void {
    attempt.stopClocks();
    task.attempt = undefined;
    // That of a gang is the gang's.
    if (!task.gang) this.unform(attempt.worldRanks, attempt.isClean);
    if (!next) this.#states.free(attempt.worldRanks);
    if (!this.#abandoned.has(attempt.grant.slot)) this.#workers.clear(attempt.grant.slot);
  }

  /** An attempt goes on without these of its workers: they are lost, and keep its slot until they are gone. */
  abandon(attempt: Attempt, worldRanks: readonly number[]): void {
    this.#abandoned.add(attempt.grant, worldRanks);
    // Their processes may be well: only their threads get no task until they are replaced.
    for (const worldRank of worldRanks) this.#states.lose(worldRank);
  }

  /** A worker is gone that no attempt waits for; `lease` is the last that it had. */
  gone(worldRank: number, lease: number): void {
    this.#abandoned.gone(worldRank, lease);
  }

  /** A slot is empty. */
  cleared(slot: number): void {
    this.#leases.giveBack(slot);
  }

  /** All workers are about to be ended: what has not started is undone. */
  undoAll(): void {
    this.groups.reset([]);
    for (const communicator of [...this.#forming.keys()]) this.#take(communicator)?.undone();
  }

  /** All workers are about to be ended: those that slots wait for count as gone. */
  clearAbandoned(): void {
    this.#abandoned.clearAll();
  }

  /** New processes have taken the place of all workers. */
  renewed(): void {
    this.groups.reset(this.#workers.workers.map(({ worldRank }) => worldRank));
  }

  #take(communicator: number): Forming | undefined {
    const forming = this.#forming.get(communicator);
    this.#forming.delete(communicator);
    return forming;
  }

  #formed(task: Task): void {
    if (!task.attempt) return;
    task.attempt.forming = false;
    if (!task.ended) {
      this.#events.formed(task, task.attempt);
      return;
    }
    this.unform(task.attempt.worldRanks, true);
    this.#giveBack(task, task.attempt);
    this.#events.freed();
  }

  /** A worker of the task was lost before the task had started. */
  #undone(task: Task): void {
    if (!task.attempt) return;
    this.#giveBack(task, task.attempt);
    if (!task.ended) this.#events.undone(task);
    // Not from here: others of the same round may still be told.
    setImmediate(() => {
      this.#events.freed();
    });
  }

  /** Of an attempt that never started. */
  #giveBack(task: Task, attempt: Attempt): void {
    attempt.stopClocks();
    task.attempt = undefined;
    this.#leases.giveBack(attempt.grant.slot);
    this.#states.free(attempt.worldRanks);
  }
}
