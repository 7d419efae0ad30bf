/** The public face of the collectives. */
import type { Float16ArrayLike, NumericBuffer, TypedArray, TypedArrayClass } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { ReduceOptions } from '../types/reduce-options.js';

/** Options of every blocking collective. */
export interface CollectiveSyncOptions {
  /** Label that must be equal on all ranks: calls issued in different orders become an error instead of a wrong result. */
  readonly name?: string;
  /** Limit for the whole call in milliseconds, `null` for none; default: the pool's. */
  readonly timeoutMs?: number | null;
}
/** Options of every awaited collective. */
export interface CollectiveOptions extends CollectiveSyncOptions {
  /** Aborting it fails the group on every rank. */
  readonly signal?: AbortSignal;
}
/** Options of {@link Collective.allreduce}; which operations and dtypes there are depends on the array's class. */
export type AllreduceOptions<T extends NumericBuffer> = ReduceOptions<T> & {
  /** Where the result goes; default: in place. Same class and shape as the buffer. */
  readonly out?: T;
};
/** Options of {@link Collective.broadcast}. */
export interface BroadcastOptions {
  /** Rank whose buffer everyone gets, default 0. */
  readonly root?: number;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype;
}

/** Collectives over a task's ranks. Every rank makes the same calls in the same order. */
export interface Collective {
  /**
   * Reduce `buffer` element by element over all ranks and leave the result on every rank.
   *
   * Shape: as many elements on every rank, those of a tensor in row-major order, whatever its strides; afterwards element i
   * is `op` over all ranks' element i, with the same bits on all ranks.
   * Ownership: `buffer` (and `out`) belong to the call until the promise settles.
   *
   * @returns `out` if given, else `buffer`.
   * @throws {@link InvalidArgumentError} before anything is sent; the group stays usable.
   * @throws {@link CollectiveMismatchError} on every rank, when ranks disagree; nothing is written and the group stays usable.
   * @throws {@link CollectiveTimeoutError} with the missing ranks; the group has failed.
   * @throws {@link PeerFailedError} when another rank threw; the group has failed.
   * @see MPI-4.1 section 6.9.6 (MPI_Allreduce); ray.util.collective.allreduce
   */
  allreduce<T extends NumericBuffer>(buffer: T, options?: AllreduceOptions<T> & CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link Collective.allreduce}. */
  allreduceSync<T extends NumericBuffer>(buffer: T, options?: AllreduceOptions<T> & CollectiveSyncOptions): T;
  /**
   * Make every rank's `buffer` a copy of the root's. Shape, ownership and errors as for {@link Collective.allreduce}.
   *
   * @returns `buffer`.
   * @see MPI-4.1 section 6.4 (MPI_Bcast); ray.util.collective.broadcast
   */
  broadcast<T extends NumericBuffer>(buffer: T, options?: BroadcastOptions & CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link Collective.broadcast}. */
  broadcastSync<T extends NumericBuffer>(buffer: T, options?: BroadcastOptions & CollectiveSyncOptions): T;
  /**
   * Resolve when every rank has called it. Errors as for {@link Collective.allreduce}.
   *
   * @see MPI-4.1 section 6.3 (MPI_Barrier); ray.util.collective.barrier
   */
  barrier(options?: CollectiveOptions): Promise<void>;
  /** Blocking twin of {@link Collective.barrier}. */
  barrierSync(options?: CollectiveSyncOptions): void;
  /**
   * Make an array of `count` zeros inside the window: collectives on it copy nothing.
   *
   * Ownership: this rank's, until {@link Collective.free} or the end of the task. Its `buffer` is the memory of all
   * ranks: `postMessage` and `structuredClone` share it, results and arguments are copied.
   *
   * @throws {@link WindowExhaustedError} when this rank's part of the window has no room.
   */
  empty<T extends TypedArray | Float16ArrayLike>(arrayClass: TypedArrayClass<T>, count: number): T;
  /** Give an array of {@link Collective.empty} back early. No view of it may be used afterwards. */
  free(array: TypedArray | Float16ArrayLike): void;
  /** This task's collectives as a plain object, for hot loops: saves looking the task up in every call. */
  current(): Collective;
}
