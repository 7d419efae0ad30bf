/** What the tasks of a pool are at, and what the ranks of those that failed lately did last. */
import { epochMs } from '../clock.js';
import type { RankOperations } from '../errors.js';
import { InvalidArgumentError, ShoalError } from '../errors.js';
import { show } from '../show.js';
import { lastOperationLines } from '../records/explain-ranks.js';
import { whoWaitsForWhom } from '../records/who-waits-for-whom.js';
import type { Task, TaskState } from './task.js';

/** Tasks that have failed and are still explained. */
const kept = 32;

/**
 * What `explain` says of one task.
 *
 * @example
 * const [explanation]: readonly TaskExplanation[] = await pool.explain();
 * for (const sentence of explanation?.waits ?? []) console.log(sentence);
 */
export interface TaskExplanation {
  /** The task, such as `t1`. */
  readonly taskId: string;
  /** Its label. */
  readonly name: string | undefined;
  /** Where it is in its life. */
  readonly state: TaskState;
  /** World ranks of its workers, by rank; empty while it waits. */
  readonly worldRanks: readonly number[];
  /** Who waits for whom, a sentence for each call that ranks wait in. */
  readonly waits: readonly string[];
  /** What each rank did last, as far as it is known. */
  readonly ranks: readonly RankOperations[];
  /** Of a task that has failed. */
  readonly error: { readonly code: string | undefined; readonly message: string } | undefined;
  /** All of it in words, in lines. */
  readonly text: string;
}

/** Owned by the head. */
export class Explanations {
  readonly #failed = new Map<string, TaskExplanation>();

  /** A task has failed or was cancelled. */
  add(task: Task, error: Error): void {
    this.#failed.delete(task.id);
    this.#failed.set(task.id, explanationOf(task, task.lastRanks, task.lastOperations, error));
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > kept && oldest !== undefined) this.#failed.delete(oldest);
  }

  /**
   * Explain a task; without an id those that run, and where none runs the one that failed last.
   *
   * @param tasks - Those that run or wait.
   * @param read - What the ranks of a task have done last.
   * @throws {@link InvalidArgumentError} for a task that neither runs, waits nor is among the last that failed.
   */
  async explain(
    id: string | undefined,
    tasks: readonly Task[],
    read: (task: Task) => Promise<readonly RankOperations[]>,
  ): Promise<TaskExplanation[]> {
    const explain = async (task: Task): Promise<TaskExplanation> => {
      const { ranks } = task;
      return explanationOf(task, ranks, await read(task), undefined);
    };
    if (id === undefined) {
      const running = await Promise.all(tasks.filter(({ state }) => state === 'running').map(explain));
      return running.length > 0 ? running : [...this.#failed.values()].slice(-1);
    }
    const live = tasks.find((task) => task.id === id);
    const found = live ? await explain(live) : this.#failed.get(id);
    if (found) return [found];
    throw new InvalidArgumentError(
      `explain: expected a task that runs, waits or is among the last ${kept} that failed, received ${show(id)}`,
      { taskId: id },
    );
  }
}

function explanationOf(
  task: Task,
  worldRanks: readonly number[],
  ranks: readonly RankOperations[],
  error: Error | undefined,
): TaskExplanation {
  const { id: taskId, spec, state } = task;
  // The waits of a task that has failed ended with it.
  const now = error && task.lastReadAt > 0 ? task.lastReadAt : epochMs();
  const waits = whoWaitsForWhom(ranks, now, error !== undefined);
  const label = spec.name === undefined ? '' : ` ${JSON.stringify(spec.name)}`;
  const where = worldRanks.length === 0 ? `for ${spec.workers} workers` : `on workers ${worldRanks.join(', ')}`;
  const unknown = worldRanks.flatMap((_, rank) => (ranks.some((each) => each.rank === rank) ? [] : [rank]));
  const lines = [
    `task ${taskId}${label}: ${state} ${where}`,
    ...(error ? [`it ended with: ${error.message}`] : []),
    ...(waits.length > 0 ? ['who waited for whom:', ...waits.map((line) => `  ${line}`)] : []),
    ...(ranks.length > 0 ? ['what each rank did last:'] : []),
    ...lastOperationLines(ranks, now, error !== undefined).map((line) => `  ${line}`),
    ...(unknown.length > 0 ? [`nothing is known of rank ${unknown.join(', ')}`] : []),
  ];
  return {
    taskId,
    name: spec.name,
    state,
    worldRanks,
    waits,
    ranks,
    error: error && { code: error instanceof ShoalError ? error.code : undefined, message: error.message },
    text: lines.join('\n'),
  };
}
