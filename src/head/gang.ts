/** A gang: workers that are reserved for the tasks of its owner until it is closed. */
import { nextTick } from '../clock.js';
import type { MemberInfo } from '../errors.js';
import { CancelledError, ClosedError, WorkerDiedError } from '../errors.js';
import type { GangSpec, TaskSpec } from '../protocol/pool-messages.js';

/**
 * Where a gang is in its life.
 *
 * @example
 * const waiting: GangState[] = pool.status().gangs.map(({ state }) => state);
 * console.log(waiting.filter((state) => state === 'waiting').length, 'gangs wait for workers');
 */
export type GangState = 'waiting' | 'open' | 'closing' | 'closed';

/** A member that is gone, or whose task thread is, and with it what the gang had in memory there. */
export interface GangLoss {
  readonly worldRank: number;
  /** The lease under which that was noticed; undefined: under none. */
  readonly lease: number | undefined;
  readonly cause: unknown;
}

/**
 * Life of a gang: waiting for workers → open → closing, while its accepted tasks run → closed. A loss closes it at
 * once. One that gets no workers goes from waiting to closed.
 */
export class Gang {
  readonly id: string;
  readonly spec: GangSpec;
  /** Its members in rank order, when it has them. Rejects when it gets none. */
  readonly opened: Promise<readonly MemberInfo[]>;
  /** Resolves when it is closed. */
  readonly done: Promise<void>;
  state: GangState = 'waiting';
  /** In rank order; they stay known when it is closed. */
  members: readonly MemberInfo[] = [];
  /** Number of its communicator; 0: it has one rank and needs none, or has none now. */
  communicator = 0;
  /** Its communicator is being made: its tasks wait. */
  isForming = false;
  /** It has had its workers and a communicator: what it has in memory is worth keeping, unless it has lost a member. */
  hasOpened = false;
  /** The task that it runs. */
  taskId: string | undefined;
  /** Names of the classes of its actors, by the actors' ids. */
  readonly actors: Map<string, string> = new Map();
  /** Of the first task that it has run: threads that had this one or a later one hold something of the gang. */
  firstLease: number | undefined;
  /** Of the last. */
  lastLease: number | undefined;
  /** Set once: no task of it is begun any more. */
  loss: GangLoss | undefined;
  /** Why it is closed, when nobody has closed it. */
  error: Error | undefined;
  #open!: (members: readonly MemberInfo[]) => void;
  #refuse!: (error: Error) => void;
  #end!: () => void;

  constructor(id: string, spec: GangSpec) {
    this.id = id;
    this.spec = spec;
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#refuse = reject;
    });
    this.opened.catch(() => undefined);
    this.done = new Promise((resolve) => (this.#end = resolve));
  }

  get worldRanks(): readonly number[] {
    return this.members.map(({ worldRank }) => worldRank);
  }

  /** A task of it can begin. */
  get isFree(): boolean {
    const mayRun = this.state === 'open' || (this.state === 'closing' && this.members.length > 0);
    return mayRun && !this.isForming && this.taskId === undefined && !this.loss;
  }

  /** Such as `gang g1 ("training")`. */
  get label(): string {
    const { name } = this.spec;
    return `gang ${this.id}${name === undefined ? '' : ` (${JSON.stringify(name)})`}`;
  }

  /** It has its workers, and a communicator. */
  open(members: readonly MemberInfo[] = this.members): void {
    this.members = members;
    if (this.state === 'waiting') this.state = 'open';
    this.hasOpened = true;
    this.#open(members);
  }

  /** A task of it begins. */
  run(lease: number): void {
    this.firstLease ??= lease;
    this.lastLease = lease;
  }

  /** A task of it has ended: an actor that it has made, on all ranks, or dropped. */
  noteActor({ actor, source }: Pick<TaskSpec, 'actor' | 'source'>, hasReturned: boolean): void {
    if (actor?.does === 'make' && hasReturned) this.actors.set(actor.id, source.exportName);
    else if (actor?.does === 'dispose') this.actors.delete(actor.id);
  }

  /** Whether a thread that ends, and whose last lease this was, takes something of the gang with it. */
  hasRunUnder(lease: number): boolean {
    return this.firstLease !== undefined && lease >= this.firstLease;
  }

  /** A member is lost. The first counts; what a worker's thread had run says more than that the worker is gone. */
  lose(loss: GangLoss): void {
    const { loss: known } = this;
    if (!known || (known.lease === undefined && known.worldRank === loss.worldRank)) this.loss = loss;
  }

  /** How its last task has ended is why it has lost a member under that task's lease. */
  explainLoss(cause: unknown): void {
    if (this.loss?.lease !== undefined && this.loss.lease === this.lastLease) this.loss = { ...this.loss, cause };
  }

  /** The error for a gang that has lost a member. */
  lossError({ worldRank, cause }: GangLoss): WorkerDiedError {
    const rank = this.worldRanks.indexOf(worldRank);
    const why = (cause as Error | undefined)?.message;
    return new WorkerDiedError(
      `${this.label} is closed: rank ${rank}, on worker ${worldRank}, has lost what the gang had in memory there` +
        `${why === undefined ? '' : `: ${why}`}. Make another with pool.gang()`,
      { gangId: this.id, rank, worldRank },
      { cause },
    );
  }

  /** It is over. `error`: why, when nobody had closed it, or why it gets no workers. */
  close(error: Error | undefined): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.error = error;
    this.#refuse(error ?? new CancelledError(`${this.label} was closed before it had its workers`));
    // After the events of the step that has ended it.
    nextTick(this.#end);
  }
}

/** The error for who uses a gang that is closed. `cause`: why it is. */
export function closedError(label: string, gangId: string, cause: Error | undefined): ClosedError {
  return new ClosedError(`${label} is closed; make another with pool.gang()`, { gangId }, { cause });
}
