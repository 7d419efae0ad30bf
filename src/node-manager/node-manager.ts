/**
 * One host's node manager: it does for workers that mpiexec has started what a parent does for its children. It knows
 * each by its start-up token, takes its registration, watches its process, signals it, and says how it ended.
 */
import { rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { nowMs, setTimeout } from '../clock.js';
import type { RankOperations } from '../errors.js';
import { LaunchError } from '../errors.js';
import type { OsAddon } from '../native/os.js';
import { loadOs } from '../native/os.js';
import type { ProcessUsage } from '../native/proc.js';
import { Connection, frameSlackBytes } from '../protocol/connection.js';
import type { FromRank, RankRow, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import { helloLimitBytes } from '../protocol/control-messages.js';
import { fromRank } from '../protocol/control-shapes.js';
import { decodeError } from '../protocol/decode-error.js';
import { Gate } from '../protocol/gate.js';
import { protocolVersion } from '../protocol/greeting.js';
import type { Mailboxes } from './mailboxes.js';
import { openMailboxes } from './mailboxes.js';
import type { NodeRecords } from './node-records.js';
import { openRecords } from './node-records.js';
import type { NodeEvents, NodeWorkers } from './node-workers.js';
import type { RecordedRank } from '../records/read-records.js';
import type { TakeTraced } from '../records/take-traced.js';
import { WorkerEntry } from './worker-entry.js';
import { WorkerTable } from './worker-table.js';
import { WorkerWatch } from './worker-watch.js';

/** Longest path of a Unix socket. */
const socketPathBytes = 107;
/** Wrong tokens that are told of: a stranger may come as often as it likes. */
const toldStrangers = 10;
/** Besides the ranks of the job, which may all come at once. */
const spareStrangers = 64;
/** How often a process that has not connected is polled. */
const pollMs = 20;

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

/** What it reports to the head's side. */
export interface NodeManagerEvents extends NodeEvents {
  /** The rows of the world have come over MPI. */
  gathered(rows: readonly RankRow[]): void;
  /** A process has connected. */
  connected(worldRank: number): void;
}

/** Opened and closed once. */
export class NodeManager implements NodeWorkers {
  readonly #options: NodeManagerOptions;
  readonly #events: NodeManagerEvents;
  readonly #os: OsAddon;
  readonly #server: Server;
  readonly #gate: Gate;
  readonly #sockets = new Set<Socket>();
  readonly #table: WorkerTable;
  #mailboxes: Mailboxes | undefined;
  #records: NodeRecords | undefined;
  #wrongTokens = 0;
  #openedAt = 0;
  #closing = false;

  /** @throws {@link UnsupportedError} where the addon is missing. */
  constructor(options: NodeManagerOptions, events: NodeManagerEvents) {
    this.#options = options;
    this.#events = events;
    this.#os = loadOs();
    const { token, worldSize, agents } = options;
    this.#table = new WorkerTable(agents);
    this.#gate = new Gate(
      { token, roles: ['rank'], maxStrangers: worldSize + spareStrangers },
      {
        admitted: (socket) => {
          this.#accept(socket);
        },
        refused: (why, version) => {
          this.#refused(why, version);
        },
      },
    );
    this.#server = createServer((socket) => {
      this.#gate.receive(socket);
    });
  }

  /** Every worker that has connected, and the agent. */
  get entries(): readonly WorkerEntry[] {
    return this.#table.entries;
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
    this.#openedAt = nowMs();
  }

  entry(worldRank: number): WorkerEntry | undefined {
    return this.#table.at(worldRank);
  }

  send(worldRank: number, message: ToRank): void {
    const entry = this.#table.at(worldRank);
    if (message.type === 'end') entry?.mailbox?.ended();
    if (message.type === 'assign' && entry?.mailbox?.assign(message)) return;
    entry?.connection?.send(message);
  }

  kill(worldRank: number, text: string, signal: string): void {
    this.#table.at(worldRank)?.watch.kill(text, signal);
  }

  killAll(text: string): void {
    for (const { watch } of this.entries) watch.kill(text, 'SIGKILL');
  }

  stopped(): number[] {
    return this.entries.flatMap(({ living, watch, worldRank }) => (living && watch.stopped ? [worldRank] : []));
  }

  usage(worldRank: number): ProcessUsage | undefined {
    return this.#table.at(worldRank)?.watch.usage;
  }

  operations(rank: RecordedRank, lease: number, most: number): RankOperations | undefined {
    return this.#records?.read(rank, lease, most);
  }

  trace(take: TakeTraced | undefined): Promise<void> {
    const worldRanks = this.entries.map(({ worldRank }) => worldRank).filter((worldRank) => worldRank >= 0);
    this.#records?.trace(worldRanks, take);
    return Promise.resolve();
  }

  askOperations(rank: RecordedRank, lease: number, most: number): Promise<RankOperations | undefined> {
    return Promise.resolve(this.operations(rank, lease, most));
  }

  /**
   * Take the workers of these rows on: each must be the process that has connected with its token.
   *
   * @param gatheredMs - When the rows came, since the launch.
   * @throws {@link LaunchError} before any is told.
   */
  adopt(rows: readonly RankRow[], gatheredMs: number = this.elapsedMs): void {
    for (const row of rows) {
      if (this.#table.entryOf(row)) continue;
      const { rank, pid, hostname } = row;
      const text = `the row of rank ${rank} (process ${pid} on ${hostname}) is not that of a process that has connected`;
      throw new LaunchError(`${text} as this rank`, { rank });
    }
    const tokens = new Set(rows.map(({ startupToken }) => startupToken));
    for (const entry of this.entries) {
      if (entry.worldRank >= 0 && !tokens.has(entry.row.startupToken)) continue;
      entry.phases.gathered = gatheredMs;
      entry.connection?.send({ type: 'adopted' });
    }
  }

  /** Take these workers on before they have connected: each is watched from now on, and let in when it comes. */
  expect(rows: readonly RankRow[]): void {
    for (const row of rows) {
      const entry = this.#enter(row);
      entry.phases.mpiReady = entry.phases.gathered = this.elapsedMs;
      void this.#watchUntilConnected(entry);
    }
  }

  async #watchUntilConnected(entry: WorkerEntry): Promise<void> {
    while (!entry.connection && entry.living) {
      if (entry.watch.ended) await this.#ended(entry);
      else await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  keepAlive(active: boolean): void {
    if (active) this.#server.ref();
    else this.#server.unref();
    for (const { connection } of this.entries) connection?.keepAlive(active);
  }

  dismiss(): void {
    this.#closing = true;
    for (const { connection } of this.entries) connection?.send({ type: 'close' });
  }

  async gone(): Promise<void> {
    await Promise.all(this.entries.map((entry) => entry.gone));
  }

  close(): void {
    for (const { files } of this.entries) for (const file of files) rmSync(file, { force: true });
    for (const socket of this.#sockets) socket.destroy();
    this.#mailboxes?.close();
    this.#records?.close();
    this.#gate.close();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let entry: WorkerEntry | undefined;
    const connection = new Connection<FromRank, ToRank>(socket, helloLimitBytes, fromRank, {
      message: (message) => {
        if (entry) this.#receive(entry, message);
        else if (message.type === 'hello') entry = this.#admit(connection, message.row);
        else connection.close();
      },
      closed: (error) => {
        this.#sockets.delete(socket);
        if (!entry) return;
        if (error) entry.watch.kill(`was ended: ${error.message}`, 'SIGKILL');
        void this.#ended(entry);
      },
    });
  }

  /** It has not the job's token, or is of another version. */
  #refused(why: 'token' | 'version', version: number): void {
    if (this.#closing) return;
    if (why === 'token') {
      const more = ++this.#wrongTokens === toldStrangers ? '; this is not said again' : '';
      if (this.#wrongTokens > toldStrangers) return;
      this.#events.refused(`a process was cut off: the token that it sent is not that of this job${more}`);
      return;
    }
    const versions = `version ${version} of the protocol, this process version ${protocolVersion}`;
    const text = `a rank of this job speaks ${versions}; use the same version of shoal on every node`;
    this.#events.failed(new LaunchError(text, { expected: protocolVersion, received: version }));
  }

  /** Whoever has shown the token is one of ours, if its row is. */
  #admit(connection: Connection<FromRank, ToRank>, row: RankRow): WorkerEntry | undefined {
    const why = this.#refusal(row);
    if (why !== undefined) {
      if (why !== '') this.#events.refused(why);
      connection.close();
      return undefined;
    }
    const welcome = this.#options.welcome();
    connection.trust(welcome.maxMessageBytes + frameSlackBytes);
    const expected = this.#table.entryOf(row);
    const entry = expected ?? this.#enter(row);
    entry.connection = connection;
    entry.phases.connected = this.elapsedMs;
    this.#events.connected(entry.worldRank);
    connection.send(welcome);
    if (expected) connection.send({ type: 'adopted' });
    return entry;
  }

  #enter(row: RankRow): WorkerEntry {
    const worldRank = row.rank - this.#options.agents;
    const entry = new WorkerEntry(new WorkerWatch(this.#os, { ...row, rank: worldRank }));
    this.#table.add(entry);
    return entry;
  }

  /** Why a process is not admitted; empty: nobody needs to be told. */
  #refusal(row: RankRow): string | undefined {
    if (this.#closing) return '';
    const { worldSize } = this.#options;
    const who = `process ${row.pid} on ${row.hostname}`;
    const taken = this.#table.holderOf(row);
    if (taken && (taken.connection !== undefined || taken !== this.#table.entryOf(row))) {
      const { pid } = taken.row;
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
    // What the task thread has put there comes before what the control thread says after it.
    this.#empty(entry);
    switch (message.type) {
      case 'hello':
        entry.connection?.close();
        break;
      case 'mpiReady':
        phases.mpiReady ??= this.elapsedMs;
        break;
      case 'gathered':
        if (worldRank === -this.#options.agents) {
          // The word of others may still be on its way: it comes over other sockets than the rows.
          for (const other of this.entries) other.phases.mpiReady ??= this.elapsedMs;
          this.#events.gathered(message.rows);
        } else watch.kill('was ended: it sent rows, which only rank 0 has', 'SIGKILL');
        break;
      case 'registered':
        phases.registered = this.elapsedMs;
        entry.files = message.files;
        this.#openRecords(entry);
        if (message.window) this.#openMailbox(entry);
        this.#events.registered(worldRank);
        break;
      case 'attached':
        entry.mailbox?.attached(message.ends);
        break;
      case 'failed': {
        const cause = decodeError(message.error);
        const text = `worker ${worldRank} could not start: ${cause.message}`;
        this.#events.failed(new LaunchError(text, { worldRank }, { cause }));
        break;
      }
      default:
        if (message.type === 'outcome') entry.mailbox?.settled();
        else if (message.type === 'gone') entry.mailbox?.gone(message.lease);
        else if (message.type === 'posted') entry.mailbox?.posted();
        this.#events.message(worldRank, message);
    }
  }

  /** The agent makes no calls. */
  #openRecords(entry: WorkerEntry): void {
    if (entry.worldRank < 0) return;
    const { worldSize, agents } = this.#options;
    this.#records ??= openRecords(this.#os, worldSize - agents);
    if (this.#records) entry.connection?.send(this.#records.message);
  }

  /** Tasks and outcomes of a worker of a pool no longer pass its control thread. */
  #openMailbox(entry: WorkerEntry): void {
    const { worldSize, agents, welcome } = this.#options;
    if (entry.mailbox || welcome().script) return;
    this.#mailboxes ??= openMailboxes(this.#os, worldSize - agents, () => {
      for (const each of this.#table.entries) this.#empty(each);
    });
    const added = this.#mailboxes?.add(entry.worldRank);
    if (!added) return; // its tasks go over the connection
    entry.mailbox = added.mailbox;
    entry.connection?.send(added.message);
  }

  #empty(entry: WorkerEntry): void {
    let message;
    try {
      message = entry.mailbox?.take();
    } catch (error) {
      entry.watch.kill(`was ended: ${(error as Error).message}`, 'SIGKILL');
      return;
    }
    if (message) this.#events.message(entry.worldRank, message);
  }

  /** A process is gone, or has closed its socket. */
  async #ended(entry: WorkerEntry): Promise<void> {
    await entry.watch.gone();
    const died = entry.watch.error(this.#options.lastOutput(entry.worldRank));
    entry.watch.close();
    entry.end();
    if (!this.#closing) this.#events.died(entry.worldRank, died);
  }

  get elapsedMs(): number {
    return Math.round(nowMs() - this.#openedAt);
  }
}
