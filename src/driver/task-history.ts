/** The tasks of a pool as its dashboard shows them: those that have not ended, and the last that have. */
import { nowMs } from '../clock.js';
import { ShoalError } from '../errors.js';
import { fieldOf, isError } from '../show.js';
import type { Attempt } from '../head/attempt.js';
import type { Task } from '../head/task.js';
import type { TaskWatcher } from '../head/task-watchers.js';
import type { Verdict } from '../head/verdict.js';
import type { CollectiveUse } from '../protocol/thread-messages.js';

/** Tasks that are known at most. */
const mostTasks = 12_000;
/** Of these the oldest go that have ended, so many at once. */
const slice = 500;
/** Characters of a failure that are kept. */
const errorLength = 4_000;

/** Calls of one rank. */
export interface RankUse extends CollectiveUse {
  readonly rank: number;
}

/** A task as the page gets it. Times are milliseconds of the pool's clock. */
export interface TaskView {
  readonly id: string;
  readonly name: string | undefined;
  /** Last part of the module's path, and the function. */
  readonly source: string;
  readonly workers: number;
  readonly priority: number;
  readonly gang: string | undefined;
  readonly state: Task['state'];
  readonly submitted: number;
  /** Of its last attempt. */
  readonly started: number | undefined;
  readonly ended: number | undefined;
  readonly attempts: number;
  /** Workers of its last attempt, by rank. */
  readonly worldRanks: readonly number[];
  readonly collectives: readonly RankUse[];
  /** Of a failure. */
  readonly error: { readonly code: string; readonly text: string } | undefined;
}

interface Entry {
  view: TaskView;
  /** Number of its last change. */
  change: number;
}

/** Watches a head from its making until `remove` of the head's watchers. */
export class TaskHistory implements TaskWatcher {
  readonly #entries = new Map<string, Entry>();
  #changes = 0;
  #unknown = 0;

  /** @param tasks - Those that have not ended. */
  constructor(tasks: readonly Task[]) {
    for (const task of tasks) this.submitted(task);
  }

  /** Number of the last change. */
  get changes(): number {
    return this.#changes;
  }

  /** Tasks that there was no room for, because too many wait. */
  get unknown(): number {
    return this.#unknown;
  }

  /** What has changed since, oldest change first, at most so many; `upTo`: what is told with that. */
  since(change: number, most: number): { tasks: TaskView[]; upTo: number } {
    const changed = [...this.#entries.values()].filter((entry) => entry.change > change);
    changed.sort((a, b) => a.change - b.change);
    const told = changed.slice(0, most);
    const upTo = changed.length > told.length ? (told.at(-1)?.change ?? change) : this.#changes;
    return { tasks: told.map(({ view }) => view), upTo };
  }

  submitted(task: Task): void {
    if (this.#entries.size >= mostTasks) this.#forget();
    if (this.#entries.size >= mostTasks) {
      this.#unknown++;
      return;
    }
    const { id, spec, gang, attempt, attempts, submittedAt, state } = task;
    const { name, source, workers, priority } = spec;
    this.#change(id, {
      id,
      name,
      source: `${source.url.split('/').at(-1) ?? ''} ${source.exportName}`,
      workers,
      priority,
      gang: gang?.id,
      state,
      submitted: submittedAt,
      started: attempt && nowMs() - attempt.ranMs,
      ended: undefined,
      attempts,
      worldRanks: task.ranks,
      collectives: [],
      error: undefined,
    });
  }

  refused(): void {
    // The statistics count it.
  }

  started(task: Task, { worldRanks }: Attempt): void {
    const { attempts, state } = task;
    this.#update(task.id, { attempts, state, worldRanks, started: nowMs(), collectives: [] });
  }

  attempted(task: Task, { outcomes }: Attempt): void {
    const collectives = outcomes.flatMap(({ rank, outcome }): RankUse[] => {
      const use = 'collectives' in outcome ? outcome.collectives : undefined;
      return use ? [{ rank, ...use }] : [];
    });
    this.#update(task.id, { collectives });
  }

  retried(task: Task): void {
    this.#update(task.id, { state: 'queued', started: undefined });
  }

  settled(task: Task, verdict: Verdict): void {
    const error = 'error' in verdict ? failure(verdict.error) : undefined;
    this.#update(task.id, { state: task.state, ended: nowMs(), error });
  }

  #update(id: string, news: Partial<TaskView>): void {
    const entry = this.#entries.get(id);
    if (entry) this.#change(id, { ...entry.view, ...news });
  }

  #change(id: string, view: TaskView): void {
    this.#entries.set(id, { view, change: ++this.#changes });
  }

  #forget(): void {
    let left = slice;
    for (const [id, { view }] of this.#entries) {
      if (left === 0) return;
      if (view.ended === undefined) continue;
      this.#entries.delete(id);
      left--;
    }
  }
}

function failure(error: Error): TaskView['error'] {
  // Of a cancelled task it is whatever the driver's code gave as the reason.
  const stack = isError(error.cause) ? fieldOf(error.cause, 'stack') : undefined;
  const text = typeof stack === 'string' ? `${error.message}\n${stack}` : error.message;
  const code = error instanceof ShoalError ? error.code : error.name;
  return { code, text: text.length > errorLength ? `${text.slice(0, errorLength)} …` : text };
}
