/**
 * One host's node manager: it does for workers that mpiexec has started what a parent does for its children. It knows
 * each by its start-up token, takes its registration, watches its process, signals it, and says how it ended.
 */
import { rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { WorkerDiedError } from '../errors.js';
import { LaunchError } from '../errors.js';
import type { OsAddon } from '../native/os.js';
import { loadOs } from '../native/os.js';
import type { ProcessUsage } from '../native/proc.js';
import { Connection, frameSlackBytes } from '../protocol/connection.js';
import type { FromRank, HelloMessage, RankRow, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import { controlVersion, helloLimitBytes } from '../protocol/control-messages.js';
import { isToken } from '../protocol/token.js';
import { decodeValue } from '../protocol/values.js';
import { WorkerEntry } from './worker-entry.js';
import { WorkerWatch } from './worker-watch.js';

/** Longest path of a Unix socket. */
const socketPathBytes = 107;

/** What a node manager needs to know of its job. */
export interface NodeManagerOptions {
  /** The job's: another epoch has another. */
  readonly token: string;
  /** Ranks of MPI's world, and how many of them, the first, are no workers. */
  readonly worldSize: number;
  readonly agents: number;
  /** What a worker has printed last; empty for nothing. */
  readonly lastOutput: (worldRank: number) => string;
  /** What a process that has shown the token is told. */
  readonly welcome: () => WelcomeMessage;
}

/** Reports of a worker after it has registered. */
export type WorkerReport = Exclude<FromRank, { type: 'hello' | 'mpiReady' | 'gathered' | 'registered' | 'failed' }>;

/** What it reports to the head's side. */
export interface NodeManagerEvents {
  /** The rows of the world have come over MPI. */
  gathered(rows: readonly RankRow[]): void;
  registered(): void;
  /** The start cannot come to its end. */
  failed(error: LaunchError): void;
  message(worldRank: number, message: WorkerReport): void;
  /** A process is proven gone. */
  died(worldRank: number, error: WorkerDiedError): void;
  /** Somebody was cut off who is not, or is no more, one of the job's. */
  refused(text: string): void;
}

/** Opened and closed once. */
export class NodeManager {
  readonly #options: NodeManagerOptions;
  readonly #events: NodeManagerEvents;
  readonly #os: OsAddon;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** By start-up token; a pid is an attribute. */
  readonly #table = new Map<string, WorkerEntry>();
  readonly #ranks = new Map<number, WorkerEntry>();
  #openedAt = 0;
  #closing = false;

  /** @throws {@link UnsupportedError} where the addon is missing. */
  constructor(options: NodeManagerOptions, events: NodeManagerEvents) {
    this.#options = options;
    this.#events = events;
    this.#os = loadOs();
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  /** Every worker that has connected, and the agent. */
  get entries(): readonly WorkerEntry[] {
    return [...this.#table.values()];
  }

  /** Listen at a Unix socket in a folder that nobody else reaches. @throws {@link LaunchError} */
  async open(path: string): Promise<void> {
    if (Buffer.byteLength(path) > socketPathBytes) {
      throw new LaunchError(
        `the path of the pool's socket, ${path}, is too long for the system; set TMPDIR to a shorter one`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
    this.#openedAt = performance.now();
  }

  entry(worldRank: number): WorkerEntry | undefined {
    return this.#ranks.get(worldRank);
  }

  send(worldRank: number, message: ToRank): void {
    this.#ranks.get(worldRank)?.connection.send(message);
  }

  /** End a process at once; it is reported as dead, with this text and signal. */
  kill(worldRank: number, text: string, signal: string): void {
    this.#ranks.get(worldRank)?.watch.kill(text, signal);
  }

  killAll(text: string): void {
    for (const { watch } of this.entries) watch.kill(text, 'SIGKILL');
  }

  /** Workers that a signal has stopped. */
  stopped(): number[] {
    return this.entries.flatMap(({ living, watch, worldRank }) => (living && watch.stopped ? [worldRank] : []));
  }

  /** What a worker uses; undefined when it is gone. */
  usage(worldRank: number): ProcessUsage | undefined {
    return this.#ranks.get(worldRank)?.watch.usage;
  }

  /**
   * Take the workers of these rows on: each must be the process that has connected with its token.
   *
   * @throws {@link LaunchError} before any is told.
   */
  adopt(rows: readonly RankRow[]): void {
    for (const { rank, pid, startTime, hostname, startupToken } of rows) {
      const known = this.#table.get(startupToken)?.watch.row;
      if (known?.rank === rank - this.#options.agents && known.pid === pid && known.startTime === startTime) continue;
      const text = `the row of rank ${rank} (process ${pid} on ${hostname}) is not that of a process that has connected`;
      throw new LaunchError(`${text} as this rank`, { rank });
    }
    const tokens = new Set(rows.map(({ startupToken }) => startupToken));
    for (const entry of this.entries) {
      if (entry.worldRank >= 0 && !tokens.has(entry.watch.row.startupToken)) continue;
      // Its own word of it may still be on its way: it comes over another socket than the rows.
      entry.phases.mpiReady ??= this.#elapsedMs;
      entry.phases.gathered = this.#elapsedMs;
      entry.connection.send({ type: 'adopted' });
    }
  }

  keepAlive(active: boolean): void {
    if (active) this.#server.ref();
    else this.#server.unref();
    for (const { connection } of this.entries) connection.keepAlive(active);
  }

  /** Ask all to leave. From now on nobody is admitted, and no end is reported. */
  dismiss(): void {
    this.#closing = true;
    for (const { connection } of this.entries) connection.send({ type: 'close' });
  }

  /** Resolves when every process is gone. */
  async gone(): Promise<void> {
    await Promise.all(this.entries.map((entry) => entry.gone));
  }

  /** When all processes are gone: remove what they have left. */
  close(): void {
    for (const { files } of this.entries) for (const file of files) rmSync(file, { force: true });
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let entry: WorkerEntry | undefined;
    const connection = new Connection<FromRank, ToRank>(socket, helloLimitBytes, {
      message: (message) => {
        if (entry) this.#receive(entry, message);
        else if (message.type === 'hello') entry = this.#admit(connection, message);
        else connection.close();
      },
      closed: (error) => {
        this.#sockets.delete(socket);
        if (entry) void this.#disconnected(entry, error);
      },
    });
  }

  /** Whoever has the token is one of ours; anybody else is cut off. */
  #admit(connection: Connection<FromRank, ToRank>, { version, token, row }: HelloMessage): WorkerEntry | undefined {
    const why = this.#refusal(version, token, row);
    if (why !== undefined) {
      if (why !== '') this.#events.refused(why);
      connection.close();
      return undefined;
    }
    const welcome = this.#options.welcome();
    connection.trust(welcome.maxMessageBytes + frameSlackBytes);
    const worldRank = row.rank - this.#options.agents;
    const watch = new WorkerWatch(this.#os, { ...row, rank: worldRank });
    const entry = new WorkerEntry(connection, watch, this.#elapsedMs);
    this.#table.set(row.startupToken, entry);
    this.#ranks.set(worldRank, entry);
    connection.send(welcome);
    return entry;
  }

  /** Why a process is not admitted; empty: nobody needs to be told. */
  #refusal(version: number, token: unknown, row: RankRow): string | undefined {
    if (this.#closing) return '';
    const { agents, worldSize } = this.#options;
    if (!isToken(token, this.#options.token)) {
      return 'a process was cut off: the token that it sent is not that of this job';
    }
    const who = `process ${row.pid} on ${row.hostname}`;
    if (version !== controlVersion) {
      const text = `${who} speaks version ${version} of the control protocol, this process ${controlVersion}`;
      this.#events.failed(new LaunchError(text));
      return '';
    }
    const taken = this.#ranks.get(row.rank - agents) ?? this.#table.get(row.startupToken);
    if (taken) {
      const { pid } = taken.watch.row;
      return `${who} was cut off: process ${pid} has registered as rank ${row.rank} or with its start-up token before`;
    }
    if (row.size === worldSize) return undefined;
    const text =
      `asked mpiexec for ${worldSize} ranks, but it started worlds of ${row.size}; ` +
      `mpiexecArgs must not set the number of ranks`;
    this.#events.failed(new LaunchError(text, { expected: worldSize, received: row.size }));
    return '';
  }

  #receive(entry: WorkerEntry, message: FromRank): void {
    const { worldRank, watch, phases } = entry;
    switch (message.type) {
      case 'hello':
        entry.connection.close();
        break;
      case 'mpiReady':
        phases.mpiReady ??= this.#elapsedMs;
        break;
      case 'gathered':
        if (worldRank === -this.#options.agents) this.#events.gathered(message.rows);
        else watch.kill('was ended: it sent rows, which only rank 0 has', 'SIGKILL');
        break;
      case 'registered':
        phases.registered = this.#elapsedMs;
        entry.files = message.files;
        this.#events.registered();
        break;
      case 'failed': {
        const cause = decodeValue(message.error);
        const why = cause instanceof Error ? cause.message : String(cause);
        this.#events.failed(new LaunchError(`worker ${worldRank} could not start: ${why}`, { worldRank }, { cause }));
        break;
      }
      default:
        this.#events.message(worldRank, message);
    }
  }

  async #disconnected(entry: WorkerEntry, error: Error | undefined): Promise<void> {
    const { watch } = entry;
    if (error) watch.kill(`was ended: ${error.message}`, 'SIGKILL');
    await watch.gone();
    const died = watch.error(this.#options.lastOutput(entry.worldRank));
    watch.close();
    entry.end();
    if (!this.#closing) this.#events.died(entry.worldRank, died);
  }

  get #elapsedMs(): number {
    return Math.round(performance.now() - this.#openedAt);
  }
}
