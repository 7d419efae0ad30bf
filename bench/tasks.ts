/**
 * Times empty tasks one after another and many at once, gangs, and the start of a pool. It runs on every transport that
 * is installed, beside piscina and mpi4py.futures. With `--growth` it measures heaps instead. docs/performance.md says
 * what is compared and how.
 */
import { Piscina } from 'piscina';
import { measureGrowth, printGrowth } from './tasks/growth.js';
import type { Growth } from './tasks/growth.js';
import { factsOf, sentenceOf } from './report/machine.js';
import type { BenchOptions, Run } from './rounds/options.js';
import { chosen, readOptions, readRuns } from './rounds/options.js';
import { installedFamilies, poolOptions } from './rounds/pools.js';
import { findMpi4py } from './peers/versions.js';
import type { Contender } from './rounds/rounds.js';
import { runRounds } from './rounds/rounds.js';
import { bareName, bareStart, mpi4pyFutures, piscina, poolContender, poolStart } from './tasks/contenders.js';
import type { Plan } from './tasks/contenders.js';
import { drawTasks, printTasks } from './tasks/report.js';

const budgetUs = 200_000;
const options = readOptions([1, 4, 16, 64, 256, 1024]);
const launchers = installedFamilies();
const pools = poolOptions(launchers, options.workers);

/** Contenders by name, made when they are chosen; several of one name measure different things. */
function makers(plan: Plan): Map<string, () => Promise<Contender[]>> {
  const all = new Map<string, () => Promise<Contender[]>>();
  for (const [name, pool] of pools) {
    all.set(name, async () => [await poolContender(name, pool, plan), poolStart(name, pool)]);
  }
  all.set('piscina', () => Promise.resolve([piscina(plan)]));
  const family = findMpi4py()?.family;
  const underneath = launchers.find((launcher) => launcher.family === family);
  if (underneath) all.set('mpi4py', () => Promise.resolve([mpi4pyFutures(underneath, plan)]));
  for (const launcher of launchers) {
    all.set(bareName(launcher), () => Promise.resolve([bareStart(launcher, plan.workers)]));
  }
  return all;
}

function facts(): Run['facts'] {
  const mpi4py = findMpi4py()?.version;
  return factsOf(launchers, { piscina: Piscina.version, ...(mpi4py && { mpi4py }) });
}

async function measure({ workers, rounds, only, sizes }: BenchOptions): Promise<Run> {
  const atStart = facts();
  const all = makers({ workers, sizes, budgetUs });
  const contenders: Contender[] = [];
  for (const name of chosen([...all.keys()], only)) contenders.push(...(await all.get(name)!()));
  return { facts: atStart, workers, ...(await runRounds(contenders, rounds)) };
}

async function growth({ workers, only, json }: BenchOptions): Promise<void> {
  const atStart = facts();
  const rows: Growth[] = [];
  for (const name of chosen([...pools.keys()], only))
    rows.push(...(await measureGrowth(name, pools.get(name)!, workers)));
  if (json) {
    console.log(JSON.stringify({ facts: atStart, workers, unit: 'bytes', growth: rows }));
    return;
  }
  console.log(`Heap in use after garbage collection, ${workers} workers\n${sentenceOf(atStart)}\n`);
  printGrowth(rows);
}

if (options.growth) {
  await growth(options);
} else {
  const run = options.from.length > 0 ? readRuns(options.from) : await measure(options);
  if (options.json) console.log(JSON.stringify({ ...run, unit: 'microseconds per task' }));
  else printTasks(run);
  if (options.figure !== undefined) drawTasks(options.figure, run);
}
