/** A pool that is not there: as many workers and tasks as a test wants, the same each time. */
import type { DashboardNews, DashboardSource } from '../../src/driver/dashboard-news.js';
import type { TaskView } from '../../src/driver/task-history.js';
import { Times } from '../../src/head/distribution.js';

const names = ['load shards', 'train', 'evaluate', 'search', undefined] as const;
const mostTasks = 2_000;
const longMs = 4_000;
/** From the beginning of one until that of the next, about. */
const meanMs = 225;

/** Tasks one after another on groups of workers; the last of each are still running, and some wait. */
function tasksOf(workers: number, count: number, waiting: number, nowMs: number): TaskView[] {
  const group = 4;
  const lanes = Math.max(1, Math.floor(workers / group));
  const perLane = Math.ceil(count / lanes);
  const tasks: TaskView[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    let at = nowMs - perLane * meanMs;
    for (let i = 0; i < perLane && tasks.length < count; i++) {
      const number = lane * perLane + i;
      const isLast = i === perLane - 1;
      const long = (longMs / 20) * (1 + ((number * 7) % 5) / 2) * (number % 9 === 0 ? 3 : 1) * 0.4;
      const state = isLast ? 'running' : number % 23 === 5 ? 'failed' : number % 31 === 7 ? 'cancelled' : 'succeeded';
      const ranks = Array.from({ length: number % 6 === 0 ? 1 : group }, (_, rank) => lane * group + rank);
      tasks.push({
        id: `t${number + 1}`,
        name: names[number % names.length],
        source: 'train.ts default',
        workers: ranks.length,
        priority: 0,
        gang: number % 5 === 1 ? `g${1 + (lane % 3)}` : undefined,
        state,
        submitted: at - 40,
        started: at,
        ended: isLast ? undefined : at + long,
        attempts: 1,
        worldRanks: ranks,
        collectives:
          isLast || ranks.length < 2
            ? []
            : ranks.map((_, rank) => {
                return {
                  rank,
                  calls: 200,
                  bytes: 200 * 65_536,
                  elapsedMs: long * (0.3 + ((rank * 3 + number) % 4) / 10),
                  movedMs: long * 0.05,
                  reducedMs: long * 0.1,
                };
              }),
        error:
          state === 'failed'
            ? {
                code: 'ERR_SHOAL_TASK_FAILED',
                text: `task t${number + 1} failed on rank 2: RangeError: no shard ${number}\nRangeError: no shard ${number}\n    at train (file:///home/ann/train.ts:12:9)`,
              }
            : undefined,
      });
      at += long + 15;
    }
  }
  for (let i = 0; i < waiting; i++) {
    const id = `t${count + 1 + i}`;
    const common = { id, name: 'train', source: 'train.ts default', workers: 8, priority: 0, gang: undefined };
    const times = { submitted: nowMs - 900 + i, started: undefined, ended: undefined, attempts: 0 };
    tasks.push({ ...common, state: 'queued', ...times, worldRanks: [], collectives: [], error: undefined });
  }
  return tasks;
}

function statusOf(workers: number, tasks: readonly TaskView[], nowMs: number): DashboardNews['status'] {
  const running = tasks.filter(({ state }) => state === 'running');
  const taskOf = new Map(running.flatMap(({ id, worldRanks }) => worldRanks.map((rank) => [rank, id] as const)));
  return {
    address: '127.0.0.1:40123',
    head: { pid: 4711, uptimeMs: Math.round(nowMs), rssBytes: 2 ** 27, cpuMs: 900 },
    epoch: 1,
    transport: 'mpi',
    mpi: { family: 'openmpi', version: '4.1.4' },
    rendezvous: 'accept-connect',
    nodes: [],
    rounds: 3,
    splits: 3,
    cacheHits: 90,
    workers: Array.from({ length: workers }, (_, worldRank) => {
      const taskId = taskOf.get(worldRank);
      const state = worldRank === workers - 2 ? 'lost' : taskId === undefined ? 'idle' : 'busy';
      return {
        worldRank,
        pid: 5_000 + worldRank,
        node: `node${1 + Math.floor((worldRank * 4) / workers)}`,
        state,
        taskId: state === 'lost' ? undefined : taskId,
        gangId: undefined,
        phasesMs: undefined,
        rssBytes: 90e6 + worldRank * 1e5,
        heapBytes: undefined,
        cpuMs: (nowMs * (60 + ((worldRank * 13) % 40))) / 100,
      };
    }),
    gangs: [
      {
        id: 'g1',
        name: 'model',
        state: 'open',
        workers: 4,
        worldRanks: [0, 1, 2, 3],
        taskId: running[0]?.id,
        queued: 2,
        actors: ['Model'],
      },
    ],
    gangsOpened: 3,
    gangsLost: 0,
    values: { shared: 1, sharedBytes: 2 ** 24, kept: 2 },
    queued: tasks.filter(({ state }) => state === 'queued').length,
    running: running.length,
  };
}

/** What its dashboard asks. `count`: of tasks that have begun. */
export function madeUpPool(workers: number, count: number, waiting: number): DashboardSource {
  const begun = performance.now();
  const base = 3_600_000;
  const tasks = tasksOf(workers, count, waiting, base);
  const [wait, run] = [new Times(), new Times()];
  for (const { started, ended, submitted } of tasks) {
    if (started !== undefined) wait.add(started - submitted);
    if (started !== undefined && ended !== undefined) run.add(ended - started);
  }
  const by = (state: TaskView['state']): number => tasks.filter((task) => task.state === state).length;
  return {
    news: (since) => {
      const nowMs = base + performance.now() - begun;
      const told = tasks.slice(since, since + mostTasks);
      const status = statusOf(workers, tasks, nowMs);
      const { queued, running } = status;
      const busy = status.workers.filter(({ state }) => state === 'busy').length;
      return {
        pool: 'made up',
        change: since + told.length,
        hasMore: since + told.length < tasks.length,
        nowMs,
        version: '0.1.0',
        status,
        stats: {
          uptimeMs: nowMs,
          tasks: {
            submitted: tasks.length,
            started: count,
            succeeded: by('succeeded'),
            failed: by('failed'),
            cancelled: by('cancelled'),
            timedOut: 0,
            lost: 0,
            rejected: 2,
            refused: 0,
            retried: 1,
          },
          waitMs: wait.distribution,
          runMs: run.distribution,
          collectives: {
            ranks: 4 * count,
            calls: 800 * count,
            bytes: 800 * count * 65_536,
            elapsedMs: 90 * count,
            movedMs: 9 * count,
            reducedMs: 20 * count,
          },
          workersDied: 0,
          workersReplaced: 1,
          workers: { idle: workers - busy - 1, busy, lost: 1, rssBytes: workers * 9e7, heapBytes: 0, cpuMs: 0 },
          queued,
          running,
        },
        tasks: told,
        unknown: 0,
        waiting: tasks
          .filter(({ state }) => state === 'queued')
          .slice(0, 200)
          .map(({ id }, index) => {
            const first = `t${count + 1}`;
            const behind = `behind ${index} ${index === 1 ? 'task' : 'tasks'}; the first, ${first}, wants 8 workers`;
            return { id, why: index === 0 ? 'wants 8 workers at once; 0 idle' : behind };
          }),
        hasLogs: true,
      };
    },
    explain: () => Promise.resolve(undefined),
    logTail: (worldRank) => `epoch 3 loss 0.41\nreading shard ${worldRank}`,
    close: () => undefined,
  };
}
