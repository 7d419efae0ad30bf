/** Commands for a pool that runs by itself: `status`, `tasks`, `stop`. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { clearTimeout, setTimeout } from '../clock.js';
import { connectHead } from '../driver/connect-head.js';
import { limit } from '../driver/check-options.js';
import type { PoolStatus } from '../driver/pool-status.js';
import type { RemoteHead } from '../driver/remote-head.js';
import type { GangStatus } from '../head/pool-events.js';
import { counted } from '../grammar.js';
import { numberOption } from './number-option.js';
import { printable } from './printable.js';
import type { Say } from './progress.js';
import { isWatched, waiting } from './progress.js';

const MIB = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;
/** Characters of a failure's message in a list. */
const shownText = 60;
/** Tasks that a message names. */
const shownIds = 20;
/** `stop` says what it waits for after this time. */
const patienceMs = 3_000;

/** Flags of every command that uses a pool. */
export interface PoolFlags {
  readonly address?: string;
  readonly json?: boolean;
}

/**
 * Run with the pool that `--address` names, or the only one, and leave it.
 *
 * @param use - Is told what says what is waited for.
 */
export function withPool<T>(flags: PoolFlags, use: (head: RemoteHead, say: Say) => Promise<T> | T): Promise<T> {
  return waiting('asking the pool', flags, async (say) => {
    const head = await connectHead(flags.address);
    try {
      return await use(head, say);
    } finally {
      await head.close(true);
    }
  });
}

/** For every command that uses a pool. */
export const addressOption: readonly [flag: string, text: string] = [
  '--address <host:port>',
  'of the pool, when there are several',
];

interface StopFlags extends PoolFlags {
  force?: boolean;
  timeoutMs?: number;
}

interface StatusFlags extends PoolFlags {
  phases?: boolean;
  metrics?: boolean;
}

/** The command. */
export function statusCommand(): Command {
  return new Command('status')
    .summary('say how a pool is')
    .option('--json', 'print one JSON object')
    .option('--phases', 'when each worker came to each phase of its start')
    .option('--metrics', 'print figures in the text format of Prometheus')
    .option(...addressOption)
    .action(async ({ phases, metrics, ...flags }: StatusFlags) => {
      const { json } = flags;
      if (metrics) {
        process.stdout.write(await withPool(flags, (head) => head.questions.metrics()));
        return;
      }
      const status = await withPool(flags, (head) => head.status);
      process.stdout.write(json ? `${JSON.stringify(status)}\n` : describe(status, phases ?? false));
    });
}

/** The command. */
export function tasksCommand(): Command {
  return new Command('tasks')
    .summary('list the tasks of a pool')
    .option('--json', 'print one JSON array')
    .option(...addressOption)
    .action(async (flags: PoolFlags) => {
      const tasks = await withPool(flags, (head) => head.questions.tasks());
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(tasks)}\n`);
        return;
      }
      const rows = tasks.map(({ id, name, source, workers, priority, gang, state, elapsedMs, message, results }) => {
        const what = name ?? `${source.url.split('/').at(-1)} ${source.exportName}`;
        return [
          id,
          printable(what.replace(/[\n\t]/g, ' ')) + (gang === undefined ? '' : `, in ${gang}`),
          String(workers),
          String(priority),
          state,
          `${elapsedMs} ms`,
          printable((message ?? results?.join(', ') ?? '').split('\n')[0]?.slice(0, shownText) ?? ''),
        ];
      });
      process.stdout.write(table(['task', 'what', 'workers', 'priority', 'state', 'time', ''], rows));
    });
}

/** The command. */
export function stopCommand(): Command {
  return new Command('stop')
    .summary('end a pool')
    .description('End a pool when the tasks that it has accepted have ended.')
    .option('--force', 'cancel them')
    .option('--timeout-ms <ms>', 'cancel them after this time', numberOption)
    .option('--json', 'print one JSON object: the address of the pool that has ended')
    .option(...addressOption)
    .action(async ({ force = false, timeoutMs, ...flags }: StopFlags) => {
      const order = { force, timeoutMs: limit('stop', 'timeoutMs', timeoutMs, null) };
      const address = await withPool(flags, async (head, say) => {
        const timer = setTimeout(() => {
          // A pool that ends meanwhile is what is waited for.
          tellWhatIsWaitedFor(head, say).catch(() => undefined);
        }, patienceMs);
        try {
          await head.stop(order);
        } finally {
          clearTimeout(timer);
        }
        return head.status.address;
      });
      process.stdout.write(flags.json ? `${JSON.stringify({ address })}\n` : `the pool at ${address} has ended\n`);
    });
}

/** On a terminal until the end; else once, as a line that stays. */
async function tellWhatIsWaitedFor(head: RemoteHead, say: Say): Promise<void> {
  const tasks = await head.questions.tasks();
  const ids = tasks.flatMap(({ id, state }) => (state === 'running' || state === 'queued' ? [id] : []));
  if (ids.length === 0) return;
  const text = `waiting for ${ids.slice(0, shownIds).join(', ')}; shoal stop --force cancels, Ctrl-C leaves`;
  if (isWatched(process.stderr)) say(text);
  else process.stderr.write(`${text}\n`);
}

function describe(status: PoolStatus, phases: boolean): string {
  const { address, head: own, epoch, transport, mpi, rendezvous, nodes, workers } = status;
  const { queued, running, rounds, splits, cacheHits, gangs, values } = status;
  const haveMemory = workers.some(({ rssBytes }) => rssBytes !== undefined);
  const what = mpi ? `${mpi.family} ${mpi.version}, rendezvous ${rendezvous}, epoch ${epoch}` : transport;
  const rows = nodes.map(({ node, hostname, managerPid, worldRanks }) => {
    const host = node === hostname ? '' : ` on ${hostname}`;
    return `node ${node}${host}: workers ${worldRanks.join(', ')}, to the node manager in process ${managerPid}`;
  });
  const uses = `${memoryText(own.rssBytes)}, ${Math.round(own.cpuMs)} ms cpu`;
  const lines = [
    `pool at ${address}, process ${own.pid}, up ${durationText(own.uptimeMs)}; ${mpi ? 'the head' : 'all threads'}: ${uses}`,
    `${counted(workers.length, 'worker')} (${what}); tasks: ${running} running, ${queued} waiting`,
    ...(rounds + splits + cacheHits > 0 ? [communicatorText(status)] : []),
    ...gangs.map(gangText),
    ...(values.shared + values.kept > 0 ? [valuesText(values)] : []),
    ...(phases ? rows : []),
  ];
  if (phases && !mpi) return `${lines.join('\n')}\nthreads have no phases: they are there when the pool is\n`;
  const head = phases
    ? ['worker', 'pid', 'node', 'connected', 'MPI ready', 'gathered', 'registered']
    : ['worker', 'pid', 'node', 'state', 'task', haveMemory ? 'memory' : 'heap', 'cpu'];
  const cells = workers.map((worker) => {
    const { worldRank, pid, node, state, taskId, phasesMs, rssBytes, heapBytes, cpuMs } = worker;
    const who = [String(worldRank), String(pid), node];
    const ms = (value: number | undefined): string => (value === undefined ? '' : `${Math.round(value)} ms`);
    if (phases) {
      const { connected, mpiReady, gathered, registered } = phasesMs ?? {};
      return [...who, ...[connected, mpiReady, gathered, registered].map(ms)];
    }
    const bytes = haveMemory ? rssBytes : heapBytes;
    return [...who, state, taskId ?? '', bytes === undefined ? '' : memoryText(bytes), ms(cpuMs)];
  });
  return `${lines.join('\n')}\n${table(head, cells)}`;
}

function communicatorText({ rounds, splits, cacheHits }: PoolStatus): string {
  return [
    counted(rounds, 'round'),
    `${counted(splits, 'communicator')} made`,
    `${counted(cacheHits, 'assignment')} with one that was kept`,
  ].join(', ');
}

function valuesText({ shared, sharedBytes, kept }: PoolStatus['values']): string {
  return `values: ${shared} shared, ${memoryText(sharedBytes)} on each host; ${kept} kept by workers`;
}

function gangText({ id, name, state, workers, worldRanks, taskId, queued, actors }: GangStatus): string {
  const label = name === undefined ? '' : ` ${printable(JSON.stringify(name))}`;
  const who = worldRanks.length === 0 ? `for ${workers} workers` : `workers ${worldRanks.join(', ')}`;
  const runs = `${taskId === undefined ? 'no task' : `task ${taskId}`} running, ${queued} waiting`;
  const has = actors.length === 0 ? '' : `; actors: ${printable(actors.join(', '))}`;
  return `gang ${id}${label}: ${state} ${who}; ${runs}${has}`;
}

function memoryText(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

/** Such as `2 d 03:04:05`. */
function durationText(ms: number): string {
  const days = Math.floor(ms / dayMs);
  return `${days > 0 ? `${days} d ` : ''}${new Date(ms % dayMs).toISOString().slice(11, 19)}`;
}

function table(head: string[], rows: readonly string[][]): string {
  const grid = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) grid.push(row);
  return `${grid.toString()}\n`;
}
