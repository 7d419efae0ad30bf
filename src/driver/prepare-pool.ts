/** What a launched pool consists of, and how it starts. */
import { statSync } from 'node:fs';
import { nowMs } from '../clock.js';
import { becomeDriver, findRuntime } from '../collective/scope.js';
import { LaunchError, UnsupportedError } from '../errors.js';
import { Head } from '../head/head.js';
import type { StartPhases, WorkerEvents, WorkerSide } from '../head/worker-side.js';
import { detectLauncher } from '../launch/family.js';
import type { Nodes } from '../launch/nodes.js';
import { processOptions } from '../launch/process-options.js';
import { ProcessWorkers } from '../launch/process-workers.js';
import { launchedRank } from '../worker/launcher-environment.js';
import { threadWorkers } from '../worker/thread-workers.js';
import type { DashboardSource } from './dashboard-news.js';
import type { DashboardOptions } from './dashboard-options.js';
import type { FilledLaunchOptions, LaunchOptions } from './options.js';
import { fillLaunchOptions } from './options.js';
import { Pool } from './pool.js';
import type { PoolMetrics } from './pool-metrics.js';
import type { PoolStats } from './pool-stats.js';
import { poolStats } from './pool-stats.js';
import type { HeadStatus, PoolFacts, PoolStatus } from './pool-status.js';
import type { PoolViews } from './pool-views.js';

/** As `launch`. */
export async function launchPool(options: LaunchOptions): Promise<Pool> {
  const filled = fillLaunchOptions(options);
  const { head, dashboard, ...views } = await preparePool(filled).start();
  try {
    const dashboardUrl = filled.dashboard && (await dashboard(filled.dashboard));
    return new Pool(head, { ...views, dashboardUrl });
  } catch (error) {
    await head.close(true);
    throw error;
  }
}

/** A pool of this process. */
export interface StartedPool extends PoolViews {
  readonly head: Head;
  /** Open its dashboard, which ends with the pool. Resolves with its address, of the one that is open if there is one. */
  readonly dashboard: (options: DashboardOptions) => Promise<string>;
  /** What its page and `shoal top` are told. It is kept from the first call until the pool ends. */
  readonly watch: () => Promise<DashboardSource>;
}

/** A pool that can be started. */
export interface PreparedPool {
  /** Where node managers that are started by hand are admitted; undefined with threads. */
  readonly nodes: Nodes | undefined;
  /** @throws As {@link launch}. */
  start(): Promise<StartedPool>;
}

/** Choose the workers of a pool. @throws As {@link launch}. */
export function preparePool(filled: FilledLaunchOptions): PreparedPool {
  const runtime = findRuntime();
  if (runtime?.worker || runtime?.storage.getStore() || (launchedRank(process.env)?.size ?? 1) > 1) {
    throw new UnsupportedError(
      'launch: a task, a script under `shoal run`, or one of several ranks under mpiexec cannot launch a pool of its own. ' +
        'Return what is to be done to the driver and let it run further tasks, or start the driver with plain node',
    );
  }
  assertWorkingDirectory();
  becomeDriver();
  const { workers, facts, starts, nodes } = makeWorkers(filled);
  const start = async (): Promise<StartedPool> => {
    await workers.start(filled.signal);
    const head = new Head(workers, { ...filled, collectiveTimeoutMs: filled.timeoutMs });
    workers.report(head);
    workers.keepAlive(false);
    const begun = nowMs();
    const status = (): PoolStatus => ({
      address: undefined,
      head: headStatus(begun),
      ...facts(),
      ...head.status(),
      ...head.groups.counts,
    });
    const stats = (): PoolStats => poolStats(Math.round(nowMs() - begun), head.status(), head.stats);
    let figures: PoolMetrics | undefined;
    const metrics = async (): Promise<string> => {
      // Loaded when somebody asks.
      const loaded = await import('./pool-metrics.js');
      figures ??= new loaded.PoolMetrics(status, stats, starts);
      return figures.text();
    };
    let watched: Promise<DashboardSource> | undefined;
    const watch = (): Promise<DashboardSource> => {
      watched ??= import('./dashboard-news.js').then(({ watchPool }) => {
        return watchPool({ head, status, stats }, filled.logDir);
      });
      return watched;
    };
    let opened: Promise<string> | undefined;
    const dashboard = (where: DashboardOptions): Promise<string> => {
      opened ??= openFor(head, watch, where);
      return opened;
    };
    return {
      head,
      dashboard,
      watch,
      status,
      metrics,
      stats: () => Promise.resolve(stats()),
      explain: (taskId) => head.explain(taskId),
      startTrace: (maxEvents) => {
        const recording = head.startTrace(maxEvents);
        return Promise.resolve(() => head.endTrace(recording));
      },
      maxMessageBytes: filled.maxMessageBytes,
    };
  };
  return { nodes, start };
}

/** Loaded when somebody asks. @throws {@link LaunchError} when the port is taken. */
async function openFor(head: Head, watch: () => Promise<DashboardSource>, where: DashboardOptions): Promise<string> {
  const [{ openDashboard }, source] = await Promise.all([import('./dashboard-server.js'), watch()]);
  const opened = await openDashboard(where, source);
  void head.closingBegun
    .then(() => head.close(false))
    .then(() => {
      opened.close();
    });
  return opened.url;
}

function headStatus(begun: number): HeadStatus {
  const { user, system } = process.cpuUsage();
  return {
    pid: process.pid,
    uptimeMs: Math.round(nowMs() - begun),
    rssBytes: process.memoryUsage.rss(),
    cpuMs: Math.round((user + system) / 1000),
  };
}

/** Workers that can be started. */
interface Startable extends WorkerSide {
  start(signal: AbortSignal | undefined): Promise<void>;
  report(events: WorkerEvents): void;
}

function makeWorkers(filled: FilledLaunchOptions): {
  workers: Startable;
  facts: () => PoolFacts;
  starts: () => readonly StartPhases[];
  nodes: Nodes | undefined;
} {
  if (filled.transport === 'threads') {
    const workers = threadWorkers(filled.workers, filled.windowBytes, filled.startTimeoutMs, filled);
    const facts = (): PoolFacts => ({
      epoch: 1,
      transport: 'threads',
      mpi: undefined,
      rendezvous: undefined,
      nodes: [],
    });
    return { workers, facts, starts: () => [], nodes: undefined };
  }
  const launcher = detectLauncher(filled.mpiexec);
  const options = processOptions(launcher, filled, undefined);
  const { rendezvous } = options.welcome;
  const workers = new ProcessWorkers(options);
  const { family, version } = launcher;
  const mpi = { family, version };
  const facts = (): PoolFacts => {
    return { epoch: workers.epoch, transport: 'mpi', mpi, rendezvous, nodes: workers.nodes };
  };
  return { workers, facts, starts: () => workers.starts, nodes: options.nodes };
}

/** No thread and no launcher of MPI starts in a folder that was removed, and none of them says so. */
function assertWorkingDirectory(): void {
  try {
    statSync(process.cwd());
  } catch (cause) {
    // What may not be looked at is there.
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') return;
    throw new LaunchError(
      'expected the working directory of this process to exist, but it was removed, and workers cannot start in it; ' +
        'call process.chdir first, or start the program in another folder',
      {},
      { cause },
    );
  }
}
