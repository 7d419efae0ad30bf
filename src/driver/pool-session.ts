/** One who uses a pool that runs by itself, from their welcome until they leave. */
import { clearInterval, setInterval } from '../clock.js';
import { InvalidArgumentError } from '../errors.js';
import { counted } from '../grammar.js';
import { show } from '../show.js';
import type { Gang } from '../head/gang.js';
import type { Task } from '../head/task.js';
import type { Connection } from '../protocol/connection.js';
import { decodeThrown } from '../protocol/decode-error.js';
import { encodeError } from '../protocol/error-value.js';
import type { FromPool, Question, StopOrder, ToPool } from '../protocol/pool-messages.js';
import { taskShape } from '../protocol/pool-shapes.js';
import { encodeValue } from '../protocol/values.js';
import type { StartedPool } from './prepare-pool.js';
import { SessionTraces } from './session-traces.js';
import { assertFits } from './task-arguments.js';
import type { Ending } from './task-ending.js';
import { failureOf, noEnding, shortText } from './task-ending.js';
import type { TaskRecords } from './task-records.js';

const anyPort = { host: '127.0.0.1', port: 0 };
/** Of a task that was not accepted. */
const noTime: Task['durations'] = { waitedMs: 0, ranMs: 0 };
/** Whoever has not taken so much yet gets no beats and statuses until they have: a stopped process never does. */
const mostUnsentBytes = 1024 * 1024;
/** Of events alone: results and values that are on their way beside them may be long. */
const mostEventBytes = 16 * 1024 * 1024;

/** Whom it is told to: the pool's server. */
export interface SessionEvents {
  /** What `status` says has changed. */
  changed(): void;
  /** The pool is to end. */
  stop(order: StopOrder): void;
}

/** Owns the user's tasks, gangs, values and traces. */
export class PoolSession {
  readonly #name: string;
  readonly #pool: StartedPool;
  readonly #records: TaskRecords;
  readonly #connection: Connection<ToPool, FromPool>;
  readonly #events: SessionEvents;
  readonly #tasks = new Map<string, Task>();
  /** Values that it has with the workers, by their ids. */
  readonly #values = new Set<string>();
  readonly #gangs = new Map<string, Gang>();
  readonly #traces: SessionTraces;
  #beats: NodeJS.Timeout | undefined;
  #hasLeft = false;
  /** The last status was not told. */
  #isOutdated = false;
  /** Bytes of events that the user has not taken yet. */
  #eventBytes = 0;
  /** Events that were left out, since too many of them wait already. */
  #missedEvents = 0;

  /** @param name - Begins the ids of what it makes. */
  constructor(
    name: string,
    pool: StartedPool,
    records: TaskRecords,
    connection: Connection<ToPool, FromPool>,
    events: SessionEvents,
  ) {
    this.#name = name;
    this.#pool = pool;
    this.#records = records;
    this.#connection = connection;
    this.#events = events;
    this.#traces = new SessionTraces(pool.head, connection);
  }

  /** It has tasks that have not ended. */
  get isBusy(): boolean {
    return this.#tasks.size > 0;
  }

  /** It takes what it is sent again, and does not know how the pool is. */
  get wantsStatus(): boolean {
    return this.#isOutdated && !this.#isBehind;
  }

  send(message: FromPool): void {
    this.#connection.send(message);
  }

  /** Say how the pool is, or leave it to a later status. */
  tell(status: Uint8Array): void {
    this.#isOutdated = this.#isBehind;
    if (this.#isOutdated) return;
    this.#tellMissed();
    this.send({ type: 'status', status });
  }

  /** Tell of something that has happened. Whoever takes nothing, such as a stopped process, is told later how much. */
  tellEvent(name: string, payload: Uint8Array): void {
    if (this.#eventBytes >= mostEventBytes) {
      this.#missedEvents++;
      this.#isOutdated = true;
      return;
    }
    this.#tellMissed();
    this.#eventBytes += payload.length;
    this.#connection.send({ type: 'event', name, payload }, () => {
      this.#eventBytes -= payload.length;
    });
  }

  #tellMissed(): void {
    if (this.#missedEvents === 0) return;
    const missed = counted(this.#missedEvents, 'event');
    this.#missedEvents = 0;
    const message = `this program did not take for some time what its pool had to tell; ${missed} were left out`;
    const payload = encodeValue([{ message, worldRank: undefined }], 'event');
    this.send({ type: 'event', name: 'warning', payload });
  }

  receive(message: ToPool): void {
    const { head } = this.#pool;
    switch (message.type) {
      case 'submit':
        this.#submit(message);
        break;
      case 'cancel': {
        const task = this.#records.find(message.id);
        if (task) head.cancel(task, decodeThrown(message.reason));
        break;
      }
      case 'release':
        if (this.#values.delete(message.id)) head.release(message.id);
        this.#events.changed();
        break;
      case 'gang':
        this.#openGang(message);
        break;
      case 'closeGang': {
        const gang = this.#gangs.get(message.id);
        if (gang) head.closeGang(gang, message.force);
        break;
      }
      case 'ask':
        void this.#answer(message.id, message.question);
        break;
      case 'beats':
        clearInterval(this.#beats);
        this.#beats = setInterval(() => {
          if (!this.#isBehind) this.send({ type: 'beat' });
        }, message.everyMs).unref();
        break;
      case 'stop':
        this.#events.stop({ force: message.force, timeoutMs: message.timeoutMs });
    }
  }

  /** Nobody waits for its tasks any more. */
  leave(): void {
    this.#hasLeft = true;
    clearInterval(this.#beats);
    const { head } = this.#pool;
    for (const task of this.#tasks.values()) head.cancel(task, new Error('whoever submitted it has left'));
    for (const gang of this.#gangs.values()) head.closeGang(gang, true);
    for (const id of this.#values) head.release(id);
    this.#traces.close();
  }

  get #isBehind(): boolean {
    return this.#connection.unsentBytes > mostUnsentBytes;
  }

  async #answer(id: number, question: Question): Promise<void> {
    try {
      const value = encodeValue(await this.#answerTo(question), question.type);
      this.send({ type: 'answer', id, value });
    } catch (error) {
      this.send({ type: 'answer', id, error: encodeError(error, Infinity) });
    }
  }

  async #answerTo(question: Question): Promise<unknown> {
    const pool = this.#pool;
    switch (question.type) {
      case 'tasks':
        return this.#records.list();
      case 'metrics':
        return pool.metrics();
      case 'stats':
        return pool.stats();
      case 'news':
        return (await pool.watch()).news(question.since);
      case 'dashboard':
        return pool.dashboard(anyPort);
      case 'explain':
        return pool.explain(question.id ?? undefined);
      case 'share':
        return this.#share(question);
      case 'trace':
        this.#traces.start(question.id, question.maxEvents);
        return undefined;
      case 'endTrace':
        return this.#traces.end(question.id);
    }
  }

  async #share({ id, bytes }: Extract<Question, { type: 'share' }>): Promise<void> {
    const { head, maxMessageBytes } = this.#pool;
    if (!this.#isOwn(id)) {
      throw new InvalidArgumentError(`expected an id of this session, received ${show(id)}`);
    }
    assertFits(bytes, maxMessageBytes);
    await head.share({ sizeBytes: bytes.length, parts: [{ offset: 0, bytes }] }, id);
    this.#keep(id);
    this.#events.changed();
  }

  /** A value stays in the workers until it is released, or its owner has left. */
  #keep(id: string): void {
    this.#values.add(id);
    if (this.#hasLeft) this.#pool.head.release(id);
  }

  #submit({ id, spec, detached }: Extract<ToPool, { type: 'submit' }>): void {
    const fail = (error: unknown, { waitedMs, ranMs } = noTime): void => {
      this.send({ type: 'failed', id, error: encodeError(error, Infinity), waitedMs, ranMs });
    };
    try {
      if (!taskShape(spec)) throw new InvalidArgumentError(`expected a task, received ${show(spec)}`);
      if (!this.#isOwn(id) || this.#records.has(id)) {
        throw new InvalidArgumentError(`expected an id of this session that is not in use, received ${show(id)}`);
      }
      if (typeof spec.gang === 'string' && !this.#isOwn(spec.gang)) {
        throw new InvalidArgumentError(`expected a gang of this session, received ${show(spec.gang)}`);
      }
      spec.args.forEach((args) => {
        assertFits(args, this.#pool.maxMessageBytes);
      });
      const task = this.#pool.head.submit(spec, id);
      task.asked = true;
      this.#records.add(task);
      if (detached) this.#detach(task);
      else this.#follow(task, fail);
    } catch (error) {
      fail(error);
    }
    this.#events.changed();
  }

  #follow(task: Task, fail: (error: unknown, durations: Task['durations']) => void): void {
    const { id, spec } = task;
    this.#tasks.set(id, task);
    task.receiver = (rank, value, taken) => {
      this.#connection.send({ type: 'message', id, rank, value }, taken);
    };
    task.done
      .then(
        (results) => {
          if (spec.keep) this.#keep(id);
          this.send({ type: 'results', id, results: encodeValue(results, 'results') });
        },
        (error: unknown) => {
          fail(error, task.durations);
          return failureOf(error);
        },
      )
      .then((ending) => {
        this.#tasks.delete(id);
        this.#records.settle(id, ending ?? noEnding);
      })
      .catch((error: unknown) => {
        fail(error, task.durations);
      });
  }

  /** Nobody waits for it: how it ends stands in its record. */
  #detach(task: Task): void {
    this.send({ type: 'accepted', id: task.id });
    const ended = task.done.then(
      (results): Ending => ({ ...noEnding, results: results.map(shortText) }),
      (error: unknown) => failureOf(error),
    );
    void ended.then((ending) => {
      this.#records.settle(task.id, ending);
    });
  }

  #openGang({ id, spec }: Extract<ToPool, { type: 'gang' }>): void {
    const closed = (error: unknown): void => {
      this.#gangs.delete(id);
      const isWhy = error !== undefined;
      this.send({ type: 'gangClosed', id, error: isWhy ? encodeError(error, Infinity) : undefined });
      this.#events.changed();
    };
    try {
      if (!this.#isOwn(id) || this.#gangs.has(id)) {
        throw new InvalidArgumentError(`expected an id of this session that is not in use, received ${show(id)}`);
      }
      const { workers, placement, name } = spec;
      const gang = this.#pool.head.openGang({ workers, placement, name: name ?? undefined }, id);
      this.#gangs.set(id, gang);
      gang.opened.then(
        (members) => {
          this.send({ type: 'gangOpened', id, members });
          this.#events.changed();
        },
        () => undefined,
      );
      void gang.done.then(() => {
        closed(gang.error);
      });
    } catch (error) {
      closed(error);
    }
  }

  #isOwn(id: string): boolean {
    return id.startsWith(`${this.#name}.`);
  }
}
