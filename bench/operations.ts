/**
 * Times the collectives that are no allreduce, on window arrays and plain ones, on every transport that is installed,
 * beside C programs of both MPI families. docs/performance.md says what is compared and how.
 */
import { poolContender } from './collectives/contenders.js';
import { printOperations } from './operations/report.js';
import { toMeasured } from './peers/output.js';
import { compileC, runJob, withFolder } from './peers/programs.js';
import { factsOf } from './report/machine.js';
import type { BenchOptions, Run } from './rounds/options.js';
import { chosen, readOptions, readRuns, stop } from './rounds/options.js';
import { installedFamilies, poolOptions } from './rounds/pools.js';
import type { Contender } from './rounds/rounds.js';
import { runRounds } from './rounds/rounds.js';

const KIB = 1024;
const budgetUs = 15_000;
const sizes = [8, 512, 2 * KIB, 8 * KIB, 64 * KIB, 512 * KIB, 2048 * KIB, 8192 * KIB];
const task = new URL('./operations/task.ts', import.meta.url);

async function measure({ workers, rounds, only, sizes: wanted }: BenchOptions): Promise<Run> {
  const launchers = installedFamilies();
  const facts = factsOf(launchers, {});
  const plan = { workers, sizes: wanted, budgetUs };
  return withFolder(async (folder) => {
    const all = new Map<string, () => Promise<Contender>>();
    for (const [name, pool] of poolOptions(launchers, workers))
      all.set(name, () => poolContender(name, pool, plan, task));
    for (const launcher of launchers) {
      const name = `c-${launcher.family}`;
      all.set(name, async () => {
        const program = await compileC(launcher, 'operations', folder);
        const args = [budgetUs, ...wanted].map(String);
        const round = async () => toMeasured(await runJob(launcher, workers, [program, ...args]));
        return { name, round, close: () => Promise.resolve() };
      });
    }
    const contenders: Contender[] = [];
    for (const name of chosen([...all.keys()], only)) contenders.push(await all.get(name)!());
    return { facts, workers, ...(await runRounds(contenders, rounds)) };
  });
}

const options = readOptions(sizes);
if (options.growth || options.figure !== undefined) stop('operations has neither --growth nor --figure');
const run = options.from.length > 0 ? readRuns(options.from) : await measure(options);
if (options.json) console.log(JSON.stringify({ ...run, unit: 'microseconds per call' }));
else printOperations(run);
