/** What the head asks of the workers' side, whatever the workers are. */
import type { MemberInfo, RankOperations } from '../errors.js';
import type { RecordedRank } from '../records/read-records.js';
import type { TakeTraced } from '../records/take-traced.js';
import type { StorePlace } from '../native/value-stores.js';
import type { AssignMessage, CancelMessage, ForgetMessage, GoneOutcome, Outcome } from '../protocol/thread-messages.js';
import type { GoOrder } from '../protocol/round-messages.js';
import type { LeaseGrant } from './leases.js';
import type { ValueHosts } from './value-hosts.js';
import type { AbortKind } from '../backend/abort-reason.js';

/** Phases of the start of a process, in milliseconds from the launch. */
export interface StartPhases {
  /** It has connected. */
  readonly connected: number;
  /** MPI_Init has returned. */
  readonly mpiReady: number;
  /** Its row has come over MPI. */
  readonly gathered: number;
  /** It can be given tasks. */
  readonly registered: number;
}

/** What a worker uses: memory of its process, or of its thread, in bytes, and milliseconds on a core. */
export interface WorkerUsage {
  readonly rssBytes: number | undefined;
  /** Of a thread. */
  readonly heapBytes?: number | undefined;
  readonly cpuMs: number | undefined;
}

/** A worker of the pool. */
export interface WorkerInfo extends Omit<MemberInfo, 'rank'> {
  /** The same for all workers of its node and for no others: two nodes may have one name. */
  readonly nodeKey: string;
  /** When it came to each phase of its start, in milliseconds from the launch; undefined for a thread. */
  readonly phasesMs?: StartPhases | undefined;
}

/** Commands from the head; none of them waits for the worker but `end` and `close`. */
export interface WorkerSide {
  readonly workers: readonly WorkerInfo[];
  /** What is shared, on the workers' hosts. */
  readonly values: Pick<ValueHosts, 'lay' | 'remove'>;
  /** Slots of the window that can be leased at the same time. */
  readonly slots: number;
  /** Whether a worker can be given a task now. */
  isAvailable(worldRank: number): boolean;
  /** What a worker uses; undefined when it is gone. */
  usage(worldRank: number): WorkerUsage | undefined;
  /**
   * What a rank has done last in the task of a lease, also when it is gone; undefined: nobody knows here. Of a rank of
   * another node that is known when its part has ended.
   */
  operations(rank: RecordedRank, lease: number, most: number): RankOperations | undefined;
  /**
   * Have all workers note their calls, and give what they note; undefined: no more. Resolves when the last of it was
   * given, as far as it can be had.
   */
  trace(take: TakeTraced | undefined): Promise<void>;
  /** The same of a rank that still runs, wherever it is; undefined: nobody knows, or says so in time. */
  askOperations(rank: RecordedRank, lease: number, most: number): Promise<RankOperations | undefined>;
  /** Empty the slot of a lease that has ended on all its workers; `cleared` says when it can be lent again. */
  clear(slot: number): void;
  /** Set the abort word of a lease and wake its members. */
  abort(grant: LeaseGrant, kind: AbortKind, rank: number | undefined, worldRanks: readonly number[]): void;
  markDead(grant: LeaseGrant, rank: number, worldRanks: readonly number[]): void;
  /** First step of a round: answered by `ready` once the worker can enter MPI. */
  prepare(worldRank: number, round: number): void;
  /** Second step: answered by `done`. */
  go(worldRank: number, order: GoOrder): void;
  /** A worker does not answer: it is given nothing more, and ended as soon as that harms nobody. */
  putAside(worldRank: number, text: string): void;
  /** Workers may be inside MPI for ever: end all of them, and start new ones. */
  breakEpoch(text: string): void;
  /** Their memory was overwritten: end all workers at once, whatever they do, and start new ones over new memory. */
  renew(text: string): void;
  /**
   * A task waits for more workers than live: start those that are lost again, which may have to wait until all are
   * idle.
   */
  refill(): void;
  /**
   * Gangs live: until that is over, living workers are not ended with those that were lost, though idle. What
   * ends all at once, such as damage, does so still.
   */
  hold(isHeld: boolean): void;
  assign(worldRank: number, message: AssignMessage): void;
  /** Whether a worker that runs a task can be given another of this module ahead. */
  takesAhead(worldRank: number, url: string): boolean;
  /** As `assign`, of a worker that runs a task: it begins with this one when that has ended. */
  assignAhead(worldRank: number, message: AssignMessage): void;
  /** Take a lease back that was given ahead; false: the worker has begun with its task. */
  takeBack(worldRank: number, lease: number): boolean;
  cancel(worldRank: number, message: CancelMessage): void;
  /** The driver has taken a value of so many bytes that the task of a lease has posted there. */
  taken(worldRank: number, lease: number, sizeBytes: number): void;
  /** Where a worker finds one of `values`; undefined: it does not lie on its host. */
  placeOf(worldRank: number, id: string): StorePlace | undefined;
  /** A worker is to forget values that no task has any more. */
  forget(worldRank: number, message: ForgetMessage): void;
  /** End the worker's task thread by force and start another, which is used only once the old one is gone. */
  end(worldRank: number): void;
  /** Whether the workers keep the process alive. */
  keepAlive(active: boolean): void;
  /** Resolves when every thread and process is gone. */
  close(): Promise<void>;
}

/** Reports from the workers' side. */
export interface WorkerEvents {
  ready(worldRank: number, round: number): void;
  done(worldRank: number, round: number): void;
  outcome(worldRank: number, taskId: string, outcome: Outcome): void;
  /** The task of a lease has posted a value, which is encoded; `taken` answers. */
  posted(worldRank: number, lease: number, value: Uint8Array): void;
  /**
   * The task thread has ended and touches memory no more. `lease`: the last that it was given, 0 when it had none. `ran`:
   * the last whose task it may have run; a later one than `lease` has been answered.
   */
  gone(worldRank: number, lease: number, how: GoneOutcome, ran: number): void;
  /** A worker can be given tasks again. */
  replaced(worldRank: number): void;
  /** A worker can be given no task until it is replaced. */
  removed(worldRank: number): void;
  /**
   * All workers are about to be ended: none is available until it is replaced, and no round goes on. `why`: what is
   * said of those that run a task.
   */
  ending(why: string): void;
  /** New processes have taken the place of all workers: nothing is left of the old ones' communicators. */
  renewed(): void;
  /** A slot can be lent again. */
  cleared(slot: number): void;
  /** The workers cannot be started again. */
  lost(error: Error): void;
  /** `worldRank`: the worker that it is about; undefined: none. */
  warning(worldRank: number | undefined, message: string): void;
  stuck(taskId: string, rank: number): void;
}
