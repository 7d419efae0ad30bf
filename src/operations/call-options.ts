/** The options that all operations have, and a call that is prepared once and started again. */

/**
 * Options of every blocking collective.
 *
 * @example
 * const options: CollectiveSyncOptions = { name: 'gradients', timeoutMs: 60_000 };
 * collective.allreduceSync(gradients, { ...options, op: 'avg' });
 */
export interface CollectiveSyncOptions {
  /**
   * Label that must be equal on all ranks: calls issued in different orders become an error instead of a wrong result.
   */
  readonly name?: string | undefined;
  /** Limit for the whole call in milliseconds, `null` for none; default: the pool's. */
  readonly timeoutMs?: number | null | undefined;
}
/**
 * Options of every awaited collective.
 *
 * @example
 * const options: CollectiveOptions = { name: 'gradients', timeoutMs: 60_000, signal: context.signal };
 * await collective.allreduce(gradients, { ...options, op: 'avg' });
 */
export interface CollectiveOptions extends CollectiveSyncOptions {
  /** Aborting it fails the group on every rank. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A collective that was checked once and is started again and again: the persistent collectives of MPI-4.1, section
 * 6.13.
 *
 * Each start is a call like any other. It counts, keeps its place in the order of the group's calls, and meets the
 * ordinary form on other ranks. One start at a time. Ownership: its buffers belong to a start until that has ended;
 * they must stay as they were when it was prepared.
 *
 * @example
 * const sum = collective.allreduceInit(gradients, { op: 'sum' });
 * for (let step = 0; step < steps; step++) {
 *   computeGradients(gradients);
 *   sum.startSync();
 * }
 * sum.free();
 */
export interface PreparedCall<T> {
  /**
   * Start the call. Errors as those of the ordinary call, at each start.
   *
   * @returns What the ordinary call gives: `out`, else the buffer; nothing of a barrier.
   * @throws {@link InvalidArgumentError} while an earlier start is under way, after `free`, and when the buffer was
   * detached, shrunk or freed; the group stays usable.
   * @example
   * const sum = collective.allreduceInit(gradients);
   * for (let step = 0; step < steps; step++) await sum.start({ signal: context.signal });
   * sum.free();
   */
  start(options?: Pick<CollectiveOptions, 'signal'>): Promise<T>;
  /** Blocking twin of {@link PreparedCall.start}. */
  startSync(): T;
  /**
   * Release the buffers; no start is possible afterwards. @throws {@link InvalidArgumentError} while one is under way.
   *
   * @example
   * const ready = collective.barrierInit();
   * await ready.start();
   * ready.free();
   */
  free(): void;
}
