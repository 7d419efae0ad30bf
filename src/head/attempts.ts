/** The life of attempts, from their start to the verdict on what their ranks report. */
import { nextTick } from '../clock.js';
import type { RankOperations } from '../errors.js';
import { TaskTimeoutError, WorkerDiedError } from '../errors.js';
import type { GoneOutcome, Outcome } from '../protocol/thread-messages.js';
import { encodeValue } from '../protocol/values.js';
import type { Attempt, EndReason } from './attempt.js';
import { Dispatcher } from './dispatcher.js';
import { inFlightWarning } from './in-flight.js';
import type { Offer } from './offers.js';
import { Offers } from './offers.js';
import type { HeadOptions } from './pool-events.js';
import type { References } from './references.js';
import { refusedWarning } from './refused-posts.js';
import { Reservations } from './reservations.js';
import type { Task } from './task.js';
import type { LastOperations } from '../records/last-operations.js';
import { lastOperations, mostOperations } from '../records/last-operations.js';
import type { Verdict } from './verdict.js';
import { endedClean, isNotItsOwn, judge } from './verdict.js';
import type { WorkerSide } from './worker-side.js';
import type { WorkerStates } from './worker-states.js';

/** What becomes of tasks, and what else the head is told. */
export interface AttemptEvents {
  /** The task is over. `isClean`: no message of it is on its way in the communicator that it had. */
  settled(task: Task, verdict: Verdict, isClean: boolean): void;
  /** A worker begins with a task that it has been given ahead. */
  begun(task: Task): void;
  /** The workers of a task begin with it. */
  started(task: Task, attempt: Attempt): void;
  /** All of them have ended. */
  attempted(task: Task, attempt: Attempt): void;
  /** A worker does not have a task any more that it has been given ahead: it is to wait before the others of its priority. */
  returned(task: Task): void;
  /** The task is to be run again, behind the others of its priority. */
  retried(task: Task): void;
  /** The task had not started when it lost a worker: it is to be planned again, before the others of its priority. */
  undone(task: Task): void;
  /** Workers or slots may have come free. */
  freed(): void;
  warning(worldRank: number | undefined, message: string): void;
}

/** One per head. */
export class Attempts {
  readonly reservations: Reservations;
  readonly #workers: WorkerSide;
  readonly #options: HeadOptions;
  readonly #states: WorkerStates;
  readonly #references: References;
  readonly #events: AttemptEvents;
  readonly #dispatcher: Dispatcher;
  readonly #offers: Offers;

  constructor(
    workers: WorkerSide,
    options: HeadOptions,
    states: WorkerStates,
    references: References,
    events: AttemptEvents,
  ) {
    this.#workers = workers;
    this.#options = options;
    this.#states = states;
    this.#references = references;
    this.#events = events;
    const warning = (message: string): void => {
      events.warning(undefined, message);
    };
    this.#dispatcher = new Dispatcher(workers, options, references, warning);
    this.#offers = new Offers(workers);
    this.reservations = new Reservations(workers, options, states, {
      formed: (task, attempt) => {
        this.#start(task, attempt);
      },
      undone: (task) => {
        events.undone(task);
      },
      freed: () => {
        events.freed();
      },
      warning,
    });
  }

  /** Reserve the workers; the task starts at once, or when its communicator exists. */
  begin(task: Task, worldRanks: readonly number[]): void {
    const error = task.gang && this.#dispatcher.whyNotIn(task.gang, task);
    if (error) {
      // Whoever has just submitted it may still ask for its result.
      nextTick(() => {
        this.#events.settled(task, { error: task.override ?? error }, true);
      });
      return;
    }
    const attempt = this.reservations.reserve(task, worldRanks);
    this.#begun(task, attempt);
    if (!attempt.forming) this.#start(task, attempt);
  }

  /** Give a task of one rank ahead to a worker that runs another; false: to none. */
  giveAhead(task: Task): boolean {
    if (task.spec.workers !== 1 || task.spec.fresh) return false;
    const on = this.#references.workersFor(task.spec);
    const takers = this.#offers.takers(task.spec.priority).filter((each) => !on || each === on[0]);
    const worldRank = takers.find((each) => this.#dispatcher.mayGiveAhead(task, each));
    const grant = worldRank === undefined ? undefined : this.reservations.lend();
    if (worldRank === undefined || !grant) return false;
    this.#dispatcher.giveAhead(this.#offers.add(task, grant, worldRank));
    return true;
  }

  /** Take a task back that a worker has been given ahead; false: none has it, or it has begun. */
  takeBack(task: Task): boolean {
    const offer = this.#offers.of(task);
    return offer !== undefined && this.#takeBack(offer);
  }

  /**
   * Have tasks returned that workers have been given ahead. Those are the ones of a lower priority than `first`, that
   * of what waits first; for so many idle workers the ones that have waited longest; and one that too many have passed.
   */
  returnSome(idle: number, first: number | undefined): void {
    const { overdue } = this.#offers;
    const below = first === undefined ? [] : this.#offers.below(first);
    if (idle === 0 && !overdue && below.length === 0) return;
    this.#return(below);
    this.#return(this.#offers.all, Math.max(idle, overdue ? 1 : 0));
  }

  /** Make the attempt of a task end, if it has one: by abort, grace and force. */
  end(task: Task, reason: EndReason): void {
    const { attempt } = task;
    if (!attempt || attempt.ending) return;
    attempt.ending = true;
    if (attempt.forming) {
      // Nobody runs it yet: it ends now, and its workers are free when their round is over.
      if (task.override) this.#events.settled(task, { error: task.override }, true);
      return;
    }
    attempt.last = this.#lastOperations(attempt);
    attempt.abort(this.#workers, reason, this.#options.graceMs, (why) => {
      this.#abandon(task, attempt, why);
    });
  }

  /** A worker has reported how its rank of a task has ended. */
  outcome(worldRank: number, taskId: string, outcome: Outcome): void {
    const task = this.#states.taskOf(worldRank);
    if (!task?.attempt || task.id !== taskId) return;
    const { attempt } = task;
    const rank = attempt.rankOf(worldRank);
    if (outcome.kind === 'threw' && outcome.replaceThread) {
      // The lease comes back when the thread is gone: until then its timers may still run.
      attempt.escaped.set(rank, outcome);
      this.#workers.end(worldRank);
    } else if (!attempt.record(rank, outcome)) return;
    if (outcome.damage !== undefined) this.#renew(worldRank, outcome.damage);
    if (outcome.kind !== 'returned') {
      this.end(task, { kind: 'peerFailed', rank, error: new Error(`rank ${rank} failed`) });
    }
    this.#concludeIfDone(task);
  }

  /** The thread of a worker has ended; `lease` is the last that it had. */
  gone(worldRank: number, lease: number, how: GoneOutcome): void {
    const task = this.#states.taskOf(worldRank);
    if (task?.attempt?.grant.lease !== lease) {
      this.reservations.gone(worldRank, lease);
      return;
    }
    const { attempt } = task;
    const rank = attempt.rankOf(worldRank);
    this.#workers.markDead(attempt.grant, rank, attempt.worldRanks);
    if (!attempt.record(rank, attempt.escaped.get(rank) ?? how)) return;
    if (how.damage !== undefined) this.#renew(worldRank, how.damage);
    const kinds = { exited: 'taskExited', died: 'workerDied', ended: 'cancelled' } as const;
    this.end(task, { kind: kinds[how.kind], rank, error: new Error(`rank ${rank} is gone`) });
    this.#concludeIfDone(task);
  }

  /** All workers are about to be ended: nobody is to be waited for any more. */
  endAll(why: string): void {
    this.reservations.undoAll();
    this.#return(this.#offers.all);
    // Whatever still counts as running has lost its workers, and so has what they have begun with since, one by one.
    while (this.#states.running.size > 0) {
      for (const task of this.#states.running) if (task.attempt) this.#abandon(task, task.attempt, why);
    }
    this.reservations.clearAbandoned();
  }

  /** New processes have taken the place of all workers. */
  renewed(): void {
    this.#dispatcher.renewed();
    this.reservations.renewed();
  }

  /** Nothing that runs in memory which was overwritten can be trusted, and nothing new is started there. */
  #renew(worldRank: number, damage: string): void {
    const found = `worker ${worldRank} has found ${damage} of the window overwritten`;
    const what = 'all workers are started again over new memory, and what they run ends';
    this.#events.warning(worldRank, `${found}; ${what}`);
    this.#workers.renew(`was ended: ${found}`);
  }

  #timeOut(task: Task, timeoutMs: number): void {
    if (task.override || !task.attempt) return;
    const ranks = task.attempt.missing.map(({ rank }) => rank);
    task.attempt.overdue = (last, how) => {
      const text = `task ${task.id} did not end within timeoutMs (${timeoutMs} ms); still running: rank ${ranks.join(', ')}.${how}${last.text}`;
      return new TaskTimeoutError(text, { taskId: task.id, timeoutMs, ranks, ...last.fields });
    };
    task.override = task.attempt.overdue(this.#lastOperations(task.attempt), '');
    this.end(task, { kind: 'taskTimeout', rank: undefined, error: task.override });
  }

  /** Why a time-out rejects when it does: after its ranks, and not at its deadline. */
  #howEnded({ forced, abandoned }: Attempt): string {
    const { graceMs } = this.#options;
    if (abandoned !== undefined) return ` Its worker ${abandoned}.`;
    if (forced.length === 0) return ' It ended by itself when its context.signal had aborted.';
    const who = forced.length === 1 ? `rank ${forced[0]} has` : `ranks ${forced.join(', ')} have`;
    return ` It was ended by force, since ${who} gone on for graceMs (${graceMs} ms) after context.signal had aborted.`;
  }

  /** What the ranks of a task that runs have done last, wherever they are. */
  async operationsOf({ attempt }: Task): Promise<readonly RankOperations[]> {
    if (!attempt) return [];
    const { worldRanks, grant } = attempt;
    const most = mostOperations(worldRanks.length);
    const found = await Promise.all(
      worldRanks.map((worldRank, rank) => this.#workers.askOperations({ rank, worldRank }, grant.lease, most)),
    );
    return found.filter((each) => each !== undefined);
  }

  /** What was known when it began to fail, and of the other ranks what is known now. */
  #lastOperations({ worldRanks, grant, last }: Attempt): LastOperations {
    const most = mostOperations(worldRanks.length);
    const known = last?.fields.lastOperations ?? [];
    return lastOperations(
      worldRanks.flatMap((worldRank, rank) => {
        const before = known.find((each) => each.rank === rank);
        return before ?? this.#workers.operations({ rank, worldRank }, grant.lease, most) ?? [];
      }),
      last?.readAt,
    );
  }

  /** End an attempt without the workers that have not reported: they are lost until they are replaced. */
  #abandon(task: Task, attempt: Attempt, why: string): void {
    const absent = attempt.missing;
    attempt.abandoned = why;
    for (const { rank, worldRank } of absent) {
      const error = encodeValue(new WorkerDiedError(`worker ${worldRank} ${why}`), 'error');
      attempt.record(rank, attempt.escaped.get(rank) ?? { kind: 'died', error });
    }
    const worldRanks = absent.map(({ worldRank }) => worldRank);
    for (const worldRank of worldRanks) task.gang?.lose({ worldRank, lease: attempt.grant.lease, cause: undefined });
    this.reservations.abandon(attempt, worldRanks);
    this.#concludeIfDone(task);
  }

  /** What the worker of an attempt that is complete goes on with. */
  #nextOf({ worldRanks }: Attempt): Offer | undefined {
    const [worldRank] = worldRanks;
    if (worldRank === undefined || worldRanks.length > 1) return undefined;
    if (this.#states.isLost(worldRank)) {
      this.#return(this.#offers.all.filter((offer) => offer.worldRank === worldRank));
    }
    return this.#offers.end(worldRank);
  }

  #beginNext(next: Offer): void {
    const { task } = next;
    const attempt = this.reservations.begin(next);
    task.attempts++;
    this.#events.begun(task);
    this.#begun(task, attempt);
    this.#started(task, attempt);
    // It was cancelled when its worker had begun, and the head did not know.
    if (task.override) this.end(task, { kind: 'cancelled', rank: undefined, error: task.override });
  }

  /** Its communicator exists. */
  #start(task: Task, attempt: Attempt): void {
    this.#dispatcher.start(task, attempt);
    this.#started(task, attempt);
  }

  #started(task: Task, attempt: Attempt): void {
    attempt.begin(task.waitsSince);
    task.waitedMs += attempt.waitedMs;
    this.#events.started(task, attempt);
  }

  #begun(task: Task, attempt: Attempt): void {
    const [worldRank] = attempt.worldRanks;
    // The worker of a gang is given no task of others.
    if (worldRank !== undefined && attempt.worldRanks.length === 1 && !task.gang) this.#offers.begin(worldRank);
    const { timeoutMs } = task.spec;
    if (timeoutMs === null) return;
    attempt.limit(timeoutMs, () => {
      this.#timeOut(task, timeoutMs);
    });
  }

  /** Take back at most so many of these that can be; they wait again in their order. */
  #return(offers: readonly Offer[], most = Infinity): void {
    const taken: Task[] = [];
    for (const offer of offers) {
      if (taken.length >= most) break;
      if (this.#takeBack(offer)) taken.push(offer.task);
    }
    for (const task of taken.reverse()) this.#events.returned(task);
  }

  #takeBack(offer: Offer): boolean {
    if (!this.#offers.takeBack(offer)) return false;
    this.reservations.giveBack(offer.grant);
    return true;
  }

  /** What the ranks have returned to their threads stays there, or is of no use. */
  #keepOrDiscard({ id, spec }: Task, { grant, worldRanks }: Attempt, verdict: Verdict): void {
    if (!spec.keep) return;
    if ('results' in verdict) this.#references.keep(id, grant, worldRanks);
    else this.#references.discard(grant, worldRanks);
  }

  #concludeIfDone(task: Task): void {
    const { attempt } = task;
    if (!attempt?.isComplete) return;
    const { outcomes } = attempt;
    attempt.complete();
    task.ranMs += attempt.ranMs;
    this.#events.attempted(task, attempt);
    // Before a worker notes what it does next.
    const last = attempt.last || !endedClean(outcomes) ? this.#lastOperations(attempt) : undefined;
    if (last && attempt.overdue) task.override = attempt.overdue(last, this.#howEnded(attempt));
    task.lastOperations = last?.fields.lastOperations ?? [];
    task.lastReadAt = last?.readAt ?? 0;
    task.lastRanks = attempt.worldRanks;
    const next = this.#nextOf(attempt);
    this.reservations.release(task, attempt, next);
    if (next) this.#beginNext(next);
    const inFlight = inFlightWarning(task.id, outcomes);
    if (inFlight !== undefined && this.#options.unawaited === 'warn') this.#events.warning(undefined, inFlight);
    const refused = refusedWarning(task.id, outcomes);
    if (refused !== undefined) this.#events.warning(undefined, refused);
    const verdict = task.override ? { error: task.override } : judge(task.id, outcomes, last);
    this.#keepOrDiscard(task, attempt, verdict);
    const mayRetry = !task.override && 'error' in verdict && isNotItsOwn(verdict.error);
    if (mayRetry && task.attempts <= task.spec.maxRetries) this.#events.retried(task);
    else this.#events.settled(task, verdict, attempt.isClean);
    this.#events.freed();
  }
}
