/** `shoal start`: a pool that runs by itself until `shoal stop`. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { startPool } from '../driver/launch.js';
import { fillLaunchOptions } from '../driver/options.js';
import { poolFolder, publishPool } from '../driver/pool-files.js';
import { PoolServer } from '../driver/pool-server.js';
import { LaunchError } from '../errors.js';
import { readProcess } from '../native/proc.js';
import { numberOption, windowOption } from './number-option.js';

interface Flags {
  workers?: number;
  transport?: 'auto' | 'threads' | 'mpi';
  mpiexec?: string;
  window?: number | false;
  logDir?: string;
  port: number;
  detach?: boolean;
}

const signals = ['SIGINT', 'SIGTERM'] as const;
const lookMs = 20;

/** The command. */
export function startCommand(): Command {
  return new Command('start')
    .summary('start a pool that runs by itself')
    .description('Start a pool for `connect()` and `shoal submit`. It runs until `shoal stop`, Ctrl-C or SIGTERM.')
    .option('-n, --workers <number>', 'workers (default: the cores this process may use)', numberOption)
    .option('--transport <name>', 'auto, threads or mpi')
    .option('--mpiexec <command>', 'start processes with this mpiexec, such as mpiexec.mpich')
    .option('--window <bytes>', 'shared window per worker; false: every byte goes over MPI', windowOption)
    .option('--log-dir <dir>', "keep each worker's output there, for `shoal logs`")
    .option('--port <number>', 'port on the loopback interface; 0: any', numberOption, 0)
    .option('--detach', 'give the terminal back once the pool is up; what it prints goes to ~/.shoal/output')
    .action(async ({ port, detach: inBackground, ...options }: Flags) => {
      if (inBackground) await detach();
      else await serve(port, options);
    });
}

async function serve(port: number, options: Omit<Flags, 'port' | 'detach'>): Promise<void> {
  const filled = fillLaunchOptions(options);
  const pool = await startPool(filled);
  const server = new PoolServer(pool, filled.logDir);
  let takeBack: () => void;
  let address: string;
  try {
    address = await server.open(port);
    const { pid } = process;
    takeBack = publishPool({ address, token: server.token, pid, startTime: readProcess('self')?.startTime ?? -1 });
  } catch (error) {
    server.close();
    await pool.head.close(true);
    throw error;
  }
  pool.head.on('warning', ({ message }) => process.stderr.write(`${message}\n`));
  const { workers, transport, mpi } = pool.status();
  const what = mpi ? `${mpi.family} ${mpi.version}` : transport;
  process.stdout.write(`pool of ${workers.length} workers (${what}) at ${address}; shoal stop ends it\n`);
  const force = await Promise.race([server.stopped, signalled()]);
  takeBack();
  await pool.head.close(force);
  server.close();
  // Whoever asked for the end waits for it.
  process.exit();
}

/** Resolves at the first signal: tasks are then cancelled. A second one ends the process. */
function signalled(): Promise<boolean> {
  return new Promise((done) => {
    for (const signal of signals) {
      process.once(signal, () => {
        process.stderr.write(`${signal}: ending the pool; once more ends it at once\n`);
        done(true);
      });
    }
  });
}

/** Start the same command as a process of its own session, which prints to a file, and wait until it is up. */
async function detach(): Promise<void> {
  const path = join(poolFolder('output'), `${Date.now()}-${process.pid}.log`);
  const file = openSync(path, 'wx', 0o600);
  const args = process.argv.slice(1).filter((argument) => argument !== '--detach');
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  let ended: string | undefined;
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended = signal ?? `exit code ${code}`));
  const said = (): string => readFileSync(path, 'utf8');
  while (ended === undefined && !/^pool of .*\n/m.test(said())) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  process.stdout.write(said());
  child.unref();
  if (ended === undefined) return;
  rmSync(path);
  throw new LaunchError(`the pool did not start (${ended}); what it said stands above`, { ended });
}
