/** One MPI job of ours, from `mpiexec` to the last process gone: an epoch of a pool, or a world that runs a script. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jobVariables } from '../env.js';
import type { WorkerDiedError } from '../errors.js';
import { LaunchError } from '../errors.js';
import type { OsAddon } from '../native/os.js';
import { loadOs } from '../native/os.js';
import { Connection } from '../protocol/connection.js';
import type { FromRank, HelloMessage, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import { controlVersion, helloLimitBytes } from '../protocol/control-messages.js';
import { decodeValue } from '../protocol/values.js';
import { endsWithin } from '../worker/ends-within.js';
import { mpiCommand } from './command-line.js';
import type { MpiLauncher } from './family.js';
import { Mpiexec } from './mpiexec.js';
import { preloadFor } from './preload.js';
import { RankWatch } from './rank-watch.js';

/** How long ranks may take to end when asked, and how long mpiexec after SIGTERM. */
const closeLimitMs = 5_000;
const terminateLimitMs = 3_000;
/** Longest path of a Unix socket. */
const socketPathBytes = 107;
/** What a frame holds besides the user's bytes. */
const frameSlackBytes = 1024 * 1024;

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

/** Reports of a rank after it has registered. */
export type RankReport = Exclude<FromRank, { type: 'hello' | 'registered' | 'failed' }>;

/** What a running job reports. */
export interface JobEvents {
  message(rank: number, message: RankReport): void;
  /** The rank's process is proven gone and nobody had asked for that. */
  died(rank: number, error: WorkerDiedError): void;
}

interface Rank {
  readonly connection: Connection<FromRank, ToRank>;
  readonly watch: RankWatch;
  /** Resolves when the process is gone; `end` resolves it. */
  readonly gone: Promise<void>;
  readonly end: () => void;
  registered: boolean;
  living: boolean;
  files: readonly string[];
}

/** Started and closed once. */
export class MpiJob {
  readonly #options: JobOptions;
  readonly #events: JobEvents;
  readonly #os: OsAddon;
  readonly #folder: string;
  readonly #token = randomBytes(32).toString('hex');
  readonly #server: Server;
  readonly #ranks = new Map<number, Rank>();
  readonly #sockets = new Set<Socket>();
  #mpiexec: Mpiexec | undefined;
  #closing: Promise<void> | undefined;
  #started!: () => void;
  #failed!: (error: Error) => void;

  /** @throws {@link UnsupportedError} where the addon is missing. */
  constructor(options: JobOptions, events: JobEvents) {
    this.#options = options;
    this.#events = events;
    this.#os = loadOs();
    // mkdtemp makes it with mode 0700: nobody else reaches the socket in it.
    this.#folder = mkdtempSync(join(tmpdir(), 'shoal-'));
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  /** The rows of all ranks, by rank; once started. */
  get rows(): readonly RankWatch['row'][] {
    return [...this.#ranks.values()].map(({ watch }) => watch.row).sort((a, b) => a.rank - b.rank);
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

  isLiving(rank: number): boolean {
    return this.#ranks.get(rank)?.living ?? false;
  }

  /** Ranks that a signal has stopped. */
  stopped(): number[] {
    return [...this.#ranks].flatMap(([rank, { living, watch }]) => (living && watch.stopped ? [rank] : []));
  }

  send(rank: number, message: ToRank): void {
    this.#ranks.get(rank)?.connection.send(message);
  }

  /** End a rank's process at once; it is reported as dead, with this text and signal. */
  kill(rank: number, text: string, signal: string): void {
    this.#ranks.get(rank)?.watch.kill(text, signal);
  }

  keepAlive(active: boolean): void {
    if (active) this.#server.ref();
    else this.#server.unref();
    this.#mpiexec?.keepAlive(active);
    for (const { connection } of this.#ranks.values()) connection.keepAlive(active);
  }

  /** Resolves when every process and file of the job is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #spawn(): Promise<void> {
    const path = join(this.#folder, 'head');
    if (Buffer.byteLength(path) > socketPathBytes) {
      throw new LaunchError(
        `the path of the pool's socket, ${path}, is too long for the system; set TMPDIR to a shorter one`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
    const { launcher, ranks, mpiexecArgs, execArgv } = this.#options;
    const command = mpiCommand(launcher, {
      ranks,
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

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let rank: Rank | undefined;
    const connection = new Connection<FromRank, ToRank>(socket, helloLimitBytes, {
      message: (message) => {
        if (rank) this.#receive(rank, message);
        else if (message.type === 'hello') rank = this.#admit(connection, message);
        else connection.close();
      },
      closed: (error) => {
        this.#sockets.delete(socket);
        if (rank) void this.#disconnected(rank, error);
      },
    });
  }

  /** Whoever has the token is one of ours; anybody else is cut off. */
  #admit(connection: Connection<FromRank, ToRank>, { version, token, row }: HelloMessage): Rank | undefined {
    const [given, own] = [Buffer.from(typeof token === 'string' ? token : ''), Buffer.from(this.#token)];
    const known = given.length === own.length && timingSafeEqual(given, own);
    if (!known || this.#closing || this.#ranks.has(row.rank)) {
      connection.close();
      return undefined;
    }
    const { ranks, welcome } = this.#options;
    if (version !== controlVersion || row.size !== ranks) {
      this.#failed(this.#worldError(version, row.size));
      connection.close();
      return undefined;
    }
    connection.trust(welcome.maxMessageBytes + frameSlackBytes);
    let end!: () => void;
    const gone = new Promise<void>((resolve) => (end = resolve));
    const rank: Rank = {
      connection,
      watch: new RankWatch(this.#os, row),
      gone,
      end,
      registered: false,
      living: true,
      files: [],
    };
    this.#ranks.set(row.rank, rank);
    const launcher = this.#mpiexec?.identity ?? { pid: -1, startTime: -1 };
    connection.send({ type: 'welcome', ...welcome, folder: this.#folder, launcher });
    return rank;
  }

  #receive(rank: Rank, message: FromRank): void {
    const { row } = rank.watch;
    switch (message.type) {
      case 'hello':
        rank.connection.close();
        break;
      case 'registered':
        rank.registered = true;
        rank.files = message.files;
        if (this.#registered === this.#options.ranks) this.#started();
        break;
      case 'failed': {
        const cause = decodeValue(message.error);
        const why = cause instanceof Error ? cause.message : String(cause);
        this.#failed(new LaunchError(`rank ${row.rank} could not start: ${why}`, { worldRank: row.rank }, { cause }));
        break;
      }
      default:
        this.#events.message(row.rank, message);
    }
  }

  get #registered(): number {
    return [...this.#ranks.values()].filter(({ registered }) => registered).length;
  }

  async #disconnected(rank: Rank, error: Error | undefined): Promise<void> {
    const { watch } = rank;
    if (error) watch.kill(`was ended: ${error.message}`, 'SIGKILL');
    await watch.gone();
    rank.living = false;
    const died = watch.error();
    watch.close();
    rank.end();
    if (this.#closing) return;
    this.#failed(new LaunchError(`a rank ended before all had registered: ${died.message}`, {}, { cause: died }));
    if (this.#registered === this.#options.ranks) this.#events.died(watch.row.rank, died);
  }

  /** Its ranks have lost their launcher: the job is over. */
  #launcherEnded(how: string): void {
    if (this.#closing) return;
    this.#mpiexec?.kill();
    this.#failed(this.#launcherError(how));
    for (const { watch } of this.#ranks.values()) {
      watch.kill(`was ended because ${this.#options.launcher.command} had ended (${how})`, 'SIGKILL');
    }
  }

  async #close(): Promise<void> {
    this.keepAlive(true);
    const mpiexec = this.#mpiexec;
    for (const { connection } of this.#ranks.values()) connection.send({ type: 'close' });
    const ended = Promise.all([mpiexec?.exit, ...[...this.#ranks.values()].map(({ gone }) => gone)]);
    const unregistered = this.#registered < this.#options.ranks;
    const orderly = !unregistered && (await endsWithin(ended, closeLimitMs));
    if (!orderly) await this.#closeByForce(ended);
    for (const { files } of this.#ranks.values()) for (const file of files) rmSync(file, { force: true });
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #closeByForce(ended: Promise<unknown>): Promise<void> {
    this.#mpiexec?.mute();
    this.#mpiexec?.terminate();
    const terminated = await endsWithin(ended, terminateLimitMs);
    this.#mpiexec?.kill();
    if (terminated) return;
    for (const { watch } of this.#ranks.values()) watch.kill('was ended with its pool', 'SIGKILL');
    await ended;
  }

  #lateError(startTimeoutMs: number): LaunchError {
    const late = Array.from({ length: this.#options.ranks }, (_, rank) => {
      const known = this.#ranks.get(rank);
      if (known?.registered) return undefined;
      const { pid, hostname } = known?.watch.row ?? {};
      return known ? `${rank} (process ${pid} on ${hostname}, joining MPI)` : `${rank} (never came)`;
    }).filter((text) => text !== undefined);
    return new LaunchError(
      `rank ${late.join(', ')} was not ready within startTimeoutMs (${startTimeoutMs} ms)${this.#said()}`,
      { late: late.length },
    );
  }

  #launcherError(how: string): LaunchError {
    const { command } = this.#options.launcher;
    return new LaunchError(`${command} ended (${how}) before every rank was ready${this.#said()}`, { how });
  }

  #worldError(version: number, size: number): LaunchError {
    const { ranks, launcher } = this.#options;
    if (version !== controlVersion) {
      return new LaunchError(
        `a rank speaks version ${version} of the control protocol, this process ${controlVersion}`,
      );
    }
    return new LaunchError(
      `asked ${launcher.command} for ${ranks} ranks, but it started worlds of ${size}; mpiexecArgs must not set the number of ranks`,
      { expected: ranks, received: size },
    );
  }

  #said(): string {
    const tail = this.#mpiexec?.tail;
    return tail ? `. It said:\n${tail}` : '';
  }
}
