/** One MPI job of ours, from `mpiexec` to the last process gone: an epoch of a pool, or a world that runs a script. */
import type { RankOperations } from '../errors.js';
import type { RecordedRank } from '../records/read-records.js';
import type { TakeTraced } from '../records/take-traced.js';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from '../clock.js';
import type { WorkerDiedError } from '../errors.js';
import { LaunchError, RegistrationTimeoutError } from '../errors.js';
import type { StartPhases } from '../head/worker-side.js';
import type { ProcessUsage } from '../native/proc.js';
import { makeJobFolder, removeToken, writeToken } from '../native/job-folder.js';
import { removeSharedMemoryOfJob, sweepSharedMemory } from '../native/shared-memory-folder.js';
import { NodeManager } from '../node-manager/node-manager.js';
import type { NodeEvents } from '../node-manager/node-workers.js';
import { tailOf } from '../node-manager/tail.js';
import type { RankRow, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import { nodeSocket } from '../protocol/node-socket.js';
import { newToken } from '../protocol/token.js';
import { logPath } from '../worker/log-file.js';
import { endJob } from './end-job.js';
import type { JobOptions } from './job-options.js';
import type { Mpiexec } from './mpiexec.js';
import type { NodeStatus } from './job-nodes.js';
import { JobNodes } from './job-nodes.js';
import type { RemoteNode } from './remote-node.js';
import { agentsOf } from './choose-rendezvous.js';
import { checkRows, groupByNode } from './rows.js';
import { startRanks } from './start-ranks.js';

/** What a running job reports. */
export interface JobEvents {
  message(worldRank: number, message: WorkerReport): void;
  /** The process of a worker, or of the agent (−1), is proven gone and nobody had asked for that. */
  died(worldRank: number, error: WorkerDiedError): void;
  /** Somebody was cut off who is not, or is no more, one of the job's. */
  refused(text: string): void;
}

/** Started and closed once. */
export class MpiJob {
  readonly #options: JobOptions;
  readonly #events: JobEvents;
  readonly #agents: number;
  readonly #folder: string;
  readonly #token = newToken();
  readonly #madeMs = Date.now();
  /** Of this node, in this process. */
  readonly #nodeManager: NodeManager;
  readonly #jobNodes: JobNodes;
  #mpiexec: Mpiexec | undefined;
  #closing: Promise<void> | undefined;
  #started!: () => void;
  #failed!: (error: Error) => void;

  /** @throws {@link UnsupportedError} where the addon is missing. */
  constructor(options: JobOptions, events: JobEvents) {
    this.#options = options;
    this.#events = events;
    this.#agents = agentsOf(options.welcome.rendezvous);
    this.#nodeManager = new NodeManager(
      {
        token: this.#token,
        worldSize: options.ranks + this.#agents,
        agents: this.#agents,
        lastOutput: (worldRank) => tailOf(logPath(this.#logDir, worldRank)),
        welcome: () => {
          const welcome = this.#welcome();
          return { ...welcome, threads: { ...welcome.threads, logDir: this.#logDir } };
        },
      },
      {
        ...this.#nodeEvents(),
        gathered: (rows) => {
          this.#gathered(rows).catch(this.#failed);
        },
        connected: () => undefined,
      },
    );
    this.#jobNodes = new JobNodes(options.nodes, this.#nodeManager, this.#agents);
    sweepSharedMemory();
    this.#folder = makeJobFolder();
  }

  /** Without a folder of the user's, output is kept as long as the job is there, for errors. */
  get #logDir(): string {
    return this.#options.welcome.threads.logDir ?? join(this.#folder, 'logs');
  }

  /** What is known of the workers, by rank; once started. */
  get workers(): readonly { readonly row: RankRow; readonly phases: StartPhases }[] {
    const workers = this.#jobNodes.entries.filter(({ worldRank }) => worldRank >= 0);
    workers.sort((a, b) => a.worldRank - b.worldRank);
    return workers.map(({ row, phases }) => ({ row, phases: phases as StartPhases }));
  }

  /** The node manager of a worker; undefined: this process. */
  managerOf(worldRank: number): RemoteNode | undefined {
    return this.#jobNodes.managerOf(worldRank);
  }

  /** Which node manager got which rows; once started. */
  get nodes(): readonly NodeStatus[] {
    return this.#jobNodes.status;
  }

  /** Resolves when every rank has registered. @throws {@link LaunchError}; nothing of the job is then left. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const { startTimeoutMs } = this.#options;
    const begun = new Promise<void>((resolve, reject) => {
      this.#started = resolve;
      this.#failed = reject;
    });
    const timer = setTimeout(() => {
      this.#failed(this.#lateError(startTimeoutMs));
    }, startTimeoutMs);
    const abort = (): void => {
      this.#failed(new LaunchError('the launch was aborted by its signal', {}, { cause: signal?.reason }));
    };
    signal?.addEventListener('abort', abort);
    try {
      if (signal?.aborted) abort();
      else await this.#spawn();
      await begun;
      removeToken(this.#folder);
      this.#mpiexec?.started(this.workers[0]?.row.pid ?? -1);
    } catch (error) {
      begun.catch(() => undefined);
      await this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  isLiving(worldRank: number): boolean {
    return this.#jobNodes.entries.some((entry) => entry.worldRank === worldRank && entry.living);
  }

  /** Workers that a signal has stopped. */
  stopped(): number[] {
    return this.#jobNodes.all.flatMap((workers) => workers.stopped());
  }

  /** What a rank has done last, as far as its node manager has told. */
  operations(rank: RecordedRank, lease: number, most: number): RankOperations | undefined {
    return this.#jobNodes.of(rank.worldRank).operations(rank, lease, most);
  }

  /** As of the head's workers' side. */
  async trace(take: TakeTraced | undefined): Promise<void> {
    await Promise.all(this.#jobNodes.all.map((workers) => workers.trace(take)));
  }

  /** The same of a rank that still runs: its node manager is asked. */
  askOperations(rank: RecordedRank, lease: number, most: number): Promise<RankOperations | undefined> {
    return this.#jobNodes.of(rank.worldRank).askOperations(rank, lease, most);
  }

  /** What a worker uses; undefined when it is gone. */
  usage(worldRank: number): ProcessUsage | undefined {
    return this.#jobNodes.of(worldRank).usage(worldRank);
  }

  send(worldRank: number, message: ToRank): void {
    this.#jobNodes.of(worldRank).send(worldRank, message);
  }

  /** End a rank's process at once; it is reported as dead, with this text and signal. */
  kill(worldRank: number, text: string, signal: string): void {
    this.#jobNodes.of(worldRank).kill(worldRank, text, signal);
  }

  /** End every rank's process at once. */
  killAll(text: string): void {
    for (const workers of this.#jobNodes.all) workers.killAll(text);
  }

  keepAlive(active: boolean): void {
    this.#mpiexec?.keepAlive(active);
    for (const workers of this.#jobNodes.all) workers.keepAlive(active);
  }

  /**
   * Resolves when every process and file of the job is gone, and what the ranks have printed is passed on.
   *
   * @param isPatient - Wait for a reader of that who takes nothing for a while, as any process does.
   */
  close(isPatient = true): Promise<void> {
    this.#closing ??= this.#close(isPatient);
    return this.#closing;
  }

  #nodeEvents(): NodeEvents {
    return {
      registered: () => {
        if (this.#isStarted) this.#started();
      },
      failed: (error) => {
        this.#failed(error);
      },
      message: (worldRank, message) => {
        this.#events.message(worldRank, message);
      },
      died: (worldRank, error) => {
        this.#died(worldRank, error);
      },
      refused: (text) => {
        this.#events.refused(text);
      },
    };
  }

  async #spawn(): Promise<void> {
    const folder = this.#folder;
    await this.#nodeManager.open(nodeSocket(folder));
    writeToken(folder, this.#token);
    this.#mpiexec = startRanks(this.#options, this.#agents, folder);
    void this.#mpiexec.exit.then((how) => {
      this.#launcherEnded(how);
    });
  }

  /**
   * The rows have come over MPI. Each node manager gets those of its own node, once all are there. A worker that is
   * adopted waits for the others inside MPI, with a core of its own.
   */
  async #gathered(rows: readonly RankRow[]): Promise<void> {
    const gatheredMs = this.#nodeManager.elapsedMs;
    checkRows(rows, this.#agents, this.#options.ranks);
    const worldSize = this.#options.ranks + this.#agents;
    const nodes = groupByNode(rows);
    const managers = await this.#jobNodes.reach(nodes, (text) => {
      this.#events.refused(text);
    });
    if (this.#closing) return;
    const job = { token: this.#token, worldSize, agents: this.#agents, welcome: this.#welcome() };
    this.#jobNodes.adopt(nodes, managers, job, gatheredMs, this.#nodeEvents());
  }

  #welcome(): WelcomeMessage {
    const launcher = this.#mpiexec?.identity ?? { pid: -1, startTime: -1 };
    return { type: 'welcome', ...this.#options.welcome, folder: this.#folder, launcher };
  }

  get #isStarted(): boolean {
    const registered = this.#jobNodes.entries.filter((entry) => entry.registered);
    return registered.length === this.#options.ranks + this.#agents;
  }

  #died(worldRank: number, died: WorkerDiedError): void {
    const text = `a rank ended before all had registered (dead, probably crashed): ${died.message}${this.#said()}`;
    this.#failed(new LaunchError(text, {}, { cause: died }));
    if (this.#isStarted) this.#events.died(worldRank, died);
  }

  /** Its ranks have lost their launcher: the job is over. */
  #launcherEnded(how: string): void {
    if (this.#closing) return;
    this.#mpiexec?.kill();
    this.#failed(this.#launcherError(how));
    this.killAll(`was ended because ${this.#options.launcher.command} had ended (${how})`);
  }

  async #close(isPatient: boolean): Promise<void> {
    this.keepAlive(true);
    for (const workers of this.#jobNodes.all) workers.dismiss();
    const ended = Promise.all([this.#mpiexec?.ended, ...this.#jobNodes.all.map((workers) => workers.gone())]);
    await endJob({
      mpiexec: this.#mpiexec,
      ended,
      isStarted: this.#isStarted,
      isPatient,
      killAll: (text) => {
        this.killAll(text);
      },
    });
    for (const workers of this.#jobNodes.all) workers.close();
    removeSharedMemoryOfJob(this.#folder, this.#madeMs);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #lateError(startTimeoutMs: number): RegistrationTimeoutError {
    const late = this.#jobNodes.late(this.#options.ranks, this.#options.welcome.rendezvous);
    const list = late.map(({ worldRank, pid, phase }) => {
      const who = worldRank < 0 ? 'the agent' : `worker ${worldRank}`;
      return pid === undefined ? `${who} (${phase})` : `${who} (process ${pid}, alive, probably hanging: ${phase})`;
    });
    return new RegistrationTimeoutError(
      `not registered within startTimeoutMs (${startTimeoutMs} ms): ${list.join(', ')}${this.#said()}`,
      { workers: late, startTimeoutMs },
    );
  }

  #launcherError(how: string): LaunchError {
    const { command } = this.#options.launcher;
    return new LaunchError(`${command} ended (${how}) before every rank was ready${this.#said()}`, { how });
  }

  #said(): string {
    const tail = this.#mpiexec?.tail;
    return tail ? `. It said:\n${tail}` : '';
  }
}
