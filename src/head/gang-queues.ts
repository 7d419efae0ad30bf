/** The tasks that wait in gangs, each in its gang's order. Pure. */
import type { Gang } from './gang.js';
import type { Task } from './task.js';

/** One per head. */
export class GangQueues {
  readonly #waiting = new Map<Gang, Task[]>();

  /** How many wait, in all gangs. */
  get queued(): number {
    let count = 0;
    for (const tasks of this.#waiting.values()) count += tasks.length;
    return count;
  }

  /** Those of one gang, the first first. */
  of(gang: Gang): readonly Task[] {
    return this.#waiting.get(gang) ?? [];
  }

  enqueue(gang: Gang, task: Task): void {
    const tasks = this.#waiting.get(gang);
    if (tasks) tasks.push(task);
    else this.#waiting.set(gang, [task]);
  }

  /** Take a task out; false when it does not wait. */
  withdraw(gang: Gang, task: Task): boolean {
    const tasks = this.#waiting.get(gang) ?? [];
    const index = tasks.indexOf(task);
    if (index < 0) return false;
    tasks.splice(index, 1);
    if (tasks.length === 0) this.#waiting.delete(gang);
    return true;
  }

  /** A task that can begin: the first of a gang that runs none. It waits no more. */
  next(): Task | undefined {
    for (const [gang, [first]] of this.#waiting) {
      if (!first || !gang.isFree) continue;
      this.withdraw(gang, first);
      return first;
    }
    return undefined;
  }
}
