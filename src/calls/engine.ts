/**
 * Drives all pending calls of one rank, on all its groups. Every wait moves all of them (rule 10), so two groups used
 * in opposite order by two ranks do not deadlock.
 */
import { assert } from '../assert.js';
import { clearTimeout, longestTimerMs, nowMs, queueMicrotask, setTimeout } from '../clock.js';
import { UnsupportedError } from '../errors.js';
import type { Doorbell } from '../backend/doorbell.js';
import type { Call } from './call.js';
import { Spin } from './spin.js';
import { missingMembers, missingText, warnAfterMs } from './failures.js';
import type { GroupView } from './failures.js';
import type { Backend } from '../backend/backend.js';
import { Recorder } from '../records/recorder.js';

/** Longest sleep of a blocking wait and of a wait that nobody notifies of. */
const sliceMs = 50;
/** Times that a blocking wait yields its core before it sleeps. */
const yieldTurns = 50;
/** For how long an awaited call yields its core before it sleeps: a sleep of the event loop and its wake cost as much. */
const mostYieldMs = 0.1;
/** Longest wait for what was told to leave, before a thread is replaced. */
const quietLimitMs = 100;
/** After this time of waiting for a busy member, its worker is asked to be ended. */
const stuckAfterMs = 1_000;
/** How often the memory of a group is checked while it waits in a call. */
const examineAfterMs = 1_000;

/** What the engine drives. */
export interface DrivenGroup extends GroupView {
  /** The call whose turn it is. */
  readonly head: Call | undefined;
  /** Move the calls on, each in its turn, without waiting longer than `turns` turns. */
  step(turns: number): void;
  /** No deadline of a call is before this time. */
  earliestDeadline(now: number): number;
  setAsleep(asleep: boolean): void;
  /** A member's rank in the task. */
  rankInTask(rank: number): number;
  /**
   * Enforce the deadlines of message calls, and warn of those that wait for long; returns the milliseconds until the
   * clock must be read again.
   */
  checkMessages(now: number, warn: (message: string) => void): number;
}

/** What a rank waits for. */
export interface Waited {
  readonly settled: boolean;
}

/** What the engine asks of the thread it runs in. */
export interface EngineHost {
  warn(message: string): void;
  /** A rank of the task keeps touching this rank's memory although the lease is dead. */
  reportStuck(group: GroupView, rank: number): void;
}

/** Owned by the thread of one rank. */
export class RankEngine {
  readonly backend: Backend;
  /** What this rank notes of its calls. */
  readonly recorder: Recorder;
  /** Whether this thread may block. */
  readonly canBlock: boolean;
  readonly pending: Set<DrivenGroup> = new Set();
  readonly #doorbell: Doorbell;
  readonly #host: EngineHost;
  readonly #spin: Spin;
  /** An awaited call spins too, before the thread goes back to the event loop: where each rank has a core. */
  readonly #spinsAwaited: boolean;
  /** How often this rank has gone to sleep in a wait, for tests and measurements. */
  sleeps = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Awaited message calls that have not waited yet. */
  readonly #later = new Set<Waited>();

  constructor(
    backend: Backend,
    doorbell: Doorbell,
    host: EngineHost,
    recorder: Recorder = new Recorder(backend.worldRank),
  ) {
    this.backend = backend;
    this.recorder = recorder;
    this.canBlock = doorbell.wait !== undefined;
    this.#doorbell = doorbell;
    this.#host = host;
    this.#spin = new Spin(backend.crowded || !this.canBlock);
    this.#spinsAwaited = !backend.crowded && this.canBlock;
  }

  /** Turns that a blocking call spins when it starts. */
  get turns(): number {
    return this.#spin.turns;
  }

  /** Turns that an awaited call spins when it starts. */
  get asyncTurns(): number {
    return this.#spinsAwaited ? this.#spin.turns : 0;
  }

  /** Go on with an awaited call that has not ended at once: it settles from here or from the event loop. */
  waitAsync(call: Call): void {
    const isFirst = call.sequence !== 0;
    if (this.canBlock && isFirst) {
      if (!this.#spin.again((turns) => this.#driveFor(call, turns))) this.#yieldAwaited(call);
    }
    this.#rest();
  }

  /**
   * Go on with an awaited message call that has not ended at once. It waits only when the code that has made it waits
   * too: until then that may make the calls which it waits for.
   */
  waitLater(request: Waited): void {
    this.#later.add(request);
    if (this.#later.size === 1) queueMicrotask(this.#waitForLater);
  }

  /** Go on with awaited calls; they settle from here or from the event loop. */
  start(): void {
    this.#drive(this.asyncTurns);
    this.#rest();
  }

  /** @throws {@link UnsupportedError} where a blocking call would stop the other ranks for ever. */
  assertBlocking(): void {
    if (this.canBlock) return;
    throw new UnsupportedError(
      'the ranks of shoal/testing share one thread, which a blocking collective would stop for ever; use the awaited form',
    );
  }

  /** Block until `call` has settled. */
  wait(call: Waited): void {
    const block = this.#doorbell.wait;
    assert(block, 'assertBlocking comes first');
    let settled = this.#spin.again((turns) => this.#driveFor(call, turns)) || this.#yieldFor(call);
    while (!settled) {
      const limit = Math.min(sliceMs, this.#checkClock());
      const ticket = this.#doorbell.ticket();
      this.#setAsleep(true);
      settled = this.#driveFor(call, 0);
      if (!settled) {
        this.sleeps++;
        block(ticket, limit);
      }
      this.#setAsleep(false);
      settled ||= this.#driveFor(call, this.turns);
    }
    this.#rest();
  }

  /** A group has ended outside `start` and `wait`. */
  groupEnded(): void {
    this.#rest();
  }

  /** Resolves when nothing that this rank has told others is under way, at the latest after a moment. */
  async quiet(): Promise<void> {
    const end = nowMs() + quietLimitMs;
    while (!this.backend.isQuiet && nowMs() < end) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Resolves when no call of this rank is under way; each ends at its deadline at the latest. */
  async idle(): Promise<void> {
    while (this.pending.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.#drive(0);
      this.#checkClock();
    }
    this.#rest();
  }

  #driveFor(call: Waited, turns: number): boolean {
    this.#drive(turns);
    return call.settled;
  }

  /** Let others have the core a number of times before sleeping: cheaper than a sleep when they are about to arrive. */
  #yieldFor(call: Waited): boolean {
    const { yieldCore } = this.#doorbell;
    if (!yieldCore) return this.#driveFor(call, 0);
    for (let turn = 0; turn < yieldTurns; turn++) {
      yieldCore();
      if (this.#driveFor(call, 1)) return true;
    }
    return false;
  }

  /** As `#yieldFor`, for no longer than a sleep and a wake cost. */
  #yieldAwaited(call: Waited): void {
    const { yieldCore } = this.#doorbell;
    if (!yieldCore) return;
    const until = nowMs() + mostYieldMs;
    do {
      yieldCore();
    } while (!this.#driveFor(call, 1) && nowMs() < until);
  }

  #drive(turns: number): void {
    for (const group of this.pending) group.step(turns);
  }

  /** Nothing more to do now: sleep while calls are pending, else let the event loop end. */
  #rest(): void {
    if (this.pending.size > 0) this.#sleepAsync();
    else clearTimeout(this.#timer);
  }

  #sleepAsync(): void {
    const ticket = this.#doorbell.ticket();
    this.#setAsleep(true);
    this.#drive(0);
    clearTimeout(this.#timer);
    if (this.pending.size === 0) return;
    this.sleeps++;
    this.#doorbell.waitAsync(ticket, this.#wake);
    // The timer also keeps the event loop alive: a pending waitAsync does not.
    this.#timer = setTimeout(this.#wake, Math.min(longestTimerMs, this.#checkClock()));
  }

  readonly #waitForLater = (): void => {
    const requests = [...this.#later];
    this.#later.clear();
    const some: Waited = {
      get settled() {
        return requests.some(({ settled }) => settled);
      },
    };
    if (this.canBlock && !some.settled) {
      const spins =
        this.#spinsAwaited &&
        (this.#driveFor(some, this.turns) || this.#spin.again((turns) => this.#driveFor(some, turns)));
      if (!spins) this.#yieldAwaited(some);
    }
    // Whoever waits for one that has ended goes on first.
    const left = some.settled ? requests.filter(({ settled }) => !settled) : [];
    for (const request of left) this.waitLater(request);
    if (left.length === 0) this.#rest();
  };

  readonly #warn = (message: string): void => {
    this.#host.warn(message);
  };

  readonly #wake = (): void => {
    this.#setAsleep(false);
    this.#drive(this.asyncTurns);
    this.#checkClock();
    this.#rest();
  };

  #setAsleep(asleep: boolean): void {
    for (const group of this.pending) group.setAsleep(asleep);
  }

  /** Enforce deadlines; returns the milliseconds until the clock must be read again. */
  #checkClock(): number {
    const now = nowMs();
    let next = Infinity;
    for (const group of this.pending) {
      const earliest = group.earliestDeadline(now);
      const expired = earliest <= now;
      if (expired) group.head?.abort('timeout');
      next = Math.min(next, earliest - now, group.checkMessages(now, this.#warn));
      const { head } = group;
      if (!head) continue;
      if (head.polls) next = Math.min(next, expired ? 1 : sliceMs / 10);
      next = Math.min(next, this.#checkMemory(head, now), this.#checkHead(group, head, now));
    }
    return Math.max(1, next);
  }

  #checkMemory(head: Call, now: number): number {
    if (now - head.examinedAt >= examineAfterMs) head.examine(now);
    return head.examinedAt + examineAfterMs - now;
  }

  #checkHead(group: DrivenGroup, head: Call, now: number): number {
    if (head.leavingSince !== 0 && now - head.leavingSince > stuckAfterMs) {
      for (const { rank } of group.members) {
        if (rank !== group.rank && group.channel.isBusy(rank)) this.#host.reportStuck(group, group.rankInTask(rank));
      }
      head.leavingSince = now;
    }
    if (head.warned) return Infinity;
    const left = head.startedAt + warnAfterMs - now;
    if (left > 0) return left;
    head.warned = true;
    const missing = missingMembers(group, head.sequence);
    if (missing.length > 0) {
      const seconds = Math.round((now - head.startedAt) / 1000);
      this.#host.warn(
        `task ${group.taskId}: rank ${group.rank} has waited ${seconds} s in ${head.args.operation.name}, ` +
          `call ${head.sequence}; missing: ${missingText(missing)}`,
      );
    }
    return Infinity;
  }
}
