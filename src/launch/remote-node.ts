/** A node manager in another process, as the head's side holds it. */
import { clearTimeout, setTimeout } from '../clock.js';
import type { RankOperations } from '../errors.js';
import { LaunchError, WorkerDiedError } from '../errors.js';
import { endsWithin } from '../ends-within.js';
import type { NodeIdentity, ProcessUsage } from '../native/proc.js';
import type { NodeEvents, NodeWorkers } from '../node-manager/node-workers.js';
import { WorkerRecord } from '../node-manager/worker-record.js';
import type { Connection } from '../protocol/connection.js';
import type { ToRank } from '../protocol/control-messages.js';
import { decodeError } from '../protocol/decode-error.js';
import { beatMs, Heartbeat } from '../protocol/heartbeat.js';
import type { FromNode, NodeHello, NodeJob, ToNode } from '../protocol/node-messages.js';
import type { TakeTraced, TracedPart } from '../records/take-traced.js';
import type { RecordedRank } from '../records/read-records.js';
import { RemoteValues } from './remote-values.js';

/** How long a node manager may take to answer. */
const askLimitMs = 2_000;

/** How long what a node has noted for a trace is waited for. */
const traceLimitMs = 2_000;

type ToNodeConnection = Connection<FromNode, ToNode>;

/** From its admission to the end of its connection. */
export class RemoteNode {
  readonly identity: NodeIdentity;
  readonly pid: number;
  /** Those that lie on its host. */
  readonly values: RemoteValues;
  readonly #connection: ToNodeConnection;
  readonly #heartbeat: Heartbeat;
  #workers: RemoteWorkers | undefined;
  #job = 0;

  constructor(connection: ToNodeConnection, hello: NodeHello, everyMs: number = beatMs) {
    const { hostname, bootId, pidNamespace, node, pid } = hello;
    this.identity = { hostname, bootId, pidNamespace, node };
    this.pid = pid;
    this.values = new RemoteValues(connection, node, pid);
    this.#connection = connection;
    connection.keepAlive(false);
    connection.send({ type: 'admitted' });
    this.#heartbeat = new Heartbeat(
      () => {
        connection.send({ type: 'beat' });
      },
      () => {
        connection.close();
      },
      everyMs,
    );
  }

  /**
   * Have it take a job's workers on; those of the job before are no more its business.
   *
   * @param elapsedMs - Since the launch of the job.
   */
  open(settings: NodeJob, elapsedMs: () => number, events: NodeEvents): NodeWorkers {
    const job = ++this.#job;
    this.#connection.send({ type: 'open', job, settings });
    this.#workers = new RemoteWorkers(this.#connection, job, settings, elapsedMs, events);
    return this.#workers;
  }

  receive(message: FromNode): void {
    this.#heartbeat.heard();
    if (message.type === 'valueLaid') this.values.laid(message);
    else this.#workers?.receive(message);
  }

  /** Its connection is gone: so are its workers, for all that anybody knows. */
  end(): void {
    this.#heartbeat.stop();
    this.values.lost();
    this.#workers?.lost(`the node manager of ${this.identity.node} (process ${this.pid}) is gone or silent`);
  }

  /** It ends when its connection does. */
  close(): void {
    this.#connection.close();
  }
}

/** One job's workers there. */
class RemoteWorkers implements NodeWorkers {
  readonly entries: readonly WorkerRecord[];
  readonly #connection: ToNodeConnection;
  readonly #job: number;
  readonly #elapsedMs: () => number;
  readonly #events: NodeEvents;
  readonly #gone: Promise<void>;
  #end!: () => void;
  #usage: readonly (ProcessUsage & { readonly worldRank: number })[] = [];
  #stopped: readonly number[] = [];
  /** By number: questions that have no answer yet. */
  readonly #asked = new Map<number, (operations: RankOperations | undefined) => void>();
  #nextRequest = 1;
  /** By world rank: what was told last. */
  readonly #operations = new Map<number, Extract<FromNode, { type: 'operations' }>>();
  #closing = false;
  /** Of the trace that runs. */
  #take: TakeTraced | undefined;
  #endTrace: () => void = () => undefined;

  constructor(
    connection: ToNodeConnection,
    job: number,
    { rows, agents }: NodeJob,
    elapsedMs: () => number,
    events: NodeEvents,
  ) {
    this.#connection = connection;
    this.#job = job;
    this.#elapsedMs = elapsedMs;
    this.#events = events;
    this.#gone = new Promise((resolve) => (this.#end = resolve));
    this.entries = rows.map((row) => new WorkerRecord({ ...row, rank: row.rank - agents }));
  }

  receive(message: FromNode): void {
    if (message.type === 'refusal') this.#events.refused(message.text);
    if (message.type === 'beat') {
      this.#usage = message.usage;
      this.#stopped = message.stopped;
    }
    // What it says of an earlier job may still be on its way.
    if (!('job' in message) || message.job !== this.#job) return;
    const entry = 'worldRank' in message ? this.#entry(message.worldRank) : undefined;
    switch (message.type) {
      case 'connected':
        if (entry) entry.phases.connected = this.#elapsedMs();
        break;
      case 'registered':
        if (!entry) break;
        entry.phases.registered = this.#elapsedMs();
        this.#events.registered(entry.worldRank);
        break;
      case 'operations':
        if (entry) this.#operations.set(entry.worldRank, message);
        break;
      case 'asked':
        this.#asked.get(message.request)?.(message.operations ?? undefined);
        break;
      case 'report':
        if (entry?.living) this.#events.message(entry.worldRank, message.message);
        break;
      case 'died':
        if (entry) this.#died(entry, workerDied(entry, decodeError(message.error)));
        break;
      case 'failed':
        this.#events.failed(launchError(decodeError(message.error)));
        break;
      case 'traced':
        if (message.parts.length > 0) this.#take?.(this.#own(message.parts), message.originMs);
        if (message.isLast) this.#endTrace();
        break;
      case 'gone':
        this.#end();
    }
  }

  send(worldRank: number, message: ToRank): void {
    this.#connection.send({ type: 'send', job: this.#job, worldRank, message });
  }

  kill(worldRank: number, text: string, signal: string): void {
    this.#connection.send({ type: 'kill', job: this.#job, worldRank, text, signal });
  }

  killAll(text: string): void {
    this.#connection.send({ type: 'kill', job: this.#job, worldRank: undefined, text, signal: 'SIGKILL' });
  }

  stopped(): readonly number[] {
    return this.#stopped;
  }

  /** Of a part that ends: its node manager has told it before. */
  operations({ rank, worldRank }: RecordedRank, lease: number, most: number): RankOperations | undefined {
    const told = this.#operations.get(worldRank);
    if (told?.lease !== lease) return undefined;
    return { ...told.operations, rank, worldRank, operations: told.operations.operations.slice(0, most) };
  }

  async trace(take: TakeTraced | undefined): Promise<void> {
    this.#connection.send({ type: 'trace', job: this.#job, isOn: take !== undefined });
    if (take) {
      this.#take = take;
      return;
    }
    await endsWithin(new Promise<void>((resolve) => (this.#endTrace = resolve)), traceLimitMs);
    this.#take = undefined;
  }

  /** It tells of its own workers alone. */
  #own(parts: readonly TracedPart[]): readonly TracedPart[] {
    return parts.filter(({ worldRank }) => worldRank >= 0 && this.#entry(worldRank) !== undefined);
  }

  askOperations(rank: RecordedRank, lease: number, most: number): Promise<RankOperations | undefined> {
    const request = this.#nextRequest++;
    return new Promise((resolve) => {
      const answer = (operations: RankOperations | undefined): void => {
        clearTimeout(timer);
        this.#asked.delete(request);
        resolve(operations && { ...operations, ...rank, operations: operations.operations.slice(0, most) });
      };
      const timer = setTimeout(answer, askLimitMs, undefined);
      this.#asked.set(request, answer);
      this.#connection.send({ type: 'ask', job: this.#job, request, rank, lease, most });
    });
  }

  /** At most one beat old. */
  usage(worldRank: number): ProcessUsage | undefined {
    if (!this.#entry(worldRank)?.living) return undefined;
    return this.#usage.find((each) => each.worldRank === worldRank);
  }

  keepAlive(active: boolean): void {
    this.#connection.keepAlive(active);
  }

  dismiss(): void {
    this.#closing = true;
    this.#connection.send({ type: 'dismiss', job: this.#job });
  }

  gone(): Promise<void> {
    return this.#gone;
  }

  close(): void {
    this.#connection.send({ type: 'close', job: this.#job });
  }

  /** Nobody watches these workers any more. */
  lost(why: string): void {
    for (const answer of [...this.#asked.values()]) answer(undefined);
    for (const entry of this.entries) {
      const { pid, hostname } = entry.row;
      const fields = { worldRank: entry.worldRank, pid, hostname, signal: undefined, exitKind: 'unknown' };
      this.#died(entry, new WorkerDiedError(`process ${pid} on ${hostname} is lost: ${why}`, fields));
    }
    this.#end();
    this.#endTrace();
  }

  #entry(worldRank: number): WorkerRecord | undefined {
    return this.entries.find((entry) => entry.worldRank === worldRank);
  }

  #died(entry: WorkerRecord, error: WorkerDiedError): void {
    if (!entry.living) return;
    entry.living = false;
    if (!this.#closing) this.#events.died(entry.worldRank, error);
  }
}

/** As the node manager has it, whatever that has sent. */
function workerDied({ worldRank, row: { pid, hostname } }: WorkerRecord, error: Error): WorkerDiedError {
  if (error instanceof WorkerDiedError) return error;
  return new WorkerDiedError(error.message, { worldRank, pid, hostname, signal: undefined, exitKind: 'unknown' });
}

function launchError(error: Error): LaunchError {
  return error instanceof LaunchError ? error : new LaunchError(error.message, {}, { cause: error });
}
