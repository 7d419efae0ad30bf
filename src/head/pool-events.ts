/** What a head is told and what it tells. */
import type { TaskSource, Unawaited } from '../protocol/thread-messages.js';
import type { GangState } from './gang.js';
import type { GroupOptions } from './groups.js';
import type { StartPhases } from './worker-side.js';

/** Whether workers load a task's module anew when a file of it has changed. */
export type Reload = 'changed' | 'never';

/** Limits of a head; all filled. */
export interface HeadOptions extends GroupOptions {
  readonly graceMs: number;
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
  readonly maxMessageBytes: number;
  /** Of all shared data on a host. */
  readonly maxSharedBytes: number;
  readonly unawaited: Unawaited;
  readonly reload: Reload;
  /** Default deadline of collectives; null: none. */
  readonly collectiveTimeoutMs: number | null;
}

/**
 * A value that a rank of a task has posted.
 *
 * @example
 * pool.on('message', ({ taskId, rank, value }: TaskMessage) => console.log(`${taskId}, rank ${rank}:`, value));
 * await pool.run(tasks, { export: 'train' });
 */
export interface TaskMessage {
  /** The task, such as `t1`. */
  readonly taskId: string;
  /** Rank that has posted it. */
  readonly rank: number;
  /** A copy. */
  readonly value: unknown;
}

/**
 * Events of a pool and what they carry.
 *
 * @example
 * pool.on('taskDone', ({ taskId, ranMs }) => console.log(`${taskId} took ${ranMs} ms`));
 * pool.on('workerDied', ({ worldRank, error }) => console.error(`worker ${worldRank}:`, error));
 */
export interface PoolEvents extends HeadEvents {
  /** What a rank gave to `context.post`; over `connect()`, ranks of tasks that were submitted there. */
  message: [TaskMessage];
}

/** Events that everybody who uses a pool hears. */
export interface HeadEvents {
  /** A worker ended by a crash. */
  workerDied: [{ worldRank: number; error: Error }];
  /** A new thread or process has taken a worker's place. `absentMs`: from the end of the old one until then. */
  workerReplaced: [{ worldRank: number; absentMs: number }];
  /** Workers begin with a task: `worldRanks` by rank. `waitedMs`: until then, in this attempt. */
  taskStarted: [
    {
      taskId: string;
      name: string | undefined;
      source: TaskSource;
      worldRanks: readonly number[];
      attempt: number;
      waitedMs: number;
    },
  ];
  /** `waitedMs`, `ranMs`: how long it waited for workers, and how long they ran it, in all attempts. */
  taskDone: [{ taskId: string; name: string | undefined; waitedMs: number; ranMs: number }];
  /** A task failed and nobody had asked for its result. Times as of `taskDone`. */
  taskFailed: [
    {
      taskId: string;
      name: string | undefined;
      source: TaskSource;
      error: Error;
      waitedMs: number;
      ranMs: number;
    },
  ];
  /** No task is queued or running any more. */
  drain: [];
  /** What the pool wants to be known; `worldRank` is the worker that it is about. Unheard, Node prints it. */
  warning: [{ message: string; worldRank: number | undefined }];
}

/** Names of the events that everybody who uses a pool hears. */
export const headEventNames: readonly (keyof HeadEvents)[] = [
  'workerDied',
  'workerReplaced',
  'taskStarted',
  'taskDone',
  'taskFailed',
  'drain',
  'warning',
];

/** Names of all events of a pool. */
export const poolEventNames: readonly (keyof PoolEvents)[] = [...headEventNames, 'message'];

/**
 * What `status()` says of one gang.
 *
 * @example
 * for (const { id, state, queued } of pool.status().gangs) console.log(`${id} is ${state}, ${queued} tasks wait`);
 */
export interface GangStatus {
  /** As errors name the gang, such as `g1`. */
  readonly id: string;
  /** Its label. */
  readonly name: string | undefined;
  /** `waiting`: for its workers. `closing`: it gives them back when its accepted tasks have ended. */
  readonly state: GangState;
  /** How many it has, or waits for. */
  readonly workers: number;
  /** In rank order; empty while it waits. */
  readonly worldRanks: readonly number[];
  /** The task that it runs. */
  readonly taskId: string | undefined;
  /** Tasks that wait for it. */
  readonly queued: number;
  /** Names of the classes of its actors, one for each actor. */
  readonly actors: readonly string[];
}

/** Gangs of a pool so far. */
export interface GangCounts {
  /** Those that have had their workers. */
  readonly gangsOpened: number;
  /** Those of them that were closed by the loss of a member. */
  readonly gangsLost: number;
}

/** Values that lie with the workers. */
export interface ValueCounts {
  /** Those of `pool.share` that are not released, or that tasks still have. */
  readonly shared: number;
  /** Bytes of these on each host. */
  readonly sharedBytes: number;
  /** Those that tasks have kept. */
  readonly kept: number;
}

/**
 * What `status()` says of tasks, workers, gangs and values.
 *
 * @example
 * const { running, gangs }: WorkStatus = pool.status();
 * console.log(`${running} tasks run, ${gangs.length} gangs`);
 */
export interface WorkStatus extends GangCounts {
  /** All workers, by world rank. */
  readonly workers: readonly WorkerStatus[];
  /** Those that have workers or wait for them. */
  readonly gangs: readonly GangStatus[];
  /** What `pool.share` and `keep` hold. */
  readonly values: ValueCounts;
  /** Tasks that wait for workers. */
  readonly queued: number;
  /** Tasks that have workers. */
  readonly running: number;
}

/**
 * What `status()` says of one worker.
 *
 * @example
 * const [worker]: readonly WorkerStatus[] = pool.status().workers;
 * console.log(worker?.state, worker?.taskId);
 */
export interface WorkerStatus {
  /** Number of the worker, from 0. */
  readonly worldRank: number;
  /** Its process; with threads the driver's. */
  readonly pid: number;
  /** Name of the node that it is on. */
  readonly node: string;
  /** `lost`: its process is gone, and is started again with all others. */
  readonly state: 'idle' | 'busy' | 'lost';
  /** The task that it runs. */
  readonly taskId: string | undefined;
  /** The gang that it is reserved for. */
  readonly gangId: string | undefined;
  /** Of a process: when it came to each phase of its start, in milliseconds from the launch. */
  readonly phasesMs: StartPhases | undefined;
  /** Of a process: bytes of memory in use, shared ones included. Threads use that of the head's process, in `head`. */
  readonly rssBytes: number | undefined;
  /** Of a thread: bytes of its own JavaScript heap and of what its arrays hold outside, at most a second old. */
  readonly heapBytes: number | undefined;
  /** Milliseconds on a core since the start of its process or thread. */
  readonly cpuMs: number | undefined;
}
