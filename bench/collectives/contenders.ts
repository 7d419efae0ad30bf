/** Who takes part in bench/collectives.ts. */
import type { LaunchOptions } from 'shoal';
import { launch, taskModule } from 'shoal';
import type { MpiLauncher } from '../../src/launch/family.js';
import { threadLevel } from '../../src/native/mpi.js';
import { peerFile, compileC, linesOf, runJob } from '../peers/programs.js';
import { toMeasured } from '../peers/output.js';
import { python } from '../peers/versions.js';
import type { Contender } from '../rounds/rounds.js';
import type { Measured } from '../rounds/samples.js';

const allreduceTask = new URL('./task.ts', import.meta.url);

/** Of each form at the first size, before all sizes run once unmeasured. */
const warmUpUs = 400_000;

/** What a round of each contender does. */
export interface Plan {
  readonly workers: number;
  /** Bytes per rank. */
  readonly sizes: readonly number[];
  /** Microseconds that one form at one size may take, about. */
  readonly budgetUs: number;
}

/**
 * A pool of ours that stays up for all rounds. A round is one task, so that the pool's cost does not count.
 *
 * @param url - The task's module.
 */
export async function poolContender(
  name: string,
  options: LaunchOptions,
  plan: Plan,
  url: URL = allreduceTask,
): Promise<Contender> {
  const task = taskModule<typeof import('./task.js')>(url);
  const pool = await launch(options);
  const { workers, sizes, budgetUs } = plan;
  const run = async (ofSizes: readonly number[], us: number): Promise<Measured[]> => {
    const [first] = await pool.run(task, { workers, args: [ofSizes, us] });
    return first!;
  };
  return {
    name,
    warmUp: async () => {
      await run(sizes.slice(0, 1), warmUpUs);
      await run(sizes, budgetUs);
    },
    round: () => run(sizes, budgetUs),
    close: () => pool.close(),
  };
}

/** A peer without anything that stays up. */
function job(name: string, run: () => Promise<string[][]>): Contender {
  return { name, round: async () => toMeasured(await run()), close: () => Promise.resolve() };
}

const numbers = ({ sizes, budgetUs }: Plan): string[] => [budgetUs, ...sizes].map(String);

/** MPI_Allreduce of one family at one level of thread support, a new job in each round. */
export async function allreduceInC(
  launcher: MpiLauncher,
  level: 'single' | 'serialized',
  plan: Plan,
  folder: string,
): Promise<Contender> {
  const program = await compileC(launcher, 'allreduce', folder);
  const args = [String(threadLevel[level]), ...numbers(plan)];
  return job(cName(launcher, level), () => runJob(launcher, plan.workers, [program, ...args]));
}

/** Name of the C program of a family and level. */
export function cName({ family }: Pick<MpiLauncher, 'family'>, level: 'single' | 'serialized'): string {
  return level === 'single' ? `c-${family}-single` : `c-${family}`;
}

/** What the memory and the cores allow. */
export async function roofline(launcher: MpiLauncher, plan: Plan, folder: string): Promise<Contender> {
  const program = await compileC(launcher, 'roofline', folder);
  return job('roofline', () => runJob(launcher, plan.workers, [program, ...numbers(plan)]));
}

/** mpi4py over the family that it was built for. */
export function mpi4py(launcher: MpiLauncher, plan: Plan): Contender {
  const program = [python, peerFile('allreduce-mpi4py.py'), ...numbers(plan)];
  return job('mpi4py', () => runJob(launcher, plan.workers, program));
}

/** torch's all_reduce over gloo. */
export function gloo(plan: Plan): Contender {
  const args = [peerFile('allreduce-gloo.py'), String(plan.workers), ...numbers(plan)];
  return job('gloo', () => linesOf(python, args));
}
