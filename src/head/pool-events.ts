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

/** A value that a rank of a task has posted. */
export interface TaskMessage {
  readonly taskId: string;
  readonly rank: number;
  /** A copy. */
  readonly value: unknown;
}

/** Events of a pool and what they carry. */
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
  warning: [{ message: string; worldRank: number | undefined }];
}

/** What `status()` says of one gang. */
export interface GangStatus {
  readonly id: string;
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

/** What `status()` says of tasks, workers, gangs and values. */
export interface WorkStatus extends GangCounts {
  readonly workers: readonly WorkerStatus[];
  /** Those that have workers or wait for them. */
  readonly gangs: readonly GangStatus[];
  readonly values: ValueCounts;
  readonly queued: number;
  readonly running: number;
}

/** What `status()` says of one worker. */
export interface WorkerStatus {
  readonly worldRank: number;
  readonly pid: number;
  readonly node: string;
  /** `lost`: its process is gone, and is started again with all others. */
  readonly state: 'idle' | 'busy' | 'lost';
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
