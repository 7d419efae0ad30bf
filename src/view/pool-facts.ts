/** What `shoal top` says of a pool, for people and for programs alike. Pure. */
import type { TaskView } from '../driver/task-history.js';
import type { MpiFamily } from '../types/mpi-family.js';
import type { GangStatus } from '../head/pool-events.js';
import type { Shown } from './followed-pool.js';
import { collectivesOf } from './ranks.js';

const mostFailures = 20;
const mostSums = 20;
const msPerSecond = 1_000;

/** One worker, now. */
export interface WorkerFacts {
  readonly worker: number;
  readonly pid: number;
  readonly state: 'idle' | 'busy' | 'lost';
  readonly task: string | null;
  /** Its label, or its module and function. */
  readonly name: string | null;
  /** Since the task has begun. */
  readonly ranMs: number | null;
  readonly gang: string | null;
  /** Cores that it has used since the look before. */
  readonly cores: number;
  /** Of its process, or of its thread's heap. */
  readonly memoryBytes: number | null;
}

/** A pool at one time. Null: not known, or none. */
export interface PoolFacts {
  /** As ISO 8601 has it. */
  readonly at: string;
  readonly address: string | null;
  readonly transport: string;
  readonly mpi: { readonly family: MpiFamily; readonly version: string } | null;
  readonly pid: number;
  readonly uptimeMs: number;
  /** Cores that all workers have used since the look before. */
  readonly cores: number;
  readonly memoryBytes: number;
  readonly workers: { readonly idle: number; readonly busy: number; readonly lost: number };
  readonly nodes: readonly { readonly node: string; readonly workers: readonly WorkerFacts[] }[];
  readonly tasks: {
    readonly running: number;
    readonly waiting: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly timedOut: number;
    readonly lost: number;
    /** Tasks that have ended in a second since the look before. */
    readonly perSecond: number | null;
  };
  /** Of ranks whose part of a task has ended. */
  readonly collectives: {
    readonly calls: number;
    readonly bytes: number;
    readonly callsPerSecond: number | null;
    readonly bytesPerSecond: number | null;
    /** By gang, or by function where tasks had none. */
    readonly by: readonly {
      readonly of: string;
      readonly tasks: number;
      readonly calls: number;
      readonly bytes: number;
      /** While a rank was in collectives. */
      readonly bytesPerSecond: number | null;
      /** The rank that the others have waited for most often, and in how many of the tasks. */
      readonly last: { readonly rank: number; readonly tasks: number };
    }[];
  };
  readonly gangs: readonly GangStatus[];
  /** What starts next comes first. */
  readonly queue: readonly {
    readonly task: string;
    readonly name: string | null;
    readonly workers: number | null;
    readonly why: string;
  }[];
  /** The last ones, newest first. */
  readonly failures: readonly {
    readonly task: string;
    readonly name: string;
    readonly code: string;
    readonly message: string;
    readonly agoMs: number;
  }[];
}

/** Of the last answer of a pool. @param address - Where it was asked. */
export function poolFacts({ news, tasks, cores, rates }: Shown, at: Date, address: string | undefined): PoolFacts {
  const { status, stats, waiting, nowMs } = news;
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const nodes = new Map<string, WorkerFacts[]>();
  for (const { worldRank, pid, node, state, taskId, gangId, rssBytes, heapBytes } of status.workers) {
    const task = taskId === undefined ? undefined : byId.get(taskId);
    const list = nodes.get(node) ?? [];
    nodes.set(node, list);
    list.push({
      worker: worldRank,
      pid,
      state,
      task: taskId ?? null,
      name: task ? nameOf(task) : null,
      ranMs: task?.started === undefined ? null : nowMs - task.started,
      gang: gangId ?? null,
      cores: cores.get(worldRank) ?? 0,
      memoryBytes: rssBytes ?? heapBytes ?? null,
    });
  }
  const { idle, busy, lost, rssBytes } = stats.workers;
  const { succeeded, failed, cancelled, timedOut, lost: lostTasks } = stats.tasks;
  return {
    at: at.toISOString(),
    address: address ?? null,
    transport: status.transport,
    mpi: status.mpi ?? null,
    pid: status.head.pid,
    uptimeMs: status.head.uptimeMs,
    cores: [...cores.values()].reduce((sum, each) => sum + each, 0),
    memoryBytes: rssBytes === 0 ? status.head.rssBytes : rssBytes,
    workers: { idle, busy, lost },
    nodes: [...nodes].map(([node, workers]) => ({ node, workers })),
    tasks: {
      running: stats.running,
      waiting: stats.queued,
      succeeded,
      failed,
      cancelled,
      timedOut,
      lost: lostTasks,
      perSecond: rates?.tasks ?? null,
    },
    collectives: {
      calls: stats.collectives.calls,
      bytes: stats.collectives.bytes,
      callsPerSecond: rates?.calls ?? null,
      bytesPerSecond: rates?.bytes ?? null,
      by: sumsOf(tasks),
    },
    gangs: status.gangs,
    queue: waiting.map(({ id, why }) => {
      const task = byId.get(id);
      return { task: id, name: task ? nameOf(task) : null, workers: task?.workers ?? null, why };
    }),
    failures: failuresOf(tasks, nowMs),
  };
}

function nameOf({ name, source }: TaskView): string {
  return name ?? source;
}

function sumsOf(tasks: readonly TaskView[]): PoolFacts['collectives']['by'] {
  return collectivesOf(tasks)
    .slice(0, mostSums)
    .map(({ key, tasks: count, ranks }) => {
      const last = ranks.reduce((most, each) => (each.last > most.last ? each : most));
      const bytes = ranks.reduce((sum, each) => sum + each.bytes, 0);
      const elapsedMs = ranks.reduce((sum, each) => sum + each.elapsedMs, 0);
      return {
        of: key,
        tasks: count,
        calls: ranks.reduce((sum, { calls }) => sum + calls, 0),
        bytes,
        bytesPerSecond: elapsedMs > 0 ? (bytes / elapsedMs) * msPerSecond : null,
        last: { rank: last.rank, tasks: last.last },
      };
    });
}

function failuresOf(tasks: readonly TaskView[], nowMs: number): PoolFacts['failures'] {
  return tasks
    .filter(({ state }) => state === 'failed')
    .sort((a, b) => (b.ended ?? 0) - (a.ended ?? 0))
    .slice(0, mostFailures)
    .map((task) => ({
      task: task.id,
      name: nameOf(task),
      code: task.error?.code ?? '',
      message: task.error?.text.split('\n')[0] ?? '',
      agoMs: nowMs - (task.ended ?? nowMs),
    }));
}
