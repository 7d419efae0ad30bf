/** Options of `launch`, `run` and `submit`: from what the user gives to what the parts need, every field filled. */
import { counted } from '../grammar.js';
import { totalmem } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { longestTimerMs } from '../clock.js';
import { environment } from '../env.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { usableCores } from '../native/cores.js';
import type { Reload } from '../head/pool-events.js';
import type { Host } from '../launch/command-line.js';
import { listenAddress, parseHosts } from '../launch/hosts.js';
import type { NodeManagersChoice } from '../launch/nodes.js';
import type { OnWorkerLost } from '../launch/epochs.js';
import type { RendezvousChoice } from '../launch/choose-rendezvous.js';
import type { Unawaited } from '../protocol/thread-messages.js';
import type { CommunicatorKind } from '../protocol/round-messages.js';
import { windowBytesFor } from '../backend/window/window-bytes.js';
import type { DashboardOptions } from './dashboard-options.js';
import { fillDashboard } from './dashboard-options.js';
import {
  ownOptions,
  checkSignal,
  filePath,
  first,
  folder,
  integer,
  limit,
  oneOf,
  text,
  texts,
} from './check-options.js';

/**
 * Options of {@link launch}. Precedence: option, `SHOAL_…` variable, default; `null` means no limit.
 *
 * @example
 * const options: LaunchOptions = { workers: 2, timeoutMs: 60_000, resourceLimits: { maxOldGenerationSizeMb: 256 } };
 * await using pool = await launch(options);
 */
export interface LaunchOptions {
  /** Workers of the pool; default: the cores this process may use. */
  readonly workers?: number | undefined;
  /**
   * `'threads'`: worker threads of this process. `'mpi'`: processes that `mpiexec` starts. Default `'auto'`: mpi when
   * `mpiexec` is given, else threads.
   */
  readonly transport?: 'auto' | 'threads' | 'mpi' | undefined;
  /** The command that starts the processes, such as `'mpiexec.mpich'`; default: the first that is there. */
  readonly mpiexec?: string | undefined;
  /** Arguments for it, before ours. */
  readonly mpiexecArgs?: readonly string[] | undefined;
  /**
   * How the processes' rows come to the head over MPI. With `'accept-connect'` (Open MPI alone) and `'intercomm'` they
   * come to an agent that is one rank more, with `'gather'` to worker 0. Default `'auto'`: by the family.
   */
  readonly rendezvous?: RendezvousChoice | undefined;
  /** Hosts and how many workers each gets, such as `['node1:4', 'node2:4']`; default: all on this host. */
  readonly hosts?: readonly string[] | undefined;
  /** A hostfile of `mpiexec`, instead of `hosts`; the first host in it is this one. */
  readonly hostfile?: string | undefined;
  /**
   * Who starts the node managers of other nodes. `'start'` (default): the head, through `mpiexec`, when it knows which
   * there are. `'wait'`: the user, by `shoal start --address`, before or after.
   */
  readonly nodeManagers?: NodeManagersChoice | undefined;
  /**
   * Address of this host at which other hosts reach it; default: loopback, or with other hosts the first that is not.
   */
  readonly listen?: string | undefined;
  /**
   * When a worker is lost, others go on with their tasks (Open MPI). `'restart'` (default): all processes are started
   * again as soon as they are idle. `'continue'` (Open MPI): only when a task wants more workers than are left. Of no
   * effect with threads, where a lost one is replaced alone.
   */
  readonly onWorkerLost?: OnWorkerLost | undefined;
  /** How often in a row the processes are started again after the loss of one, default 3. */
  readonly maxRestarts?: number | undefined;
  /**
   * Bytes of shared window per worker; default: the least of 256 MiB, a quarter of memory per worker, and what fits 4
   * GiB. `false` (transport `mpi`): every byte goes over MPI.
   */
  readonly window?: number | false | undefined;
  /** Limit for the start in milliseconds, default 60,000. */
  readonly startTimeoutMs?: number | undefined;
  /** Default limit of every collective in milliseconds, default 1,800,000. */
  readonly timeoutMs?: number | null | undefined;
  /** Time from a cancel or time-out until a task that goes on is ended by force, in milliseconds, default 2,000. */
  readonly graceMs?: number | undefined;
  /** Tasks that may wait, default 10,000. */
  readonly maxQueue?: number | null | undefined;
  /** Bytes of arguments that may wait, default 256 MiB. */
  readonly maxQueueBytes?: number | null | undefined;
  /** Bytes of one task's arguments or of one rank's result, default 256 MiB. */
  readonly maxMessageBytes?: number | null | undefined;
  /** Bytes of all data that `pool.share` lays on a host, default a quarter of this host's memory. */
  readonly maxSharedBytes?: number | null | undefined;
  /**
   * How a task gets its communicator: `'split'` (default): every worker calls MPI_Comm_split, as the RFC has it;
   * `'create-group'`: its members alone call MPI_Comm_create_group. Of no effect with threads.
   */
  readonly communicator?: CommunicatorKind | undefined;
  /** Communicators kept for further tasks on the same workers, default 64; 0 makes one for every task. */
  readonly communicatorCache?: number | undefined;
  /**
   * Limit of each step of a communicator round in milliseconds, default 10,000: a worker that does not answer is put
   * aside.
   */
  readonly roundTimeoutMs?: number | undefined;
  /**
   * What is done about a task whose function ends while collectives of it are in flight. `'warn'` (default): the pool
   * warns, since the results depend on luck. `'error'`: the task fails. A call that was not awaited and is over by then
   * cannot be told.
   */
  readonly unawaited?: Unawaited | undefined;
  /**
   * What is done about a task whose module has changed, or a file that it imports. `'changed'` (default): workers that
   * have loaded another version get new threads first, so that all ranks run what is there now. `'never'`: what is
   * loaded stays. Files of `node_modules` are not checked.
   */
  readonly reload?: Reload | undefined;
  /** Limits of each task thread's JavaScript heap. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Variables added to the workers' environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Node options of the workers; default: this process's. */
  readonly execArgv?: readonly string[] | undefined;
  /**
   * Folder, made if its parent is there, where each worker's output is kept as `worker-N.log`, besides being printed;
   * 10 MiB and three older ones each.
   */
  readonly logDir?: string | undefined;
  /**
   * Open a page that shows the pool at work; `pool.dashboardUrl` is its address. `true`: at any port of 127.0.0.1; `host`
   * may be a loopback address alone. Default `false`.
   */
  readonly dashboard?: boolean | { readonly port?: number | undefined; readonly host?: string | undefined } | undefined;
  /** Aborts the launch; afterwards it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a launch, filled and checked. */
export interface FilledLaunchOptions {
  readonly workers: number;
  readonly transport: 'threads' | 'mpi';
  readonly mpiexec: string | undefined;
  readonly mpiexecArgs: readonly string[];
  readonly rendezvous: RendezvousChoice;
  readonly hosts: readonly Host[];
  readonly hostfile: string | undefined;
  readonly nodeManagers: NodeManagersChoice;
  readonly listen: string;
  readonly onWorkerLost: OnWorkerLost;
  readonly maxRestarts: number;
  readonly windowBytes: number | false;
  readonly startTimeoutMs: number;
  readonly timeoutMs: number | null;
  readonly graceMs: number;
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
  readonly maxMessageBytes: number;
  readonly maxSharedBytes: number;
  readonly communicator: CommunicatorKind;
  readonly communicatorCache: number;
  readonly roundTimeoutMs: number;
  readonly unawaited: Unawaited;
  readonly reload: Reload;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly logDir: string | undefined;
  readonly dashboard: DashboardOptions | undefined;
  readonly signal: AbortSignal | undefined;
}

const rendezvousChoices: readonly RendezvousChoice[] = ['auto', 'accept-connect', 'intercomm', 'gather'];
const MIB = 1024 * 1024;
const maxWorkers = 256;

/** Names of all options of `launch`. */
export const launchOptionNames: readonly (keyof LaunchOptions)[] = [
  'workers',
  'transport',
  'mpiexec',
  'mpiexecArgs',
  'rendezvous',
  'hosts',
  'hostfile',
  'nodeManagers',
  'listen',
  'onWorkerLost',
  'maxRestarts',
  'window',
  'startTimeoutMs',
  'timeoutMs',
  'graceMs',
  'maxQueue',
  'maxQueueBytes',
  'maxMessageBytes',
  'maxSharedBytes',
  'communicator',
  'communicatorCache',
  'roundTimeoutMs',
  'unawaited',
  'reload',
  'resourceLimits',
  'env',
  'execArgv',
  'logDir',
  'dashboard',
  'signal',
];

/** Check and fill. @throws {@link InvalidArgumentError}, {@link LaunchError} */
export function fillLaunchOptions(given: LaunchOptions): FilledLaunchOptions {
  const options = ownOptions('launch', given, launchOptionNames);
  const env = environment();
  const mpiexec = text('mpiexec', first<unknown>(options.mpiexec, env.mpiexec, undefined));
  const hosts = parseHosts(texts('hosts', options.hosts));
  const hostfile = filePath('hostfile', options.hostfile);
  const workers = workerCount(first(options.workers, env.workers, undefined), hosts, hostfile);
  return {
    workers,
    transport: transport(
      first(options.transport, env.transport, 'auto'),
      mpiexec !== undefined || hosts.length > 0 || hostfile !== undefined,
    ),
    mpiexec,
    mpiexecArgs: texts('mpiexecArgs', options.mpiexecArgs),
    rendezvous: oneOf('launch', 'rendezvous', options.rendezvous ?? 'auto', rendezvousChoices),
    hosts,
    hostfile,
    nodeManagers: oneOf('launch', 'nodeManagers', options.nodeManagers ?? 'start', ['start', 'wait']),
    listen: text('listen', options.listen) ?? listenAddress(hosts, hostfile),
    onWorkerLost: oneOf('launch', 'onWorkerLost', options.onWorkerLost ?? 'restart', ['restart', 'continue']),
    maxRestarts: integer('launch', 'maxRestarts', first(options.maxRestarts, undefined, 3), 0, 1_000_000),
    windowBytes: windowBytesFor(first<number | false | undefined>(options.window, env.window, undefined), workers),
    startTimeoutMs: Math.min(
      limit('launch', 'startTimeoutMs', options.startTimeoutMs, 60_000, false) ?? Infinity,
      longestTimerMs,
    ),
    timeoutMs: limit(
      'launch',
      'timeoutMs',
      first<number | null | undefined>(options.timeoutMs, env.timeoutMs, undefined),
      1_800_000,
    ),
    graceMs: integer('launch', 'graceMs', first(options.graceMs, env.graceMs, 2_000), 0, longestTimerMs),
    maxQueue: limit('launch', 'maxQueue', options.maxQueue, 10_000) ?? Infinity,
    maxQueueBytes: limit('launch', 'maxQueueBytes', options.maxQueueBytes, 256 * MIB) ?? Infinity,
    maxMessageBytes: limit('launch', 'maxMessageBytes', options.maxMessageBytes, 256 * MIB) ?? Infinity,
    maxSharedBytes: limit('launch', 'maxSharedBytes', options.maxSharedBytes, totalmem() / 4) ?? Infinity,
    communicator: oneOf('launch', 'communicator', options.communicator ?? 'split', ['split', 'create-group']),
    roundTimeoutMs: integer('launch', 'roundTimeoutMs', options.roundTimeoutMs ?? 10_000, 1, longestTimerMs),
    communicatorCache: integer(
      'launch',
      'communicatorCache',
      first(options.communicatorCache, undefined, 64),
      0,
      65_536,
    ),
    unawaited: oneOf('launch', 'unawaited', options.unawaited ?? 'warn', ['warn', 'error']),
    reload: oneOf('launch', 'reload', options.reload ?? 'changed', ['changed', 'never']),
    resourceLimits: options.resourceLimits,
    env: options.env,
    execArgv: options.execArgv,
    logDir: folder(options.logDir),
    dashboard: fillDashboard(options.dashboard),
    signal: checkSignal('launch', options.signal),
  };
}

/** Those of the hosts, where hosts are named. */
function workerCount(given: number | undefined, hosts: readonly Host[], hostfile: string | undefined): number {
  if (hosts.length > 0 && hostfile !== undefined) {
    throw new InvalidArgumentError('launch: expected hosts or hostfile, received both', { option: 'hostfile' });
  }
  const places = hosts.reduce((sum, { ranks }) => sum + ranks, 0);
  const workers = integer('launch', 'workers', first(given, undefined, places || usableCores()), 1, maxWorkers);
  if (places === 0 || places === workers) return workers;
  throw new InvalidArgumentError(
    `launch: expected hosts for ${counted(workers, 'worker')}, received hosts for ${places}; leave workers out, or say hosts such as 'node7:${workers}'`,
    { option: 'hosts' },
  );
}

function transport(name: string, namesLauncher: boolean): 'threads' | 'mpi' {
  if (name === 'threads' || name === 'mpi') return name;
  if (name === 'auto') return namesLauncher ? 'mpi' : 'threads';
  throw new InvalidArgumentError(`launch: expected transport to be auto, threads or mpi, received ${show(name)}`, {
    option: 'transport',
  });
}
