/** One attempt of a task: its workers, what they have reported, and how it is made to end. */
import { clearTimeout, longestTimerMs, nowMs, setTimeout } from '../clock.js';
import { CancelledError } from '../errors.js';
import type { Outcome } from '../protocol/thread-messages.js';
import { encodeValue } from '../protocol/values.js';
import type { LastOperations } from '../records/last-operations.js';
import type { AbortKind } from '../backend/abort-reason.js';
import type { LeaseGrant } from './leases.js';
import type { RankOutcome } from './verdict.js';
import { endedClean } from './verdict.js';
import type { WorkerSide } from './worker-side.js';

/** After the grace time: how long a worker may take to end by force before its task ends without it. */
const forceLimitMs = 5_000;

/** Why an attempt is to end: `rank` is the one that caused it, if any. */
export interface EndReason {
  readonly kind: AbortKind;
  readonly rank: number | undefined;
  readonly error: Error;
}

/** Reserved → (forming, while its communicator is made →) started → (ending →) complete. */
export class Attempt {
  readonly taskId: string;
  readonly grant: LeaseGrant;
  readonly worldRanks: readonly number[];
  /** Number of its communicator; 0: it has one rank and needs none. */
  readonly communicator: number;
  /** Its communicator is still to be made; nothing has been sent to its workers. */
  forming: boolean;
  /** How long the task had waited when the workers began with it. */
  waitedMs = 0;
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  /** It is to end: set once, with the abort. */
  ending = false;
  /** What its ranks did last, when it began to fail. */
  last: LastOperations | undefined;
  /** It has passed its limit: the error that says so, with what its ranks did last and how they have ended. */
  overdue: ((last: LastOperations, how: string) => Error) | undefined;
  /** Ranks that went on for the grace time, and were then ended by force. */
  forced: readonly number[] = [];
  /** Why it has ended without some of its workers. */
  abandoned: string | undefined;
  /** In order of arrival. */
  readonly outcomes: RankOutcome[] = [];
  /** Errors that escaped a rank's function; they count once its thread is gone. */
  readonly escaped: Map<number, Outcome> = new Map();
  #limit: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(
    taskId: string,
    grant: LeaseGrant,
    worldRanks: readonly number[],
    communicator: number,
    forming: boolean,
  ) {
    this.taskId = taskId;
    this.grant = grant;
    this.worldRanks = worldRanks;
    this.communicator = communicator;
    this.forming = forming;
  }

  /** The workers begin. `since`: when the task began to wait. */
  begin(since: number): void {
    this.#startedAt = nowMs();
    this.waitedMs = this.#startedAt - since;
  }

  /** All workers have ended. */
  complete(): void {
    this.#endedAt = nowMs();
  }

  /** From its beginning to its end, or until now. */
  get ranMs(): number {
    return this.#startedAt === undefined ? 0 : (this.#endedAt ?? nowMs()) - this.#startedAt;
  }

  /** Ranks that have not reported how they ended. */
  get missing(): { rank: number; worldRank: number }[] {
    return this.worldRanks.flatMap((worldRank, rank) => {
      return this.outcomes.some((known) => known.rank === rank) ? [] : [{ rank, worldRank }];
    });
  }

  /** It has started, and every rank has ended. */
  get isComplete(): boolean {
    return !this.forming && this.outcomes.length >= this.worldRanks.length;
  }

  /** Its communicator can be kept: no message is on its way in it. */
  get isClean(): boolean {
    return !this.ending && endedClean(this.outcomes);
  }

  rankOf(worldRank: number): number {
    return this.worldRanks.indexOf(worldRank);
  }

  /** Record a rank's outcome, the first that comes. Returns whether it was the first. */
  record(rank: number, outcome: Outcome): boolean {
    if (this.outcomes.some((known) => known.rank === rank)) return false;
    this.outcomes.push({ rank, outcome });
    return true;
  }

  /** Call `passed` after a time that counts from now; `stopClocks` forgets it. */
  limit(timeoutMs: number, passed: () => void): void {
    this.#limit = setTimeout(passed, Math.min(timeoutMs, longestTimerMs));
  }

  /**
   * Make the ranks that still run end: abort word, signal, and after the grace time force.
   *
   * @param stubborn - Called when some could not be ended even so, with why.
   */
  abort(workers: WorkerSide, reason: EndReason, graceMs: number, stubborn: (why: string) => void): void {
    const { kind, rank, error } = reason;
    workers.abort(this.grant, kind, rank, this.worldRanks);
    const encoded = encodeValue(error instanceof CancelledError ? new CancelledError(error.message) : error, 'reason');
    for (const worldRank of this.worldRanks) {
      workers.cancel(worldRank, { type: 'cancel', taskId: this.taskId, reason: encoded });
    }
    this.#grace = setTimeout(() => {
      this.forced = this.missing.map(({ rank }) => rank);
      for (const { worldRank } of this.missing) workers.end(worldRank);
      this.#grace = setTimeout(() => {
        stubborn(`could not be ended in ${forceLimitMs} ms: it may sit in native code`);
      }, forceLimitMs);
    }, graceMs);
  }

  stopClocks(): void {
    clearTimeout(this.#limit);
    clearTimeout(this.#grace);
  }
}
