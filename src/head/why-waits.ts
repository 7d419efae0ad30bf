/** Why a task waits, in words for whoever looks at a pool. Pure. */
import type { Task } from './task.js';

/** What is known of the queue when a task is looked at. */
export interface QueueView {
  /** Workers that can be given a task. */
  readonly idle: number;
  /** What starts first of those that wait for any workers. */
  readonly first: Task | undefined;
  /** Tasks that wait and start before it: of its gang, or of no gang. */
  readonly before: number;
  /** Of a task that needs what tasks have left with workers: which. */
  readonly on: readonly number[] | undefined;
  /** A busy worker has been given it. */
  readonly isAhead: boolean;
}

/** One clause, without a full stop. */
export function whyWaits({ spec, gang }: Task, { idle, first, before, on, isAhead }: QueueView): string {
  if (isAhead) return 'a busy worker begins with it next';
  if (gang) {
    if (gang.state === 'waiting') return `${gang.label} waits for its ${gang.spec.workers} workers`;
    return before === 1 ? `one task of ${gang.label} comes first` : `${before} tasks of ${gang.label} come first`;
  }
  if (before > 0 && first) {
    const behind = `behind ${before} ${before === 1 ? 'task' : 'tasks'}`;
    return `${behind}; the first, ${first.id}, wants ${workers(first.spec.workers)}`;
  }
  if (on) return `what it needs lies with workers ${on.join(', ')}, and not all of them are idle`;
  const { placement } = spec;
  const where = placement.startsWith('strict') ? ` (${placement})` : '';
  if (spec.workers > idle) return `wants ${workers(spec.workers)} at once${where}; ${idle} idle`;
  return where === '' ? 'workers are made ready for it' : `wants ${workers(spec.workers)}${where}`;
}

function workers(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`;
}
