/** The traces of a pool: its workers note their calls while there is one. */
import { nowMs } from '../clock.js';
import type { Groups } from './groups.js';
import type { Task } from './task.js';
import type { TaskWatchers } from './task-watchers.js';
import type { TraceDocument } from './trace-document.js';
import { traceDocument } from './trace-document.js';
import { TraceRecording } from './trace-recording.js';
import type { WorkerSide } from './worker-side.js';

/** Owned by the head. */
export class Traces {
  readonly #workers: WorkerSide;
  readonly #watchers: TaskWatchers;
  readonly #groups: Groups;
  readonly #recordings = new Set<TraceRecording>();
  readonly #readyMs = nowMs();

  constructor(workers: WorkerSide, watchers: TaskWatchers, groups: Groups) {
    this.#workers = workers;
    this.#watchers = watchers;
    this.#groups = groups;
  }

  /**
   * Begin one. @param most - Tasks, and calls of ranks, that it holds. @param tasks - Those that have not ended.
   */
  start(most: number, tasks: readonly Task[]): TraceRecording {
    const recording = new TraceRecording(most, tasks, this.#workers.workers, this.#readyMs);
    this.#watchers.add(recording);
    this.#recordings.add(recording);
    if (this.#recordings.size === 1) this.#begin();
    return recording;
  }

  /** End one; resolves with it when all of it is there. */
  async end(recording: TraceRecording): Promise<TraceDocument> {
    if (this.#recordings.has(recording)) await this.#end(recording);
    return traceDocument(recording, this.#workers.workers);
  }

  /** Forget one. */
  async #end(recording: TraceRecording): Promise<void> {
    // Begun anew for the others: what was noted until now is given first.
    if (this.#recordings.size > 1) this.#begin();
    else await this.#workers.trace(undefined);
    recording.end();
    this.#recordings.delete(recording);
    this.#watchers.remove(recording);
    if (this.#recordings.size === 0) this.#groups.onRound = undefined;
  }

  /** A worker's place was empty for so long. */
  replaced(worldRank: number, absentMs: number): void {
    const phases = this.#workers.workers[worldRank]?.phasesMs;
    for (const each of this.#recordings) each.replaced(worldRank, absentMs, phases);
  }

  #begin(): void {
    this.#groups.onRound = (round) => {
      for (const each of this.#recordings) each.round(round);
    };
    void this.#workers.trace((parts, originMs) => {
      for (const each of this.#recordings) each.take(parts, originMs);
    });
  }
}
