/** What the ranks of a task have returned to their own workers. */
import { awaitForCaller } from '../caller-lines.js';
import type { ReferenceOwner } from '../protocol/reference.js';
import { Reference } from '../protocol/reference.js';

/**
 * What a task has returned, which stays in its workers. Made with `keep`, by {@link Pool.run}, {@link Pool.submit},
 * {@link Gang.run}, {@link Gang.submit} and {@link Actor.call}.
 *
 * In the arguments of a task rank r of that task gets what rank r has returned: the same object, and no copy. The task
 * runs on the same workers in the same order. Life: as of every {@link Reference}, and as long as the threads of these
 * workers live. When one of them is gone the value is lost: {@link ReferenceLostError}.
 *
 * @example
 * const model: Kept<Float64Array> = await pool.run(tasks, { export: 'load', workers: 2, keep: true });
 * for (const batch of batches) await pool.run(tasks, { export: 'step', workers: 2, args: [model, batch] });
 * model.release();
 */
export class Kept<R = unknown> extends Reference<R> {
  /** Ranks of the task, and of every task that has this as an argument. */
  readonly workers: number;
  readonly #fetch: (kept: Kept<R>) => Promise<R[]>;

  /** @internal */
  constructor(id: string, owner: ReferenceOwner, workers: number, fetch: (kept: Kept<R>) => Promise<R[]>) {
    super(id, owner);
    this.workers = workers;
    this.#fetch = fetch;
  }

  /**
   * Copies of the values, in rank order: a task that returns what it is given. What a gang has kept comes by a task of
   * the gang while that is open.
   *
   * @throws Everything that {@link Pool.run} throws.
   * @example
   * const model = await pool.run(tasks, { export: 'load', workers: 2, keep: true });
   * const [weights] = await model.get(); // a copy of what rank 0 has
   */
  get(): Promise<R[]> {
    return awaitForCaller(() => this.#fetch(this));
  }
}
