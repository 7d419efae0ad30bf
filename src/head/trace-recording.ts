/** What happens in a pool while a trace runs: its tasks, the calls of their ranks, rounds and starts of workers. */
import { epochMs, nowMs } from '../clock.js';
import { ShoalError } from '../errors.js';
import type { TracedOperation, TracedPhase } from '../records/read-traced.js';
import { readTraced } from '../records/read-traced.js';
import type { TracedPart } from '../records/take-traced.js';
import type { Attempt } from './attempt.js';
import type { EndedRound } from './groups.js';
import type { Task } from './task.js';
import type { TaskWatcher } from './task-watchers.js';
import type { Verdict } from './verdict.js';
import type { StartPhases, WorkerInfo } from './worker-side.js';

/** Starts of workers that ended no longer ago are shown. */
const startsMs = 10_000;

/** Times of a recording are milliseconds since it began. */
export interface TracedTask {
  readonly id: string;
  readonly label: string;
  readonly workers: number;
  readonly priority: number;
  readonly gang: string | undefined;
  /** Below 0: before the recording. */
  readonly submitted: number;
  readonly attempts: TracedAttempt[];
  /** Undefined: it has not ended. */
  ended: number | undefined;
  outcome: string;
}

/** Workers that run a task once. */
export interface TracedAttempt {
  readonly lease: number;
  readonly worldRanks: readonly number[];
  readonly started: number;
  ended: number | undefined;
}

/** What a rank has noted; its times are those of the recording. */
export type WorkerEvent = (TracedOperation | TracedPhase) & { readonly worldRank: number };

/** A worker that was started; `phases` of a process, each from the launch. */
export interface TracedStart {
  readonly worldRank: number;
  readonly ended: number;
  /** From when its place was empty. */
  readonly begun: number;
  readonly phases: StartPhases | undefined;
}

/** From `Traces.start` to its end. */
export class TraceRecording implements TaskWatcher {
  readonly beganAt: Date = new Date();
  readonly tasks: Map<string, TracedTask> = new Map();
  readonly events: WorkerEvent[] = [];
  readonly rounds: EndedRound[] = [];
  readonly starts: TracedStart[] = [];
  /** By worker: calls that there was no room for. */
  readonly lost: Map<number, number> = new Map();
  /** Calls and tasks past `most`. */
  dropped = 0;
  endedMs = 0;
  readonly #most: number;
  readonly #begunMs = nowMs();
  readonly #originMs = epochMs();

  /** @param most - Tasks, and calls, that it holds. */
  constructor(most: number, running: readonly Task[], workers: readonly WorkerInfo[], readyMs: number) {
    this.#most = most;
    for (const task of running) {
      this.submitted(task);
      if (task.attempt) this.#start(task, task.attempt, nowMs() - task.attempt.ranMs);
    }
    const ended = this.at(readyMs);
    if (ended < -startsMs) return;
    for (const { worldRank, phasesMs } of workers) {
      if (phasesMs) this.starts.push({ worldRank, begun: ended - phasesMs.registered, ended, phases: phasesMs });
    }
  }

  /** A time of `nowMs` as one of the recording. */
  at(timeMs: number): number {
    return timeMs - this.#begunMs;
  }

  get isFull(): boolean {
    return this.events.length >= this.#most;
  }

  /** What ranks have noted; `originMs`: since 1970, what their times count from. */
  take(parts: readonly TracedPart[], originMs: number): void {
    const shift = originMs - this.#originMs;
    for (const { worldRank, slots, lost } of parts) {
      if (lost > 0) this.lost.set(worldRank, lost);
      for (const event of readTraced(slots)) {
        if (this.isFull) this.dropped++;
        else {
          const [begunMs, endedMs] = [event.begunMs + shift, event.endedMs + shift];
          this.events.push({ ...event, begunMs, endedMs, worldRank });
        }
      }
    }
  }

  round(round: EndedRound): void {
    const [begunMs, wentMs, endedMs] = [round.begunMs, round.wentMs, round.endedMs].map((time) => this.at(time));
    if (begunMs === undefined || wentMs === undefined || endedMs === undefined) return;
    if (this.rounds.length < this.#most) this.rounds.push({ ...round, begunMs, wentMs, endedMs });
    else this.dropped++;
  }

  /** A worker's place was empty for so long. */
  replaced(worldRank: number, absentMs: number, phases: StartPhases | undefined): void {
    const ended = this.at(nowMs());
    if (this.starts.length < this.#most) this.starts.push({ worldRank, begun: ended - absentMs, ended, phases });
    else this.dropped++;
  }

  submitted(task: Task): void {
    if (this.tasks.size >= this.#most) {
      this.dropped++;
      return;
    }
    const { id, spec, gang, submittedAt } = task;
    const { source, workers, priority } = spec;
    const file = source.url.split('/').at(-1) ?? '';
    const label = spec.name ?? `${file} ${source.exportName}`;
    const submitted = this.at(submittedAt);
    const some = { id, label, workers, priority, gang: gang?.id, submitted };
    this.tasks.set(id, { ...some, attempts: [], ended: undefined, outcome: 'running' });
  }

  refused(): void {
    // It never was a task.
  }

  started(task: Task, attempt: Attempt): void {
    this.#start(task, attempt, nowMs());
  }

  attempted(task: Task, { grant }: Attempt): void {
    const attempt = this.tasks.get(task.id)?.attempts.find(({ lease }) => lease === grant.lease);
    if (attempt) attempt.ended = this.at(nowMs());
  }

  retried(): void {
    // The next attempt tells.
  }

  settled(task: Task, verdict: Verdict): void {
    const known = this.tasks.get(task.id);
    if (!known) return;
    known.ended = this.at(nowMs());
    const code = 'error' in verdict && verdict.error instanceof ShoalError ? `: ${verdict.error.code}` : '';
    known.outcome = `${task.state}${code}`;
  }

  /** Nothing comes any more. */
  end(): void {
    this.endedMs = this.at(nowMs());
  }

  #start(task: Task, { grant, worldRanks }: Attempt, since: number): void {
    const started = this.at(since);
    this.tasks.get(task.id)?.attempts.push({ lease: grant.lease, worldRanks, started, ended: undefined });
  }
}
