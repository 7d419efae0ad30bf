/** What `pool.status()` returns. */
import type { WorkStatus } from '../head/pool-events.js';
import type { NodeStatus } from '../launch/job-nodes.js';
import type { Rendezvous } from '../protocol/control-messages.js';
import type { MpiFamily } from '../types/mpi-family.js';

/**
 * The process that holds a pool's head; with threads the workers are in it too.
 *
 * @example
 * const head: HeadStatus = pool.status().head;
 * console.log(`process ${head.pid} uses ${head.rssBytes} bytes`);
 */
export interface HeadStatus {
  /** Number of the process. */
  readonly pid: number;
  /** Milliseconds since the workers were ready. */
  readonly uptimeMs: number;
  /** Bytes of memory in use, shared ones included. */
  readonly rssBytes: number;
  /** Milliseconds on a core since the start of the process, on all its threads. */
  readonly cpuMs: number;
}

/**
 * What {@link Pool.status} returns.
 *
 * @example
 * const status: PoolStatus = pool.status();
 * console.log(status.transport, status.workers.length, status.mpi?.family);
 */
export interface PoolStatus extends WorkStatus {
  /** Where `connect` reaches the pool; undefined for one that `launch` made. */
  readonly address: string | undefined;
  /** The process that holds the head. */
  readonly head: HeadStatus;
  /** Counts the jobs of processes that the pool has had, from 1. */
  readonly epoch: number;
  /** Whether its workers are threads, or processes under MPI. */
  readonly transport: 'threads' | 'mpi';
  /** The MPI that started the workers; undefined with threads. */
  readonly mpi: { readonly family: MpiFamily; readonly version: string } | undefined;
  /** How the rows of the processes came to the head; undefined with threads. */
  readonly rendezvous: Rendezvous | undefined;
  /** Which node manager has which workers' rows; empty with threads. */
  readonly nodes: readonly NodeStatus[];
  /** Communicator rounds so far. */
  readonly rounds: number;
  /** Communicators that were made in them. */
  readonly splits: number;
  /** Assignments that reused one. */
  readonly cacheHits: number;
}

/** What is known of a pool's workers as a whole. */
export type PoolFacts = Pick<PoolStatus, 'epoch' | 'transport' | 'mpi' | 'rendezvous' | 'nodes'>;
