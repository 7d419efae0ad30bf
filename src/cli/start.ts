/** `shoal start`: a pool that runs by itself until `shoal stop`. */
import { counted } from '../grammar.js';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { setTimeout } from '../clock.js';
import type { DashboardOptions } from '../driver/dashboard-options.js';
import { fillDashboard } from '../driver/dashboard-options.js';
import type { StartedPool } from '../driver/prepare-pool.js';
import { preparePool } from '../driver/prepare-pool.js';
import { fillLaunchOptions } from '../driver/options.js';
import type { PublishedPool } from '../driver/pool-files.js';
import { findPool, poolFolder, publishPool } from '../driver/pool-files.js';
import { keptLogs } from '../driver/pool-logs.js';
import { PoolServer } from '../driver/pool-server.js';
import { InvalidArgumentError, LaunchError } from '../errors.js';
import type { Reload } from '../head/pool-events.js';
import type { NodeManagersChoice } from '../launch/nodes.js';
import { nodeIdentity, readProcess } from '../native/proc.js';
import type { StopOrder } from '../protocol/pool-messages.js';
import { serveNode } from '../node-manager/serve-node.js';
import { hostfileOption, hostsOption } from './host-options.js';
import { numberOption, windowOption } from './number-option.js';
import { tell, waiting } from './progress.js';

/** Those that are options of `launch`. */
interface LaunchFlags {
  workers?: number;
  transport?: 'auto' | 'threads' | 'mpi';
  mpiexec?: string;
  window?: number | false;
  logDir?: string;
  reload?: Reload;
  hosts?: readonly string[];
  hostfile?: string;
  nodeManagers?: NodeManagersChoice;
  listen?: string;
}

interface Flags extends LaunchFlags {
  address?: string;
  dashboard?: boolean;
  dashboardPort: number;
  port: number;
  detach?: boolean;
  json?: boolean;
  verbose?: boolean;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const pollMs = 20;
const lostExitCode = 1;
/** Of a process that a signal has ended, as shells have it: more by the signal's number. */
const signalExitCode = 128;

/** The command. */
export function startCommand(): Command {
  return new Command('start')
    .summary('start a pool that runs by itself')
    .description(
      'Start a pool for `connect()` and `shoal submit`, which runs until `shoal stop`, Ctrl-C or SIGTERM. With --address, ' +
        'a node manager for a pool on another node, which runs until that one ends.',
    )
    .option('-n, --workers <number>', 'workers (default: the cores this process may use)', numberOption)
    .option('--transport <name>', 'auto, threads or mpi')
    .option('--mpiexec <command>', 'start processes with this mpiexec, such as mpiexec.mpich')
    .option('--window <bytes>', 'shared window per worker; false: every byte goes over MPI', windowOption)
    .option('--log-dir <dir>', "keep each worker's output there (default: as long as the pool lives)")
    .option(
      '--reload <when>',
      'changed: a task whose module was edited runs its new version; never: what is loaded stays',
    )
    .option(...hostsOption)
    .option(...hostfileOption)
    .option('--node-managers <who>', 'start: started by the pool; wait: by hand, with --address')
    .option('--listen <address>', 'address of this host at which other hosts reach it (default: loopback)')
    .option('--address <host:port>', 'be a node manager of this pool')
    .option('--port <number>', 'port to listen at; 0: any', numberOption, 0)
    .option('--dashboard', 'open a page that shows the pool at work; shoal dashboard prints its address')
    .option('--dashboard-port <number>', 'port of that page; 0: any', numberOption, 0)
    .option('--detach', 'give the terminal back once the pool is up; what it prints goes to ~/.shoal/output')
    .option('--json', 'print one JSON object once the pool is up: address, pid, workers, transport, mpi, dashboard')
    .action(
      async ({ port, address, dashboard, dashboardPort, detach: inBackground, json = false, ...options }: Flags) => {
        delete options.verbose;
        const page = dashboard ? fillDashboard({ port: dashboardPort }) : undefined;
        if (inBackground) process.stdout.write(await waiting('starting the pool', { json }, detach));
        else if (address !== undefined) await manageNode(address, options, json);
        else await serve(port, options, { page, json });
      },
    );
}

/** The page of the pool, and how it is said that the pool is up. */
interface Serving {
  readonly page: DashboardOptions | undefined;
  readonly json: boolean;
}

async function serve(port: number, options: LaunchFlags, { page, json }: Serving): Promise<void> {
  const starting = new AbortController();
  const given = fillLaunchOptions({ ...options, signal: starting.signal });
  const kept = keptLogs(given);
  process.once('exit', kept.remove);
  const filled = { ...given, logDir: kept.folder };
  const prepared = preparePool(filled);
  const server = new PoolServer(prepared.nodes, filled.logDir);
  const signal = signalled();
  const ending = Promise.race([server.stopped, signal]);
  void ending.then(() => {
    starting.abort();
  });
  let published: PublishedPool | undefined;
  let pool: StartedPool;
  let address: string;
  let dashboard: string | null = null;
  try {
    address = await server.open(port, filled.listen);
    const { pid, startTime } = readProcess('self') ?? { pid: process.pid, startTime: -1 };
    const { bootId, pidNamespace } = nodeIdentity();
    const file = publishPool({ address, token: server.token, pid, startTime, bootId, pidNamespace });
    published = file;
    // However this process ends: a pool that is not there is not offered.
    process.once('exit', () => {
      file.takeBack();
    });
    if (filled.nodeManagers === 'wait') {
      const out = json ? process.stderr : process.stdout;
      out.write(`waiting for node managers: shoal start --address ${address}\n`);
    }
    pool = await waiting(
      `starting ${counted(filled.workers, 'worker')}${filled.transport === 'mpi' ? ' under mpiexec' : ''}`,
      { json },
      () => prepared.start(),
    );
    if (page) dashboard = await pool.dashboard(page);
  } catch (error) {
    published?.takeBack();
    server.close();
    throw error;
  }
  server.serve(pool);
  pool.head.on('warning', ({ message }) => process.stderr.write(`${message}\n`));
  const { workers, transport, mpi } = pool.status();
  const what = mpi ? `${mpi.family} ${mpi.version}` : transport;
  const facts = { address, pid: process.pid, workers: workers.length, transport, mpi: mpi ?? null, dashboard };
  const text = `pool of ${counted(workers.length, 'worker')} (${what}) at ${address}; shoal stop ends it\n`;
  const ofPage = dashboard === null ? '' : `dashboard at ${dashboard}\n`;
  process.stdout.write(json ? `${JSON.stringify(facts)}\n` : text + ofPage);
  const order = await Promise.race([ending, pool.head.closingBegun.then(() => undefined)]);
  published.tellEnding();
  // What comes later may hasten the end: a signal here, an order at the server.
  void signal.then(() => pool.head.close(true));
  await pool.head.close(order?.force ?? true, order?.timeoutMs ?? null);
  server.close();
  // Whoever asked for the end waits for it. What a pool that nobody has ended died of, its warning has said.
  process.exit(order ? 0 : lostExitCode);
}

/** Be a node manager until the pool ends or a signal comes; its workers leave first. */
async function manageNode(address: string, options: LaunchFlags, json: boolean): Promise<void> {
  const [needless] = Object.keys(options);
  if (needless !== undefined) {
    throw new InvalidArgumentError(`start: ${needless} belongs to the pool; with --address leave it out`, {
      option: needless,
    });
  }
  const pool = findPool(address);
  const served = await serveNode(pool.address, pool.token);
  const facts = { address: pool.address, pid: process.pid, node: served.node };
  process.stdout.write(
    json
      ? `${JSON.stringify(facts)}\n`
      : `node manager of ${served.node} for the pool at ${pool.address}; Ctrl-C ends it\n`,
  );
  void signalled().then(() => {
    served.leave();
  });
  await served.ended;
  process.exit();
}

/** Resolves at the first signal: tasks are then cancelled. A second one ends the process. */
function signalled(): Promise<StopOrder> {
  return new Promise((done) => {
    for (const signal of signals) {
      process.once(signal, () => {
        tell(`${signal}: ending in order; once more ends it at once`);
        process.once(signal, () => process.exit(signalExitCode + constants.signals[signal]));
        done({ force: true, timeoutMs: null });
      });
    }
  });
}

/** Start the same command as a process of its own session, which prints to a file. Resolves with that when it is up. */
async function detach(): Promise<string> {
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
  while (ended === undefined && !/^(?:(?:pool|node manager) of |\{).*\n/m.test(said())) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  child.unref();
  if (ended === undefined) return said();
  process.stdout.write(said());
  rmSync(path);
  throw new LaunchError(`it did not start (${ended}); what it said stands above`, { ended });
}
