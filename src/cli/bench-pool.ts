/** One pool of `shoal bench`: it is started, measured and ended. */
import { pathToFileURL } from 'node:url';
import { assetPath } from '../asset.js';
import { nowMs } from '../clock.js';
import { launch } from '../driver/launch.js';
import { taskModule } from '../driver/task-module.js';
import { bytes as bytesText } from '../view/format.js';
import { median } from './bench-baselines.js';
import type * as benchTask from './bench-task.js';
import type { Say } from './progress.js';

const latencyBytes = 8;
/** Tasks that are under way at the same time. */
const atOnce = 500;
const taskLimitMs = 120_000;

/** Which pool, and for how long each figure is taken. */
export interface BenchOptions {
  readonly label: string;
  readonly workers: number;
  /** Undefined: threads. */
  readonly mpiexec: string | undefined;
  readonly sizes: readonly number[];
  readonly budgetMs: number;
  readonly signal: AbortSignal;
}

/** Figures of a pool, in microseconds. */
export interface BenchFigures {
  readonly startMs: number;
  readonly allreduce: readonly {
    readonly bytes: number;
    readonly isBlocking: boolean;
    readonly us: number;
    readonly isInWindow: boolean;
  }[];
  /** From `run` to the result, of a task that does nothing. */
  readonly taskUs: number;
  readonly tasksPerSecond: number;
  /** The same of a gang of 2 ranks with one allreduce of 8 bytes; undefined: there is one worker. */
  readonly gangUs: number | undefined;
}

/** Start a pool and measure it. What ends it early is its error. @param say - Is told what is measured. */
export async function benchPool(options: BenchOptions, say: Say): Promise<BenchFigures> {
  const { label, workers, mpiexec, sizes, budgetMs, signal } = options;
  say(`${label}: starting ${workers} workers`);
  const begun = nowMs();
  const transport = mpiexec === undefined ? 'threads' : 'mpi';
  // Files of this package do not change, and are not looked at where it is installed.
  const pool = await launch({
    workers,
    transport,
    ...(mpiexec !== undefined && { mpiexec }),
    reload: 'never',
    signal,
  });
  const startMs = nowMs() - begun;
  const end = (): void => void pool.close({ force: true });
  signal.addEventListener('abort', end, { once: true });
  try {
    const module = taskModule<typeof benchTask>(pathToFileURL(assetPath('#bench-task')));
    const allreduce: BenchFigures['allreduce'][number][] = [];
    const cases = [[latencyBytes, true] as const, ...[latencyBytes, ...sizes].map((size) => [size, false] as const)];
    for (const [bytes, isBlocking] of cases) {
      say(`${label}: allreduce of ${bytesText(bytes)}`);
      const args: [number, boolean, number] = [bytes, isBlocking, budgetMs];
      const ranks = await pool.run(module, { export: 'allreduce', workers, args, timeoutMs: taskLimitMs });
      // A call is over when its slowest rank is.
      const slowest = ranks[0]?.us.map((_, batch) => Math.max(...ranks.map(({ us }) => us[batch] ?? NaN)));
      const isInWindow = ranks.every((rank) => rank.isInWindow);
      allreduce.push({ bytes, isBlocking, us: median(slowest ?? []), isInWindow });
    }
    say(`${label}: tasks`);
    const nothing = (): Promise<unknown> => pool.run(module, { export: 'nothing', args: [] });
    const gang = async (): Promise<void> => {
      const sums = await pool.run(module, { export: 'sum', workers: 2, args: [1] });
      if (sums.some((sum) => sum !== 2)) throw new Error(`a sum of two ranks is ${sums.join(' and ')}, not 2`);
    };
    return {
      startMs,
      allreduce,
      taskUs: await oneByOne(budgetMs, nothing),
      tasksPerSecond: await manyAtOnce(budgetMs, nothing),
      gangUs: workers < 2 ? undefined : await oneByOne(budgetMs, gang),
    };
  } finally {
    signal.removeEventListener('abort', end);
    await pool.close({ force: true });
  }
}

async function oneByOne(budgetMs: number, run: () => Promise<unknown>): Promise<number> {
  for (let warm = 0; warm < 20; warm++) await run();
  const times: number[] = [];
  const begun = nowMs();
  while (times.length < 3 || nowMs() - begun < budgetMs) {
    const at = nowMs();
    await run();
    times.push((nowMs() - at) * 1_000);
  }
  return median(times);
}

async function manyAtOnce(budgetMs: number, run: () => Promise<unknown>): Promise<number> {
  const rates: number[] = [];
  const begun = nowMs();
  while (rates.length < 3 || nowMs() - begun < budgetMs) {
    const at = nowMs();
    await Promise.all(Array.from({ length: atOnce }, run));
    rates.push((atOnce / (nowMs() - at)) * 1_000);
  }
  return median(rates);
}
