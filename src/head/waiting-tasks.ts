/** Tasks that wait in a pool, in the order in which they start, and why each waits. */
import type { Gang } from './gang.js';
import type { TaskQueue } from './task-queue.js';
import { whyWaits } from './why-waits.js';

/** A task that waits, and why. */
export interface WaitingTask {
  readonly id: string;
  readonly why: string;
}

/**
 * The first `most` tasks of a queue; those of gangs come at the end.
 *
 * @param idle - Workers that can be given a task.
 */
export function waitingTasks(queue: TaskQueue, idle: number, most: number): WaitingTask[] {
  const queued = queue.tasks.filter(({ state }) => state === 'queued');
  const { first } = queue;
  const free = queued.filter(({ gang }) => !gang).sort((a, b) => b.spec.priority - a.spec.priority);
  const inGangs = queued.filter(({ gang }) => gang);
  // By gang: tasks that start before the next one of it. One that the gang runs counts too.
  const before = new Map<Gang | undefined, number>();
  return [...free, ...inGangs].slice(0, most).map((task) => {
    const { id, gang, spec } = task;
    const isAhead = queue.isAhead(task);
    const count = before.get(gang) ?? (gang?.taskId === undefined ? 0 : 1);
    if (!isAhead) before.set(gang, count + 1);
    return { id, why: whyWaits(task, { idle, first, before: count, on: queue.workersFor(spec), isAhead }) };
  });
}
