/**
 * Times an allreduce of float32 sums in every form that Shoal has, on every transport that is installed. Beside it run
 * C programs, the roofline, mpi4py and gloo. docs/performance.md says what is compared and how.
 */
import { drawCollectives, printCollectives } from './collectives/report.js';
import type { Plan } from './collectives/contenders.js';
import { allreduceInC, cName, gloo, mpi4py, poolContender, roofline } from './collectives/contenders.js';
import { withFolder } from './peers/programs.js';
import { factsOf } from './report/machine.js';
import type { BenchOptions, Run } from './rounds/options.js';
import { chosen, readOptions, readRuns, stop } from './rounds/options.js';
import { installedFamilies, poolOptions } from './rounds/pools.js';
import { findGloo, findMpi4py } from './peers/versions.js';
import type { Contender } from './rounds/rounds.js';
import { runRounds } from './rounds/rounds.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Ends the name of a pool with every byte over MPI, which takes part when it is named. */
const wire = '-wire';
const isWire = new RegExp(`${wire}$`);
const budgetUs = 25_000;
const sizes = [
  ...[8, 64, 512, 2 * KIB],
  ...[8 * KIB, 32 * KIB, 64 * KIB],
  ...[128 * KIB, 512 * KIB, 2 * MIB, 8 * MIB],
  ...[16 * MIB, 32 * MIB, 64 * MIB],
];

/** Contenders by name, made when they are chosen. */
function makers(plan: Plan, folder: string): Map<string, () => Contender | Promise<Contender>> {
  const launchers = installedFamilies();
  const all = new Map<string, () => Contender | Promise<Contender>>();
  for (const [name, pool] of poolOptions(launchers, plan.workers)) {
    all.set(name, () => poolContender(name, pool, plan));
    if (name !== 'threads') all.set(name + wire, () => poolContender(name + wire, { ...pool, window: false }, plan));
  }
  for (const launcher of launchers) {
    for (const level of ['serialized', 'single'] as const) {
      all.set(cName(launcher, level), () => allreduceInC(launcher, level, plan, folder));
    }
  }
  const [first] = launchers;
  if (first) all.set('roofline', () => roofline(first, plan, folder));
  const family = findMpi4py()?.family;
  const underneath = launchers.find((launcher) => launcher.family === family);
  if (underneath) all.set('mpi4py', () => mpi4py(underneath, plan));
  if (findGloo() !== undefined) all.set('gloo', () => gloo(plan));
  return all;
}

async function measure({ workers, rounds, only, sizes: wanted }: BenchOptions): Promise<Run> {
  const torch = findGloo();
  const ofMpi4py = findMpi4py()?.version;
  const facts = factsOf(installedFamilies(), { ...(ofMpi4py && { mpi4py: ofMpi4py }), ...(torch && { torch }) });
  return withFolder(async (folder) => {
    const all = makers({ workers, sizes: wanted, budgetUs }, folder);
    const contenders: Contender[] = [];
    for (const name of chosen([...all.keys()], only, isWire)) contenders.push(await all.get(name)!());
    return { facts, workers, ...(await runRounds(contenders, rounds)) };
  });
}

const options = readOptions(sizes);
if (options.growth) stop('--growth is an option of tasks');
const run = options.from.length > 0 ? readRuns(options.from) : await measure(options);
if (options.json) console.log(JSON.stringify({ ...run, unit: 'microseconds per call' }));
else printCollectives(run);
if (options.figure !== undefined) drawCollectives(options.figure, run);
