/** Who takes part in bench/tasks.ts. */
import { Piscina } from 'piscina';
import type { LaunchOptions, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import type { MpiLauncher } from '../../src/launch/family.js';
import { peerFile, runJob } from '../peers/programs.js';
import { toMeasured } from '../peers/output.js';
import { python } from '../peers/versions.js';
import type { Contender } from '../rounds/rounds.js';
import type { Measured } from '../rounds/samples.js';
import { median } from '../rounds/samples.js';

/** What a round of each contender does. */
export interface Plan {
  readonly workers: number;
  /** Tasks that are submitted at once. */
  readonly sizes: readonly number[];
  /** Microseconds that one measurement may take, about. */
  readonly budgetUs: number;
}

/** Forms that are measured one at a time, beside `task`. */
export const gangForm = 'gang of 2, allreduce';
/** The same module by one rank: what a gang costs beside it is the gang's. */
export const aloneForm = 'one, allreduce';
export const startForm = 'ready';

const warmUpSizes = [1, 256];
const warmPart = 5;
const fewestSamples = 3;
const empty = new URL('./empty-task.mjs', import.meta.url);
const gang = taskModule<typeof import('./gang-task.js')>(new URL('./gang-task.ts', import.meta.url));

/** Run batches of so many tasks and await each batch. Microseconds per task, the median of the batches. */
async function timeBatches(run: (value: number) => Promise<void>, atOnce: number, budgetUs: number): Promise<number> {
  const batch = async (): Promise<number> => {
    const begun = performance.now();
    await Promise.all(Array.from({ length: atOnce }, (_, i) => run(i)));
    return ((performance.now() - begun) * 1000) / atOnce;
  };
  const warmUntil = performance.now() + budgetUs / 1000 / warmPart;
  do await batch();
  while (performance.now() < warmUntil);
  const us: number[] = [];
  const until = performance.now() + budgetUs / 1000;
  while (us.length < fewestSamples || performance.now() < until) us.push(await batch());
  return median(us);
}

async function measureTasks(run: (value: number) => Promise<unknown>, plan: Plan): Promise<Measured[]> {
  const checked = async (value: number): Promise<void> => {
    const result = await run(value);
    if (result !== value) throw new Error(`a task returned ${String(result)}, not ${value}`);
  };
  const rows: Measured[] = [];
  for (const at of plan.sizes) rows.push({ form: 'task', at, us: await timeBatches(checked, at, plan.budgetUs) });
  return rows;
}

async function measureGang(pool: Pool, workers: number, { budgetUs }: Plan): Promise<Measured> {
  const checked = async (value: number): Promise<void> => {
    const sums = await pool.run(gang, { workers, args: [value + 1] });
    const expected = workers * (value + 1);
    if (sums.length !== workers || sums.some((sum) => sum !== expected)) throw new Error(`wrong sums ${String(sums)}`);
  };
  return { form: workers === 1 ? aloneForm : gangForm, at: 1, us: await timeBatches(checked, 1, budgetUs) };
}

/** A pool of ours that stays up for all rounds. */
export async function poolContender(name: string, options: LaunchOptions, plan: Plan): Promise<Contender> {
  const pool = await launch(options);
  const one = async (value: number): Promise<unknown> => (await pool.run(empty, { args: [value] }))[0];
  const round = async (): Promise<Measured[]> => {
    const tasks = await measureTasks(one, plan);
    if (plan.workers < 2) return tasks;
    return [...tasks, await measureGang(pool, 1, plan), await measureGang(pool, 2, plan)];
  };
  const warmUp = async (): Promise<void> => {
    await measureTasks(one, { ...plan, sizes: warmUpSizes });
  };
  return { name, warmUp, round, close: () => pool.close() };
}

/** From `launch` to a pool that is ready, a new pool in each round. */
export function poolStart(name: string, options: LaunchOptions): Contender {
  const round = async (): Promise<Measured[]> => {
    const begun = performance.now();
    const pool = await launch(options);
    const us = (performance.now() - begun) * 1000;
    await pool.close();
    return [{ form: startForm, at: 1, us }];
  };
  return { name, round, close: () => Promise.resolve() };
}

/** From `mpiexec` to its end, over a Node script that initialises and finalises MPI. */
export function bareStart(launcher: MpiLauncher, workers: number): Contender {
  const round = async (): Promise<Measured[]> => {
    const begun = performance.now();
    await runJob(launcher, workers, [process.execPath, peerFile('init-mpi.mjs')]);
    return [{ form: startForm, at: 1, us: (performance.now() - begun) * 1000 }];
  };
  return { name: bareName(launcher), round, close: () => Promise.resolve() };
}

/** Name of the bare start of a family. */
export function bareName({ family }: Pick<MpiLauncher, 'family'>): string {
  return `mpiexec-${family}`;
}

/** Piscina with its defaults and as many threads. */
export function piscina(plan: Plan): Contender {
  const { workers } = plan;
  const pool = new Piscina<number, number>({ filename: empty.href, minThreads: workers, maxThreads: workers });
  const one = (value: number): Promise<number> => pool.run(value);
  return {
    name: 'piscina',
    warmUp: async () => {
      await measureTasks(one, { ...plan, sizes: warmUpSizes });
    },
    round: () => measureTasks(one, plan),
    close: () => pool.destroy(),
  };
}

/** mpi4py.futures: the master and as many workers, over the family that mpi4py was built for. */
export function mpi4pyFutures(launcher: MpiLauncher, { workers, budgetUs, sizes }: Plan): Contender {
  const given = [budgetUs, ...sizes].map(String);
  const program = [python, '-m', 'mpi4py.futures', peerFile('tasks-mpi4py.py'), ...given];
  const round = async (): Promise<Measured[]> => toMeasured(await runJob(launcher, workers + 1, program));
  return { name: 'mpi4py', round, close: () => Promise.resolve() };
}
