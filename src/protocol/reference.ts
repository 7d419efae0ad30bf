/** What stands in the arguments of tasks for a value that is not copied: it lies with the workers already. */

/** The pool that has the values. */
export interface ReferenceOwner {
  /** No further task needs the value. */
  release(id: string): void;
}

/** What a reference is. */
interface ReferenceParts {
  readonly id: string;
  readonly owner: ReferenceOwner;
  released: boolean;
}

/** For references that nobody has any more: memory of the workers must not wait for the driver's collector alone. */
const forgotten = new FinalizationRegistry<ReferenceParts>(releaseOnce);

/**
 * Stands for a value that lies with the workers of a pool: made by `pool.share`, and by what runs tasks with `keep`.
 *
 * In the arguments of a task it may stand anywhere; the function finds the value in its place. Life: until `release`,
 * or until the pool closes. Tasks that were submitted before still have the value. One that the collector finds is
 * released too, at some time or never.
 *
 * @example
 * const data: Reference<Float64Array> = await pool.share(Float64Array.of(1, 2, 3));
 * const sums = await pool.run(tasks, { export: 'sum', args: [data] });
 * data.release();
 */
export abstract class Reference<T = unknown> implements Disposable {
  /** The value that the function finds; in the type alone. */
  declare protected readonly value: T;
  readonly #parts: ReferenceParts;

  /** @internal */
  constructor(id: string, owner: ReferenceOwner) {
    this.#parts = { id, owner, released: false };
    forgotten.register(this, this.#parts, this.#parts);
  }

  /** What an object is as a reference; undefined: it is none, whatever its prototype. @internal */
  static partsOf(value: object): Readonly<ReferenceParts> | undefined {
    return #parts in value ? (value as Reference).#parts : undefined;
  }

  /**
   * Let the value go: no further task can have it. The workers free it when the tasks have ended that were submitted
   * with it. A second call has no effect.
   *
   * @example
   * const data = await pool.share(Float64Array.of(1, 2, 3));
   * await pool.run(tasks, { export: 'sum', args: [data] });
   * data.release();
   */
  release(): void {
    forgotten.unregister(this.#parts);
    releaseOnce(this.#parts);
  }

  /** `release()` at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.release();
  }
}

function releaseOnce(parts: ReferenceParts): void {
  if (parts.released) return;
  parts.released = true;
  parts.owner.release(parts.id);
}

/**
 * A value, or a reference in its place or in the place of a part of it.
 *
 * @example
 * function sumOf(values: Referable<Float64Array>): Promise<number[]> {
 *   return pool.run(tasks, { export: 'sum', args: [values] });
 * }
 * await sumOf(Float64Array.of(1, 2, 3)); // copied for the task
 * await sumOf(await pool.share(Float64Array.of(1, 2, 3))); // read where it lies
 */
export type Referable<T> = T | Reference<T> | ReferableParts<T>;

/** Objects that are whole: no part of theirs is replaced. */
type Whole =
  | ((...args: never[]) => unknown)
  | ArrayBufferView
  | ArrayBufferLike
  | Date
  | RegExp
  | Error
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

type ReferableParts<T> = T extends Whole ? never : T extends object ? { [K in keyof T]: Referable<T[K]> } : never;
