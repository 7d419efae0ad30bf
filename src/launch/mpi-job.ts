/** One MPI job of ours, from `mpiexec` to the last process gone: an epoch of a pool, or a world that runs a script. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jobVariables } from '../env.js';
import type { WorkerDiedError } from '../errors.js';
import { LaunchError, RegistrationTimeoutError } from '../errors.js';
import type { StartPhases } from '../head/worker-side.js';
import type { ProcessUsage } from '../native/proc.js';
import { hostIdentity } from '../native/proc.js';
import type { WorkerReport } from '../node-manager/node-manager.js';
import { NodeManager } from '../node-manager/node-manager.js';
import { tailOf } from '../node-manager/tail.js';
import type { RankRow, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import { newToken } from '../protocol/token.js';
import { endsWithin } from '../worker/ends-within.js';
import { logPath } from '../worker/log-file.js';
import { mpiCommand } from './command-line.js';
import type { MpiLauncher } from './family.js';
import { Mpiexec } from './mpiexec.js';
import { preloadFor } from './preload.js';
import { agentsOf } from './rendezvous.js';
import { checkRows, groupByHost } from './rows.js';

/** How long ranks may take to end when asked, and how long mpiexec after SIGTERM. */
const closeLimitMs = 5_000;
const terminateLimitMs = 3_000;

/** What to start; all filled. */
export interface JobOptions {
  readonly launcher: MpiLauncher;
  readonly ranks: number;
  readonly mpiexecArgs: readonly string[];
  /** Node options of the ranks. */
  readonly execArgv: readonly string[];
  readonly startTimeoutMs: number;
  readonly welcome: Omit<WelcomeMessage, 'type' | 'folder' | 'launcher'>;
}

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
  /** Of this host, in this process. */
  readonly #nodeManager: NodeManager;
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
          const launcher = this.#mpiexec?.identity ?? { pid: -1, startTime: -1 };
          const threads = { ...options.welcome.threads, logDir: this.#logDir };
          return { type: 'welcome', ...options.welcome, threads, folder: this.#folder, launcher };
        },
      },
      {
        gathered: (rows) => {
          this.#gathered(rows);
        },
        registered: () => {
          if (this.#isStarted) this.#started();
        },
        failed: (error) => {
          this.#failed(error);
        },
        message: (worldRank, message) => {
          events.message(worldRank, message);
        },
        died: (worldRank, error) => {
          this.#died(worldRank, error);
        },
        refused: (text) => {
          events.refused(text);
        },
      },
    );
    // mkdtemp makes it with mode 0700: nobody else reaches the socket in it.
    this.#folder = mkdtempSync(join(tmpdir(), 'shoal-'));
  }

  /** Without a folder of the user's, output is kept as long as the job is there, for errors. */
  get #logDir(): string {
    return this.#options.welcome.threads.logDir ?? join(this.#folder, 'logs');
  }

  /** What is known of the workers, by rank; once started. */
  get workers(): readonly { readonly row: RankRow; readonly phases: StartPhases }[] {
    const workers = this.#nodeManager.entries.filter(({ worldRank }) => worldRank >= 0);
    workers.sort((a, b) => a.worldRank - b.worldRank);
    return workers.map(({ watch, phases }) => ({ row: watch.row, phases: phases as StartPhases }));
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
      this.#mpiexec?.relay();
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
    return this.#nodeManager.entry(worldRank)?.living ?? false;
  }

  /** Workers that a signal has stopped. */
  stopped(): number[] {
    return this.#nodeManager.stopped();
  }

  /** What a worker uses; undefined when it is gone. */
  usage(worldRank: number): ProcessUsage | undefined {
    return this.#nodeManager.usage(worldRank);
  }

  send(worldRank: number, message: ToRank): void {
    this.#nodeManager.send(worldRank, message);
  }

  /** End a rank's process at once; it is reported as dead, with this text and signal. */
  kill(worldRank: number, text: string, signal: string): void {
    this.#nodeManager.kill(worldRank, text, signal);
  }

  keepAlive(active: boolean): void {
    this.#mpiexec?.keepAlive(active);
    this.#nodeManager.keepAlive(active);
  }

  /** Resolves when every process and file of the job is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #spawn(): Promise<void> {
    const path = join(this.#folder, 'node');
    await this.#nodeManager.open(path);
    const { launcher, ranks, mpiexecArgs, execArgv } = this.#options;
    const command = mpiCommand(launcher, {
      ranks: ranks + this.#agents,
      program: [process.execPath, ...execArgv, fileURLToPath(import.meta.resolve('#rank-process'))],
      hosts: [],
      hostfile: undefined,
      extraArgs: mpiexecArgs,
      root: process.getuid?.() === 0,
      folder: this.#folder,
      preload: preloadFor(launcher.family, ranks),
    });
    const mpiexec = new Mpiexec(command, jobVariables(path, this.#token));
    this.#mpiexec = mpiexec;
    void mpiexec.exit.then((how) => {
      this.#launcherEnded(how);
    });
  }

  /** The rows have come over MPI: each node manager gets those of its own host. */
  #gathered(rows: readonly RankRow[]): void {
    try {
      checkRows(rows, this.#agents, this.#options.ranks);
      const own = hostIdentity();
      for (const host of groupByHost(rows)) {
        if (host.bootId !== own.bootId || host.pidNamespace !== own.pidNamespace) throw this.#hostError(host.rows);
        this.#nodeManager.adopt(host.rows);
      }
    } catch (error) {
      this.#failed(error as LaunchError);
    }
  }

  get #isStarted(): boolean {
    const registered = this.#nodeManager.entries.filter((entry) => entry.registered);
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
    this.#nodeManager.killAll(`was ended because ${this.#options.launcher.command} had ended (${how})`);
  }

  async #close(): Promise<void> {
    this.keepAlive(true);
    this.#nodeManager.dismiss();
    const ended = Promise.all([this.#mpiexec?.exit, this.#nodeManager.gone()]);
    const orderly = this.#isStarted && (await endsWithin(ended, closeLimitMs));
    if (!orderly) await this.#closeByForce(ended);
    this.#nodeManager.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #closeByForce(ended: Promise<unknown>): Promise<void> {
    this.#mpiexec?.mute();
    this.#mpiexec?.terminate();
    const terminated = await endsWithin(ended, terminateLimitMs);
    this.#mpiexec?.kill();
    if (terminated) return;
    this.#nodeManager.killAll('was ended with its pool');
    await ended;
  }

  #lateError(startTimeoutMs: number): RegistrationTimeoutError {
    const late: { worldRank: number; pid: number | undefined; phase: string }[] = [];
    for (let worldRank = -this.#agents; worldRank < this.#options.ranks; worldRank++) {
      const entry = this.#nodeManager.entry(worldRank);
      if (entry?.registered) continue;
      const phase = entry?.phase(this.#options.welcome.rendezvous) ?? 'its process never came';
      late.push({ worldRank, pid: entry?.watch.row.pid, phase });
    }
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

  #hostError(rows: readonly RankRow[]): LaunchError {
    const hostnames = [...new Set(rows.map(({ hostname }) => hostname))];
    return new LaunchError(
      `mpiexec started workers on ${hostnames.join(', ')}, in another host or pid namespace than this process: a pool is on one host in this version`,
      { hostnames },
    );
  }

  #said(): string {
    const tail = this.#mpiexec?.tail;
    return tail ? `. It said:\n${tail}` : '';
  }
}
