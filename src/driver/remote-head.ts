/** The head of a pool in another process, as this one sees it. */
import { EventEmitter } from 'node:events';
import { nowMs, setTimeout } from '../clock.js';
import { endsWithin } from '../ends-within.js';
import { ClosedError, LaunchError, MessageTooLargeError, ProtocolError } from '../errors.js';
import type { StoreContent } from '../native/value-stores.js';
import { isLiving } from '../native/proc.js';
import { announce } from '../head/announce.js';
import type { HeadEvents } from '../head/pool-events.js';
import { Gang } from '../head/gang.js';
import { Task } from '../head/task.js';
import type { Connection } from '../protocol/connection.js';
import { truncatedText } from '../protocol/connection.js';
import type { FromPool, GangSpec, StopOrder, TaskSpec, ToPool } from '../protocol/pool-messages.js';
import { decodeError } from '../protocol/decode-error.js';
import { sameVersionText } from '../protocol/greeting.js';
import { Heartbeat } from '../protocol/heartbeat.js';
import { statusShape } from '../protocol/pool-shapes.js';
import { decodeValue } from '../protocol/values.js';
import { encodeError } from '../protocol/error-value.js';
import { adviceOn } from './pool-advice.js';
import type { PoolBackend } from './pool-backend.js';
import type { PoolAddress } from './pool-files.js';
import { isSeen } from './pool-files.js';
import type { PoolStatus } from './pool-status.js';
import { RemoteQuestions } from './remote-questions.js';

const pollMs = 10;
/** How long the pool may take to end tasks that are cancelled; those that go on fail here when the connection ends. */
const closeLimitMs = 30_000;
/** A pool is lost when it says nothing for so many of its beats, and one more. */
const allowedBeats = Heartbeat.allowedMisses + 1;

/** Ends when its connection does: tasks that are under way then fail here, and are cancelled there. */
export class RemoteHead extends EventEmitter<HeadEvents> implements PoolBackend {
  readonly questions: RemoteQuestions;
  readonly maxMessageBytes: number;
  /** Folder of the workers' output, on the pool's host; undefined: it is not kept. */
  readonly logDir: string | undefined;
  /** As last heard of; at most a tenth of a second old while tasks run. */
  status: PoolStatus;
  readonly #pool: PoolAddress;
  readonly #answerMs: number;
  readonly #connection: Connection<FromPool, ToPool>;
  readonly #session: string;
  readonly #tasks = new Map<string, Task>();
  readonly #gangs = new Map<string, Gang>();
  readonly #gone: (() => void)[] = [];
  readonly #heartbeat: Heartbeat;
  #nextTask = 1;
  #nextData = 1;
  #nextGang = 1;
  #detaching = false;
  #closed = false;
  #isStopping = false;
  /** Why the pool cannot be used any more, where it has not ended in order. */
  #loss: ClosedError | undefined;

  /** @param answerMs - A pool that gives no sign of life for this time, or does not answer, is lost. */
  constructor(
    pool: PoolAddress,
    connection: Connection<FromPool, ToPool>,
    { session, maxMessageBytes, logDir, status }: Extract<FromPool, { type: 'welcome' }>,
    answerMs: number,
  ) {
    super();
    this.#pool = pool;
    this.#answerMs = answerMs;
    this.#connection = connection;
    this.#session = session;
    this.maxMessageBytes = maxMessageBytes;
    this.logDir = logDir;
    this.status = this.#addressed(status);
    this.questions = new RemoteQuestions({
      address: pool.address,
      connection,
      answerMs,
      assertOpen: () => {
        this.assertOpen();
      },
      changed: () => {
        this.#stayAlive();
      },
    });
    const everyMs = answerMs / allowedBeats;
    connection.send({ type: 'beats', everyMs });
    // The pool needs no beat of this end, whose program may be busy for as long as it likes.
    this.#heartbeat = new Heartbeat(
      () => undefined,
      () => {
        this.#lose(`has given no sign of life for ${answerMs} ms; ${adviceOn(pool)}`);
      },
      everyMs,
    );
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
    await this.questions.share(id, bytes);
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

  /** The pool has ended, has cut this end off, or is lost. */
  get isGone(): boolean {
    return this.#closed;
  }

  /** @throws {@link ClosedError} where the pool has not ended, and gives no sign of life or what cannot be understood. */
  assertNotLost(): void {
    if (this.#loss) throw this.#loss;
  }

  /** Some bytes of the pool have come. */
  heard(): void {
    this.#heartbeat.heard();
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
    this.#heartbeat.stop();
    this.#connection.close();
  }

  /** Have the pool end. Resolves when its process is gone. @throws {@link ClosedError}, {@link LaunchError} */
  async stop({ force, timeoutMs }: StopOrder): Promise<void> {
    this.#connection.send({ type: 'stop', force, timeoutMs });
    this.#isStopping = true;
    this.#stayAlive();
    await this.ended;
    this.assertNotLost();
    const pool = this.#pool;
    const latest = nowMs() + this.#answerMs;
    while (isSeen(pool) && isLiving(pool)) {
      if (nowMs() > latest) {
        const text = `the pool at ${pool.address} has closed its connections, and has not ended ${this.#answerMs} ms later`;
        throw new LaunchError(`${text}; ${adviceOn(pool)}`, { address: pool.address });
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** What is no message of a pool ends the connection. */
  receive(message: FromPool): void {
    try {
      this.#receive(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#notUnderstood(error);
    }
  }

  #receive(message: FromPool): void {
    switch (message.type) {
      case 'welcome':
      case 'beat':
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
      case 'gangOpened':
        this.#gangs.get(message.id)?.open(message.members);
        this.#stayAlive();
        break;
      case 'gangClosed':
        this.#endGang(message.id, message.error ? decodeError(message.error) : undefined);
        break;
      case 'answer':
        this.questions.receive(message);
        break;
      case 'traced':
        this.questions.receiveTraced(message);
    }
  }

  /** The connection is gone. @param error - What is wrong with what the pool has said. */
  end(error: Error | undefined): void {
    this.#heartbeat.stop();
    // A pool that is killed may have said half a message.
    if (error && error.message !== truncatedText) this.#notUnderstood(error);
    this.#closed = true;
    const { address } = this.#pool;
    for (const taskId of [...this.#tasks.keys()]) {
      const why = this.#loss?.message ?? `the pool at ${address} has gone before task ${taskId} had ended`;
      this.#end(taskId, (task) => {
        task.fail(new ClosedError(why, { taskId }));
      });
    }
    for (const id of [...this.#gangs.keys()]) this.#endGang(id, this.#closedError());
    this.questions.fail(this.#closedError());
    for (const resolve of this.#gone.splice(0)) resolve();
  }

  /** The pool is there no longer, or does not follow the protocol. */
  #lose(why: string, cause?: Error): void {
    this.#loss ??= new ClosedError(`the pool at ${this.#pool.address} ${why}`, {}, { cause });
    this.#connection.close();
  }

  #notUnderstood(error: Error): void {
    this.#lose(`cannot be understood: ${error.message}; ${sameVersionText}`, error);
  }

  /** As long as something is asked of the pool. */
  #stayAlive(): void {
    // An open gang keeps nobody; one that waits for workers, or that ends, does.
    const areWaiting = [...this.#gangs.values()].some(({ state }) => state !== 'open');
    const asked = this.#tasks.size + this.questions.count;
    this.#connection.keepAlive(areWaiting || this.#isStopping || asked > 0);
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
    const decoded = decodeValue(status);
    if (!statusShape(decoded)) throw new ProtocolError('a status that is none');
    return { ...(decoded as PoolStatus), address: this.#pool.address };
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
    return (
      this.#loss ?? new ClosedError(`the connection to the pool at ${this.#pool.address} is closed; connect again`)
    );
  }
}
