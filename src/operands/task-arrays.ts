/** The memory of `collective.empty`: what a task's arrays are made of, and which arrays are a task's. */
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';

/**
 * The arrays of the task that runs on a rank. `poison` fills freed memory with 0xFF, so that a use after free shows.
 */
export interface TaskArrays {
  /** How often arrays were freed. */
  readonly frees: number;
  /** Whether an array lies in memory that `make` gives out. */
  holds(array: TypedArray): boolean;
  /** Whether it lies in an array that is not freed yet. */
  owns(array: TypedArray): boolean;
  /** Make an array of zeros. @throws {@link WindowExhaustedError} */
  make<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    count: number,
    requestedBytes: number,
  ): T;
  /** @throws {@link InvalidArgumentError} for anything but a whole array of `make`. */
  free(array: TypedArray, poison: boolean): void;
  /** Free all. */
  release(poison: boolean): void;
}

/** Why `free` refuses what it is given. */
export const notWhole = 'free: expected a whole array of collective.empty that was not freed yet';
