/** The head of a pool in another process, as this one sees it. */
import { EventEmitter } from 'node:events';
import { setTimeout } from '../clock.js';
import { endsWithin } from '../ends-within.js';
import { ClosedError, MessageTooLargeError } from '../errors.js';
import type { StoreContent } from '../native/value-stores.js';
import { isLiving } from '../native/proc.js';
import { announce } from '../head/announce.js';
import type { HeadEvents } from '../head/pool-events.js';
import type { TaskExplanation } from '../head/explanations.js';
import type { TraceDocument } from '../head/trace-document.js';
import { Gang } from '../head/gang.js';
import { Task } from '../head/task.js';
import type { Connection } from '../protocol/connection.js';
import type { FromPool, GangSpec, StopOrder, TaskRecord, TaskSpec, ToPool } from '../protocol/pool-messages.js';
import { decodeError } from '../protocol/decode-error.js';
import { decodeValue } from '../protocol/values.js';
import { encodeError } from '../protocol/error-value.js';
import type { DashboardNews } from './dashboard-news.js';
import type { PoolBackend } from './pool-backend.js';
import type { PoolAddress } from './pool-files.js';
import { isSeen } from './pool-files.js';
import type { PoolStatus } from './pool.js';
import type { PoolStats } from './pool-stats.js';
import { RemoteTrace } from './remote-trace.js';

const pollMs = 10;
/** How long the pool may take to end tasks that are cancelled; those that go on fail here when the connection ends. */
const closeLimitMs = 30_000;

/** Ends when its connection does: tasks that are under way then fail here, and are cancelled there. */
export class RemoteHead extends EventEmitter<HeadEvents> implements PoolBackend {
  readonly maxMessageBytes: number;
  /** Folder of the workers' output, on the pool's host; undefined: it is not kept. */
  readonly logDir: string | undefined;
  /** As last heard of; at most a tenth of a second old while tasks run. */
  status: PoolStatus;
  readonly #pool: PoolAddress;
  readonly #connection: Connection<FromPool, ToPool>;
  readonly #session: string;
  readonly #tasks = new Map<string, Task>();
  readonly #gangs = new Map<string, Gang>();
  readonly #gone: (() => void)[] = [];
  /** Data that is being shared, by its ids. */
  readonly #sharing = new Map<string, (error?: Error) => void>();
  readonly #listing: ((tasks: readonly TaskRecord[]) => void)[] = [];
  readonly #measuring: { resolve: (text: string) => void; reject: (error: Error) => void }[] = [];
  readonly #opening: { resolve: (url: string) => void; reject: (error: Error) => void }[] = [];
  readonly #counting: { resolve: (stats: PoolStats) => void; reject: (error: Error) => void }[] = [];
  readonly #following: { resolve: (news: DashboardNews) => void; reject: (error: Error) => void }[] = [];
  readonly #explaining: {
    resolve: (explanations: readonly TaskExplanation[]) => void;
    reject: (error: Error) => void;
  }[] = [];
  readonly #traces = new Map<number, RemoteTrace>();
  #nextTrace = 1;
  #nextTask = 1;
  #nextData = 1;
  #nextGang = 1;
  #detaching = false;
  #closed = false;

  constructor(
    pool: PoolAddress,
    connection: Connection<FromPool, ToPool>,
    { session, maxMessageBytes, logDir, status }: Extract<FromPool, { type: 'welcome' }>,
  ) {
    super();
    this.#pool = pool;
    this.#connection = connection;
    this.#session = session;
    this.maxMessageBytes = maxMessageBytes;
    this.logDir = logDir;
    this.status = this.#addressed(status);
    connection.keepAlive(false);
  }

  /** Accept a task; what the pool has against it is its failure. @throws {@link ClosedError} */
  submit(spec: TaskSpec): Task {
    this.assertOpen();
    const task = new Task(`${this.#session}.${this.#nextTask++}`, spec);
    this.#tasks.set(task.id, task);
    this.#connection.send({ type: 'submit', id: task.id, spec, detached: this.#detaching });
    this.#stayAlive();
    return task;
  }

  /** Ask for a gang; what the pool has against it closes it. It ends with this connection. @throws {@link ClosedError} */
  openGang(spec: GangSpec): Gang {
    this.assertOpen();
    const gang = new Gang(`${this.#session}.g${this.#nextGang++}`, spec);
    this.#gangs.set(gang.id, gang);
    this.#connection.send({ type: 'gang', id: gang.id, spec });
    this.#stayAlive();
    return gang;
  }

  closeGang(gang: Gang, force: boolean): void {
    if (gang.state === 'closed') return;
    gang.state = 'closing';
    this.#connection.send({ type: 'closeGang', id: gang.id, force });
    this.#stayAlive();
  }

  /**
   * Lay a value on the workers' hosts. Resolves with its id.
   *
   * @throws {@link MessageTooLargeError}, {@link ClosedError}, and what the pool has against it.
   */
  async share({ sizeBytes, parts }: StoreContent): Promise<string> {
    this.assertOpen();
    const { maxMessageBytes } = this;
    if (sizeBytes > maxMessageBytes) {
      const text = `share: the data takes ${sizeBytes} bytes, more than maxMessageBytes (${maxMessageBytes}) of the pool; `;
      throw new MessageTooLargeError(`${text}share it in parts, or start the pool with a larger one`, {
        sizeBytes,
        maxMessageBytes,
      });
    }
    const id = `${this.#session}.d${this.#nextData++}`;
    const bytes = new Uint8Array(sizeBytes);
    for (const part of parts) bytes.set(part.bytes, part.offset);
    this.#connection.send({ type: 'share', id, bytes });
    const shared = new Promise<void>((resolve, reject) => {
      this.#sharing.set(id, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    this.#stayAlive();
    await shared;
    return id;
  }

  release(id: string): void {
    if (!this.#closed) this.#connection.send({ type: 'release', id });
  }

  /**
   * Whether tasks that are submitted from now on go on when this end leaves: they succeed here once they are accepted.
   */
  set detaching(detaching: boolean) {
    this.#detaching = detaching;
  }

  /** The pool has ended, or has cut this end off. */
  get isGone(): boolean {
    return this.#closed;
  }

  /** Resolves then. */
  get ended(): Promise<void> {
    return this.#closed ? Promise.resolve() : new Promise((resolve) => this.#gone.push(resolve));
  }

  /** Cancel a task of anybody who uses the pool. */
  cancelById(id: string, reason: unknown): void {
    this.#connection.send({ type: 'cancel', id, reason: encodeError(reason) });
  }

  nodeOf(worldRank: number): string | undefined {
    return this.status.workers[worldRank]?.node;
  }

  cancel(task: Task, reason: unknown): void {
    if (!task.ended) this.#connection.send({ type: 'cancel', id: task.id, reason: encodeError(reason) });
  }

  /** @throws {@link ClosedError} once `close` was called, or the pool is gone. */
  assertOpen(): void {
    if (this.#closed) throw this.#closedError();
  }

  /** Leave the pool, which goes on. */
  async close(force: boolean, timeoutMs: number | null = null): Promise<void> {
    this.#closed = true;
    const ended = Promise.allSettled([...this.#tasks.values()].map((task) => task.done));
    if (!force && (timeoutMs === null || (await endsWithin(ended, timeoutMs)))) await ended;
    else {
      // Those that wait come first: the end of one that runs lets none of them begin.
      for (const task of [...this.#tasks.values()].reverse()) this.cancel(task, this.#closedError());
      // The pool cancels what is left of a connection that is gone.
      await endsWithin(ended, closeLimitMs);
    }
    this.#connection.close();
  }

  /** Have the pool end. Resolves when its process is gone. */
  async stop({ force, timeoutMs }: StopOrder): Promise<void> {
    this.#connection.send({ type: 'stop', force, timeoutMs });
    this.#connection.keepAlive(true);
    await new Promise<void>((resolve) => this.#gone.push(resolve));
    while (isSeen(this.#pool) && isLiving(this.#pool)) await new Promise((resolve) => setTimeout(resolve, pollMs));
  }

  /** Every task of the pool that runs, waits or has ended lately. */
  tasks(): Promise<readonly TaskRecord[]> {
    if (this.#closed) return Promise.resolve([]);
    this.#connection.send({ type: 'tasks' });
    this.#connection.keepAlive(true);
    return new Promise((resolve) => this.#listing.push(resolve));
  }

  /** The pool's figures, for Prometheus. @throws {@link ClosedError} */
  async metrics(): Promise<string> {
    this.assertOpen();
    this.#connection.send({ type: 'metrics' });
    this.#connection.keepAlive(true);
    const text = await new Promise<string>((resolve, reject) => this.#measuring.push({ resolve, reject }));
    this.#stayAlive();
    return text;
  }

  /** What the pool has done, in numbers. @throws {@link ClosedError} */
  async stats(): Promise<PoolStats> {
    this.assertOpen();
    this.#connection.send({ type: 'stats' });
    this.#connection.keepAlive(true);
    const stats = await new Promise<PoolStats>((resolve, reject) => this.#counting.push({ resolve, reject }));
    this.#stayAlive();
    return stats;
  }

  /** How the pool is, and what has changed of its tasks after a number of a change. @throws {@link ClosedError} */
  async news(since: number): Promise<DashboardNews> {
    this.assertOpen();
    this.#connection.send({ type: 'news', since });
    this.#connection.keepAlive(true);
    const news = await new Promise<DashboardNews>((resolve, reject) => this.#following.push({ resolve, reject }));
    this.#stayAlive();
    return news;
  }

  /** Where the page of the pool is, on its host, which begins to serve it if it does not yet. @throws {@link ClosedError} */
  async dashboard(): Promise<string> {
    this.assertOpen();
    this.#connection.send({ type: 'dashboard' });
    this.#connection.keepAlive(true);
    const url = await new Promise<string>((resolve, reject) => this.#opening.push({ resolve, reject }));
    this.#stayAlive();
    return url;
  }

  /** What tasks are at. @throws {@link InvalidArgumentError}, {@link ClosedError} */
  async explain(id: string | undefined): Promise<readonly TaskExplanation[]> {
    this.assertOpen();
    this.#connection.send({ type: 'explain', id });
    this.#connection.keepAlive(true);
    try {
      return await new Promise((resolve, reject) => this.#explaining.push({ resolve, reject }));
    } finally {
      this.#stayAlive();
    }
  }

  /** Have the pool record what happens. Resolves when it does, with what ends that. @throws {@link ClosedError} */
  async startTrace(maxEvents: number): Promise<() => Promise<TraceDocument>> {
    this.assertOpen();
    const trace = new RemoteTrace();
    const id = this.#nextTrace++;
    this.#traces.set(id, trace);
    this.#connection.send({ type: 'trace', id, maxEvents });
    this.#stayAlive();
    await trace.begun;
    this.#stayAlive();
    return async () => {
      this.assertOpen();
      this.#connection.send({ type: 'endTrace', id });
      trace.isEnding = true;
      this.#stayAlive();
      return trace.document;
    };
  }

  receive(message: FromPool): void {
    switch (message.type) {
      case 'welcome':
        break;
      case 'status':
        this.#heard(this.#addressed(message.status));
        break;
      case 'event':
        announce(this, message.name, decodeValue(message.payload) as unknown[]);
        break;
      case 'message':
        this.#tasks.get(message.id)?.receiver?.(message.rank, message.value, () => undefined);
        break;
      case 'results':
        this.#end(message.id, (task) => {
          this.#settle(task, message.results);
        });
        break;
      case 'accepted':
        this.#end(message.id, (task) => {
          task.succeed([]);
        });
        break;
      case 'failed':
        this.#end(message.id, (task) => {
          const { error, waitedMs, ranMs } = message;
          task.fail(decodeError(error));
          this.#tellFailure(task, { waitedMs, ranMs });
        });
        break;
      case 'shared':
        this.#shared(message.id, message.error && decodeError(message.error));
        break;
      case 'gangOpened':
        this.#gangs.get(message.id)?.open(message.members);
        this.#stayAlive();
        break;
      case 'gangClosed':
        this.#endGang(message.id, message.error ? decodeError(message.error) : undefined);
        break;
      case 'metrics':
        this.#measuring.shift()?.resolve(message.text);
        break;
      case 'dashboard':
        this.#opening.shift()?.resolve(message.url);
        break;
      case 'stats':
        this.#counting.shift()?.resolve(decodeValue(message.stats) as PoolStats);
        break;
      case 'news':
        this.#following.shift()?.resolve(decodeValue(message.news) as DashboardNews);
        break;
      case 'explained': {
        const asked = this.#explaining.shift();
        if (message.error) asked?.reject(decodeError(message.error));
        else asked?.resolve(message.explanations ? (decodeValue(message.explanations) as TaskExplanation[]) : []);
        break;
      }
      case 'traced':
        this.#traced(message);
        break;
      case 'tasks':
        for (const resolve of this.#listing.splice(0)) resolve(message.tasks);
    }
  }

  /** The connection is gone. */
  end(): void {
    this.#closed = true;
    for (const id of [...this.#tasks.keys()]) {
      this.#end(id, (task) => {
        task.fail(
          new ClosedError(`the pool at ${this.#pool.address} has gone before task ${id} had ended`, { taskId: id }),
        );
      });
    }
    for (const id of [...this.#sharing.keys()]) this.#shared(id, this.#closedError());
    for (const trace of this.#traces.values()) trace.fail(this.#closedError());
    for (const id of [...this.#gangs.keys()]) this.#endGang(id, this.#closedError());
    for (const resolve of this.#gone.splice(0)) resolve();
    for (const resolve of this.#listing.splice(0)) resolve([]);
    const asked = [
      ...this.#measuring.splice(0),
      ...this.#counting.splice(0),
      ...this.#opening.splice(0),
      ...this.#following.splice(0),
      ...this.#explaining.splice(0),
    ];
    for (const { reject } of asked) reject(this.#closedError());
  }

  #traced({ id, part, isLast, error }: Extract<FromPool, { type: 'traced' }>): void {
    const trace = this.#traces.get(id);
    if (error) trace?.fail(decodeError(error));
    else trace?.receive(part, isLast);
    if (isLast) this.#traces.delete(id);
    this.#stayAlive();
  }

  #shared(id: string, error: Error | undefined): void {
    const settle = this.#sharing.get(id);
    this.#sharing.delete(id);
    settle?.(error);
    this.#stayAlive();
  }

  /** As long as something is asked of the pool. */
  #stayAlive(): void {
    // An open gang keeps nobody; one that waits for workers, or that ends, does.
    const areWaiting = [...this.#gangs.values()].some(({ state }) => state !== 'open');
    const areTraced = [...this.#traces.values()].some(({ isAsked }) => isAsked);
    this.#connection.keepAlive(areWaiting || areTraced || this.#tasks.size + this.#sharing.size > 0);
  }

  /** The pool takes it that whoever submits a task asks for its result. */
  #tellFailure(task: Task, durations: Task['durations']): void {
    if (task.asked) return;
    const { id: taskId, spec } = task;
    task.done.catch((error: unknown) => {
      announce(this, 'taskFailed', [{ taskId, name: spec.name, source: spec.source, error, ...durations }]);
    });
  }

  #addressed(status: Uint8Array): PoolStatus {
    return { ...(decodeValue(status) as PoolStatus), address: this.#pool.address };
  }

  #heard(status: PoolStatus): void {
    this.status = status;
    for (const task of this.#tasks.values()) {
      const workers = status.workers.filter(({ taskId }) => taskId === task.id);
      task.heardOf = workers.map(({ worldRank }) => worldRank);
      task.state = workers.length > 0 ? 'running' : 'queued';
    }
  }

  #settle(task: Task, results: Uint8Array): void {
    try {
      task.succeed(decodeValue(results) as unknown[]);
    } catch (error) {
      task.fail(error as Error);
    }
  }

  #end(id: string, settle: (task: Task) => void): void {
    const task = this.#tasks.get(id);
    if (!task) return;
    this.#tasks.delete(id);
    task.heardOf = [];
    settle(task);
    this.#stayAlive();
  }

  #endGang(id: string, error: Error | undefined): void {
    const gang = this.#gangs.get(id);
    this.#gangs.delete(id);
    gang?.close(error);
    this.#stayAlive();
  }

  #closedError(): ClosedError {
    return new ClosedError(`the connection to the pool at ${this.#pool.address} is closed; connect again`);
  }
}
