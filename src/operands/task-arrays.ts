/** The memory of `collective.empty` and `emptyShared`: what a task's arrays are made of, and which are a task's. */
import type { SharedPlace } from '../operations/descriptor.js';
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
  /** Begin to make an array of zeros that all ranks of a host have in common. */
  offer(request: SharedRequest): SharedOffer;
  /** The part of a node-shared array that an array is; undefined for any other. */
  sharedPlace(array: TypedArray): SharedPart | undefined;
  /**
   * Let the array that memory lies in outlive its task, until `letGo`. The same may be retained several times.
   *
   * @returns Undefined for memory of no array of `make`.
   */
  retain(memory: TypedArray): Retained | undefined;
  /** Undo `retain` once; what nobody retains any more is freed. */
  letGo(retained: Retained, poison: boolean): void;
  /**
   * @throws {@link InvalidArgumentError} for anything but a whole array of `make` or of an offer, and for one that is
   *   retained.
   */
  free(array: TypedArray, poison: boolean): void;
  /** Free all that is not retained. What other ranks may still read stays until this rank has its next task. */
  release(poison: boolean): void;
}

/** The part of a node-shared array, and the number of the group that made the array. */
export interface SharedPart extends SharedPlace {
  readonly group: number;
}

/** An array that outlives its task: its memory, or its address in the window. */
export type Retained = ArrayBufferLike | number;

/** A node-shared array that is to be made. */
export interface SharedRequest {
  readonly sizeBytes: number;
  /** Rank whose memory it is to be in, where ranks share any. */
  readonly root: number;
  readonly rank: number;
  /** Ranks of the group, and its number. */
  readonly size: number;
  readonly group: number;
}

/** One rank's part in making a node-shared array. */
export interface SharedOffer {
  /** Where the array is, 0: another rank says so. */
  readonly address: number;
  /** This rank had no room. */
  readonly isMissing: boolean;
  /** Where `isMissing`, the longest range that there is. */
  readonly largestFreeBytes: number;
  /**
   * All ranks have their part: make this rank's array.
   *
   * @param address - That of the root.
   * @param number - Of the call that has made the array.
   */
  take<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    count: number,
    address: number,
    number: number,
  ): T;
  /** No rank has an array. */
  withdraw(): void;
}

/** Why `free` refuses an array of a task before. */
export const notOwned = 'free: the array is what a task has kept; its memory goes when the reference is released';

/** Why `free` refuses what it is given. */
export const notWhole =
  'free: expected a whole array of collective.empty or emptyShared that this rank has not freed yet';
