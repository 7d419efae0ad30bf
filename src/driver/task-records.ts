/** What a pool that runs by itself tells of its tasks, and of those that have ended lately. */
import { nowMs } from '../clock.js';
import type { Task } from '../head/task.js';
import type { TaskRecord } from '../protocol/pool-messages.js';
import type { Ending } from './task-ending.js';
import { noEnding } from './task-ending.js';

/** Tasks that have ended and are still listed. */
const kept = 1_000;

/** In the order in which they came. */
export class TaskRecords {
  readonly #records = new Map<string, TaskRecord & { begun: number; task: Task | undefined }>();

  has(id: string): boolean {
    return this.#records.has(id);
  }

  /** One that has not ended. */
  find(id: string): Task | undefined {
    return this.#records.get(id)?.task;
  }

  add(task: Task): void {
    const { id, gang } = task;
    const { name, source, workers, priority } = task.spec;
    const record = { id, name, source, workers, priority, gang: gang?.id, state: '', elapsedMs: 0 };
    this.#records.set(id, { ...record, ...noEnding, begun: nowMs(), task });
  }

  list(): TaskRecord[] {
    return [...this.#records.values()].map(({ begun, task, ...record }) => {
      return task ? { ...record, state: task.state, elapsedMs: Math.round(nowMs() - begun) } : record;
    });
  }

  /** A task has ended: of its arguments nothing is kept. */
  settle(id: string, ending: Ending): void {
    const record = this.#records.get(id);
    if (!record?.task) return;
    const { state } = record.task;
    const elapsedMs = Math.round(nowMs() - record.begun);
    this.#records.set(id, { ...record, state, elapsedMs, ...ending, task: undefined });
    for (const [each, { task }] of this.#records) {
      if (this.#records.size <= kept) break;
      if (!task) this.#records.delete(each);
    }
  }
}
