/** The public face of the collectives, and of groups inside a task. */
import type { Allgather } from '../operations/allgather.js';
import type { Allreduce } from '../operations/allreduce.js';
import type { Alltoall } from '../operations/alltoall.js';
import type { Barrier } from '../operations/barrier.js';
import type { MakeBucket } from '../operations/bucket.js';
import type { Broadcast } from '../operations/broadcast.js';
import type { Exscan } from '../operations/exscan.js';
import type { Gather } from '../operations/gather.js';
import type { Reduce } from '../operations/reduce.js';
import type { ReduceScatter } from '../operations/reduce-scatter.js';
import type { Scan } from '../operations/scan.js';
import type { Scatter } from '../operations/scatter.js';
import type { EmptyShared } from '../operations/empty-shared.js';
import type { Allgatherv } from '../operations/allgatherv.js';
import type { Alltoallv } from '../operations/alltoallv.js';
import type { Gatherv } from '../operations/gatherv.js';
import type { Scatterv } from '../operations/scatterv.js';
import type { BroadcastObject } from '../operations/broadcast-object.js';
import type { GatherObject } from '../operations/gather-object.js';
import type { AllgatherObject } from '../operations/allgather-object.js';
import type { ScatterObject } from '../operations/scatter-object.js';
import type { AllreduceObject } from '../operations/allreduce-object.js';
import type { BorderMessages } from '../operations/border-messages.js';
import type { Probe } from '../operations/probe.js';
import type { RecvObject } from '../operations/recv-object.js';
import type { Recv } from '../operations/recv.js';
import type { SendObject } from '../operations/send-object.js';
import type { Send } from '../operations/send.js';
import type { Sendrecv } from '../operations/sendrecv.js';
import type { CollectiveOptions, CollectiveSyncOptions } from '../operations/call-options.js';
import type { MessageOptions, MessageSyncOptions } from '../operations/message-options.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';

/**
 * Collectives over a task's ranks. Every rank makes the same calls in the same order.
 *
 * @example
 * const x = collective.empty(Float32Array, 1000).fill(context.rank);
 * await collective.allreduce(x, { op: 'max' });
 * collective.free(x);
 */
export interface Collective
  extends
    Allreduce,
    Reduce,
    Broadcast,
    Barrier,
    Allgather,
    Gather,
    Scatter,
    ReduceScatter,
    Alltoall,
    Scan,
    Exscan,
    Allgatherv,
    Gatherv,
    Scatterv,
    Alltoallv,
    BroadcastObject,
    GatherObject,
    AllgatherObject,
    ScatterObject,
    AllreduceObject,
    EmptyShared,
    Send,
    Recv,
    Sendrecv,
    Probe,
    SendObject,
    RecvObject,
    MakeBucket,
    MakesGroups {
  /** This rank in the group whose collectives these are. */
  readonly rank: number;
  /** Ranks of that group. */
  readonly size: number;
  /**
   * Make an array of `count` zeros inside the window: collectives on it copy nothing.
   *
   * Ownership: this rank's, until {@link Collective.free} or the end of the task. Its `buffer` is the memory of all
   * ranks: `postMessage` and `structuredClone` share it, results and arguments are copied.
   *
   * @throws {@link WindowExhaustedError} when this rank's part of the window has no room.
   * @example
   * const x = collective.empty(Float32Array, 1000);
   * await collective.allreduce(x); // where it lies
   */
  empty<T extends TypedArray | Float16ArrayLike>(arrayClass: TypedArrayClass<T>, count: number): T;
  /**
   * Give an array of {@link Collective.empty} or of {@link EmptyShared.emptyShared} back early. No view of it may be
   * used afterwards on this rank. Not collective: memory of a node-shared array is used again when all its ranks have
   * freed it.
   *
   * @example
   * const x = collective.empty(Float32Array, 1000);
   * await collective.allreduce(x);
   * collective.free(x);
   */
  free(array: TypedArray | Float16ArrayLike): void;
  /**
   * This task's collectives as a plain object, for hot loops: no call has to find the task first.
   *
   * @example
   * const own = collective.current();
   * for (let step = 0; step < steps; step++) own.allreduceSync(gradients, { op: 'avg' });
   */
  current(): Collective;
}

/**
 * The collectives of a group that was made inside a task. Ranks are those of the group.
 *
 * A group costs no round of the pool and no MPI call. It fails by itself: a deadline, a signal or an error in one of its
 * calls fails this group on all its members, and the task goes on. What ends the task ends all its groups.
 *
 * @example
 * const group: CollectiveGroup = await collective.split(context.rank % 2);
 * await group.allreduce(gradients);
 * group.close();
 */
export interface CollectiveGroup extends Collective {
  /**
   * Leave the group: this rank makes no further call of it. Local, it waits for nobody: a member that still calls
   * learns that this rank has left. The memory is used again when all members have closed. What is left open ends with
   * the task.
   *
   * @throws {@link InvalidArgumentError} while a call of this rank is under way.
   * @example
   * const group = await collective.split(0);
   * await group.barrier();
   * group.close();
   */
  close(): void;
}

/**
 * Options of {@link MakesGroups.cart}.
 *
 * @example
 * const options: CartOptions = { periodic: [true, false] };
 * const grid = await collective.cart([context.size, 1], options);
 */
export interface CartOptions {
  /** Which dimensions have no end: the last rank is next to the first. One for all, or one for each; default false. */
  readonly periodic?: boolean | readonly boolean[] | undefined;
}

/**
 * A group whose ranks lie in a grid: rank r of the group at the place that counting row by row gives.
 *
 * @example
 * const grid: CartGroup | undefined = await collective.cart([2, 2], { periodic: true });
 * if (grid) {
 *   const { source, dest } = grid.shift(0, 1);
 *   await grid.sendrecv(lastRow, dest, halo, source);
 * }
 */
export interface CartGroup extends Omit<CollectiveGroup, keyof BorderMessages>, BorderMessages {
  /** Ranks in each dimension. */
  readonly dims: readonly number[];
  /** Which of them have no end. */
  readonly periodic: readonly boolean[];
  /** Where this rank lies. */
  readonly coords: readonly number[];
  /**
   * Where a rank lies. @throws {@link InvalidArgumentError} for no rank of the group.
   *
   * @example
   * const [row, column] = grid.coordsOf(0); // 0, 0
   */
  coordsOf(rank: number): number[];
  /**
   * The rank at a place; coordinates of periodic dimensions may lie outside.
   *
   * @throws {@link InvalidArgumentError} outside of the grid.
   * @example
   * const first = grid.rankAt([0, 0]); // 0
   * const isFirst = grid.coords.every((place) => place === 0);
   */
  rankAt(coords: readonly number[]): number;
  /**
   * Whom to receive from and send to when all ranks send `by` places along a dimension.
   *
   * @returns Undefined where the grid ends. The message calls of the grid take that: they do nothing there.
   * @example
   * const { source, dest } = grid.shift(0, 1);
   * await grid.sendrecv(lastRow, dest, halo, source);
   * @see MPI-4.1 section 8.5.6 (MPI_Cart_shift)
   */
  shift(dimension: number, by: number): { source: number | undefined; dest: number | undefined };
  /**
   * Groups of the ranks that differ in the kept dimensions alone. Collective over the grid.
   *
   * @example
   * const rows = await grid.sub([false, true]); // ranks of one row: only the column differs
   * await rows.allreduce(gradients);
   * @see MPI-4.1 section 8.5.7 (MPI_Cart_sub)
   */
  sub(keep: readonly boolean[], options?: CollectiveOptions): Promise<CartGroup>;
  /** Blocking twin of {@link CartGroup.sub}. */
  subSync(keep: readonly boolean[], options?: CollectiveSyncOptions): CartGroup;
  /**
   * The ranks of this rank's row: only the last dimension is kept. Collective over the grid.
   *
   * @example
   * const row = await grid.row();
   * await row.allgather(Float64Array.of(loss));
   */
  row(options?: CollectiveOptions): Promise<CartGroup>;
  /** Blocking twin of {@link CartGroup.row}. */
  rowSync(options?: CollectiveSyncOptions): CartGroup;
  /**
   * The ranks of this rank's column: only the last dimension but one is kept. Collective over the grid.
   *
   * @example
   * const column = await grid.column();
   * await column.broadcast(weights);
   */
  column(options?: CollectiveOptions): Promise<CartGroup>;
  /** Blocking twin of {@link CartGroup.column}. */
  columnSync(options?: CollectiveSyncOptions): CartGroup;
}

/** How groups are made. */
export interface MakesGroups {
  /**
   * Make groups of the ranks that give the same color. Collective over this group.
   *
   * Cost: two small calls, and on one host 152 KiB or more of each member's part of the window until all have closed.
   *
   * @param color - An integer from 0 to 2^31 − 1; undefined: this rank is to be in no group.
   * @param key - Ranks in the group follow it; equal ones the ranks here. Default 0.
   * @returns This rank's group; undefined without a color.
   * @throws {@link InvalidArgumentError} before anything is sent; the group stays usable.
   * @throws {@link WindowExhaustedError} on all members of a group of which one had no room; others are made.
   * @example
   * const node = await collective.split(context.rank % 2);
   * await node?.allreduce(x);
   * node?.close();
   * @see MPI-4.1 section 7.4.2 (MPI_Comm_split)
   */
  split(color: number, key?: number, options?: CollectiveOptions): Promise<CollectiveGroup>;
  split(color: number | undefined, key?: number, options?: CollectiveOptions): Promise<CollectiveGroup | undefined>;
  /** Blocking twin of {@link MakesGroups.split}. */
  splitSync(color: number, key?: number, options?: CollectiveSyncOptions): CollectiveGroup;
  splitSync(color: number | undefined, key?: number, options?: CollectiveSyncOptions): CollectiveGroup | undefined;
  /**
   * Make a group of the ranks that are listed, in this order. Its members alone call it, all with the same list; nobody
   * else takes part.
   *
   * Cost: two messages between the first member and each other one.
   *
   * @param ranks - Ranks here, each once, this rank among them.
   * @throws {@link InvalidArgumentError} on this rank alone; nothing is sent.
   * @throws {@link WindowExhaustedError} on all members, when one had no room.
   * @throws {@link CollectiveTimeoutError} when a member does not come.
   * @example if (context.rank < 2) await (await collective.group([0, 1])).broadcast(weights);
   * @see MPI-4.1 section 7.4.2 (MPI_Comm_create_group)
   */
  group(ranks: readonly number[], options?: MessageOptions): Promise<CollectiveGroup>;
  /** Blocking twin of {@link MakesGroups.group}. */
  groupSync(ranks: readonly number[], options?: MessageSyncOptions): CollectiveGroup;
  /**
   * Make a group whose ranks lie in a grid, of the first ranks of this group. Collective over this group.
   *
   * @param dims - Ranks in each dimension, as `[rows, columns]`: together at most as many as this group has.
   * @returns Undefined on ranks for which the grid has no place.
   * @example
   * const grid = await collective.cart([2, 2], { periodic: true });
   * const up = grid?.shift(0, -1);
   * @see MPI-4.1 section 8.5.1 (MPI_Cart_create)
   */
  cart(dims: readonly number[], options?: CartOptions & CollectiveOptions): Promise<CartGroup | undefined>;
  /** Blocking twin of {@link MakesGroups.cart}. */
  cartSync(dims: readonly number[], options?: CartOptions & CollectiveSyncOptions): CartGroup | undefined;
}
