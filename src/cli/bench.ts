/** `shoal bench`: what this machine does, for whoever has the package and nothing else. */
import { constants, cpus, loadavg } from 'node:os';
import { Command } from 'commander';
import { integer } from '../driver/check-options.js';
import { InvalidArgumentError, LaunchError, ShoalError } from '../errors.js';
import { show } from '../show.js';
import { detectLauncher, findLaunchers } from '../launch/family.js';
import { usableCores } from '../native/cores.js';
import { packageVersion } from '../version.js';
import { baseline } from './bench-baselines.js';
import { benchPool } from './bench-pool.js';
import type { BenchReport, PoolReport } from './bench-report.js';
import { besides } from './bench-report.js';
import { benchText } from './bench-text.js';
import { numberOption } from './number-option.js';
import { waiting } from './progress.js';
import type { Say } from './progress.js';
import { parseSizes } from './sizes.js';

const transports = ['all', 'threads', 'mpi', 'openmpi', 'mpich'] as const;
type TransportFlag = (typeof transports)[number];

interface Flags {
  readonly workers?: number;
  readonly transport: string;
  readonly mpiexec?: string;
  readonly sizes: string;
  readonly quick?: boolean;
  readonly json?: boolean;
}

const mostWorkers = 256;
const budgetMs = { usual: 500, quick: 60 };

/** The command. */
export function benchCommand(): Command {
  return new Command('bench')
    .summary('measure this machine')
    .description(
      'Measure allreduce and tasks on threads and on each MPI that is here, beside what one thread does alone. Results are ' +
        'verified first. It takes less than a minute.',
    )
    .option('-n, --workers <number>', 'workers (default: the cores this process may use)', numberOption)
    .option('--transport <name>', 'all (what is here), threads, mpi, openmpi or mpich', 'all')
    .option('--mpiexec <command>', 'try this mpiexec too')
    .option('--sizes <list>', 'bytes of the arrays', '64KiB,1MiB,16MiB')
    .option('--quick', 'a few seconds in all, for a first look')
    .option('--json', 'print one JSON object')
    .action(async (flags: Flags) => {
      const sizes = parseSizes(flags.sizes);
      const workers = integer('bench', 'workers', flags.workers ?? usableCores(), 1, mostWorkers);
      const transport = transportOf(flags.transport);
      const report = await interruptible((signal) => {
        return waiting('bench', flags, (say) => measure({ ...flags, sizes, workers, transport }, signal, say));
      });
      if (report) process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : benchText(report));
    });
}

interface Order {
  readonly sizes: readonly number[];
  readonly workers: number;
  readonly transport: TransportFlag;
  readonly mpiexec?: string;
  readonly quick?: boolean;
}

function transportOf(name: string): TransportFlag {
  const found = transports.find((each) => each === name);
  if (found) return found;
  throw new InvalidArgumentError(
    `bench: expected transport to be one of ${transports.join(', ')}, received ${show(name)}`,
    {
      option: 'transport',
    },
  );
}

/** Ctrl-C ends the pool in order; undefined: it has. */
async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const stopping = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    process.exitCode = 128 + constants.signals[signal];
    stopping.abort(new Error(signal));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await run(stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) return undefined;
    throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function measure(order: Order, signal: AbortSignal, say: Say): Promise<BenchReport> {
  const { sizes, workers, transport, quick = false } = order;
  const ms = quick ? budgetMs.quick : budgetMs.usual;
  const [load = 0] = loadavg();
  const contenders = contendersOf(order, say);
  say('one thread alone');
  const baselines = sizes.map((size) => baseline(size, workers, ms / 2));
  const pools: PoolReport[] = [];
  const skipped: { name: string; why: string }[] = [];
  for (const { name, mpiexec } of contenders) {
    signal.throwIfAborted();
    try {
      const figures = await benchPool({ label: name, workers, mpiexec, sizes, budgetMs: ms, signal }, say);
      pools.push(besides(name, figures, baselines));
    } catch (error) {
      // One that is here and does not work keeps nobody from the others.
      if (transport !== 'all' || name === 'threads' || !(error instanceof ShoalError) || signal.aborted) throw error;
      skipped.push({ name, why: `${error.message.split('\n')[0] ?? ''} (${error.code})` });
    }
  }
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
  const machine = { cpu, cores: usableCores(), load, node: process.versions.node, shoal: packageVersion() };
  return { machine, workers, baselines, pools, skipped };
}

/** @throws {@link LaunchError} when what is asked for is not here. */
function contendersOf({ transport, mpiexec }: Order, say: Say): { name: string; mpiexec: string | undefined }[] {
  const threads = [{ name: 'threads', mpiexec: undefined }];
  if (transport === 'threads') return threads;
  say('looking for MPI');
  // A command that is named is to be there.
  if (mpiexec !== undefined) detectLauncher(mpiexec);
  const mpi = findLaunchers(mpiexec)
    .filter(({ family }) => transport === 'all' || transport === 'mpi' || transport === family)
    .map(({ command, family, version }) => ({ name: `${family} ${version}`, mpiexec: command }));
  if (transport === 'all') return [...threads, ...mpi];
  if (mpi.length === 0) {
    throw new LaunchError(`bench: no mpiexec of ${transport} was found; shoal doctor says what is here`, { transport });
  }
  return mpi;
}
