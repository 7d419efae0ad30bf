/** Those who are told of every task of a head: they count, or keep what is to be shown. */
import type { Attempt } from './attempt.js';
import type { Task } from './task.js';
import type { Verdict } from './verdict.js';

/** Told in the step in which it happens: nothing in it may throw or wait. */
export interface TaskWatcher {
  submitted(task: Task): void;
  /** A task was not accepted. */
  refused(error: unknown): void;
  /** Workers begin with it. */
  started(task: Task, attempt: Attempt): void;
  /** All its workers have ended this attempt. */
  attempted(task: Task, attempt: Attempt): void;
  /** It waits again, for another attempt. */
  retried(task: Task): void;
  /** It is over. */
  settled(task: Task, verdict: Verdict): void;
}

/** One per head. */
export class TaskWatchers implements TaskWatcher {
  readonly #all = new Set<TaskWatcher>();

  add(watcher: TaskWatcher): void {
    this.#all.add(watcher);
  }

  remove(watcher: TaskWatcher): void {
    this.#all.delete(watcher);
  }

  submitted(task: Task): void {
    for (const each of this.#all) each.submitted(task);
  }

  refused(error: unknown): void {
    for (const each of this.#all) each.refused(error);
  }

  started(task: Task, attempt: Attempt): void {
    for (const each of this.#all) each.started(task, attempt);
  }

  attempted(task: Task, attempt: Attempt): void {
    for (const each of this.#all) each.attempted(task, attempt);
  }

  retried(task: Task): void {
    for (const each of this.#all) each.retried(task);
  }

  settled(task: Task, verdict: Verdict): void {
    for (const each of this.#all) each.settled(task, verdict);
  }
}
