/** The public face of the collectives. */
import type { Allgather } from '../operations/allgather.js';
import type { Allreduce } from '../operations/allreduce.js';
import type { Alltoall } from '../operations/alltoall.js';
import type { Barrier } from '../operations/barrier.js';
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
import type { Probe } from '../operations/probe.js';
import type { Recv } from '../operations/recv.js';
import type { Send } from '../operations/send.js';
import type { Sendrecv } from '../operations/sendrecv.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';

/** Collectives over a task's ranks. Every rank makes the same calls in the same order. */
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
    Probe {
  /**
   * Make an array of `count` zeros inside the window: collectives on it copy nothing.
   *
   * Ownership: this rank's, until {@link Collective.free} or the end of the task. Its `buffer` is the memory of all
   * ranks: `postMessage` and `structuredClone` share it, results and arguments are copied.
   *
   * @throws {@link WindowExhaustedError} when this rank's part of the window has no room.
   */
  empty<T extends TypedArray | Float16ArrayLike>(arrayClass: TypedArrayClass<T>, count: number): T;
  /**
   * Give an array of {@link Collective.empty} or of {@link EmptyShared.emptyShared} back early. No view of it may be
   * used afterwards on this rank. Not collective: memory of a node-shared array is used again when all its ranks have
   * freed it.
   */
  free(array: TypedArray | Float16ArrayLike): void;
  /** This task's collectives as a plain object, for hot loops: no call has to find the task first. */
  current(): Collective;
}
