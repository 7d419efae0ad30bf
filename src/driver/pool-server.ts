/** A pool that others use: over TCP on the loopback interface, for whoever has its token. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { clearInterval, nowMs, setInterval } from '../clock.js';
import { InvalidArgumentError, LaunchError, show } from '../errors.js';
import type { Gang } from '../head/gang.js';
import type { Task } from '../head/task.js';
import { Connection, frameSlackBytes } from '../protocol/connection.js';
import { helloLimitBytes } from '../protocol/control-messages.js';
import type { NodeReceiver, Nodes } from '../launch/nodes.js';
import { Gate } from '../protocol/gate.js';
import type { FromNode, ToNode } from '../protocol/node-messages.js';
import { fromNode } from '../protocol/node-shapes.js';
import type { FromPool, StopOrder, TaskRecord, ToPool } from '../protocol/pool-messages.js';
import { taskShape, toPool } from '../protocol/pool-shapes.js';
import { newToken } from '../protocol/token.js';
import { decodeError, decodeThrown } from '../protocol/decode-error.js';
import { encodeValue } from '../protocol/values.js';
import { encodeError } from '../protocol/error-value.js';
import type { StartedPool } from './prepare-pool.js';
import { headEventNames } from './pool.js';
import { SessionTraces } from './session-traces.js';
import { assertFits } from './task-arguments.js';
import type { Ending } from './task-ending.js';
import { failureOf, noEnding, shortText } from './task-ending.js';

/** How often those who are connected hear of the pool while tasks run. */
const statusMs = 100;
const anyPort = { host: '127.0.0.1', port: 0 };
/** Of a task that was not accepted. */
const noTime: Task['durations'] = { waitedMs: 0, ranMs: 0 };
/** Tasks that have ended and are still listed. */
const keptRecords = 1_000;

type UserConnection = Connection<ToPool, FromPool>;

type ShareMessage = Extract<ToPool, { type: 'share' }>;

interface Session {
  readonly name: string;
  readonly connection: UserConnection;
  readonly tasks: Map<string, Task>;
  /** Values that it has with the workers, by their ids. */
  readonly values: Set<string>;
  readonly gangs: Map<string, Gang>;
  readonly traces: SessionTraces;
}

/** Opened and closed once. Whoever comes before the pool is up waits for it; node managers are what it may wait for. */
export class PoolServer {
  readonly token: string = newToken();
  /** Resolves when somebody asks for the pool's end, with how it is to end. */
  readonly stopped: Promise<StopOrder>;
  readonly #nodes: Nodes | undefined;
  /** For users that have come before the pool was up. */
  readonly #waiting = new Set<(pool: StartedPool) => void>();
  #pool: StartedPool | undefined;
  readonly #logDir: string | undefined;
  readonly #server: Server;
  readonly #gate: Gate;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  readonly #records = new Map<string, TaskRecord & { begun: number; task: Task | undefined }>();
  readonly #timer: NodeJS.Timeout;
  #nextSession = 1;
  #told = '';
  #isStopping = false;
  #stop!: (order: StopOrder) => void;

  constructor(nodes: Nodes | undefined, logDir: string | undefined) {
    this.#nodes = nodes;
    this.#logDir = logDir;
    this.stopped = new Promise((resolve) => (this.#stop = resolve));
    this.#gate = new Gate(
      { token: this.token, roles: ['user', 'node'] },
      {
        admitted: (socket, role) => {
          if (role === 'node') this.#acceptNode(socket);
          else this.#acceptUser(socket);
        },
      },
    );
    this.#server = createServer((socket) => {
      this.#gate.receive(socket);
    });
    this.#timer = setInterval(() => {
      // Without tasks only events change what there is to tell.
      if ([...this.#sessions].some(({ tasks }) => tasks.size > 0)) this.#tellStatus();
    }, statusMs).unref();
  }

  /** The pool is up. */
  serve(pool: StartedPool): void {
    this.#pool = pool;
    // From its beginning: who asks later is told of the tasks that have failed before.
    void pool.watch();
    for (const name of headEventNames) {
      pool.head.on(name, (...args: unknown[]) => {
        if (this.#sessions.size === 0) return;
        this.#broadcast({ type: 'event', name, payload: encodeEvent(args) });
        // Where tasks begin, the status is told in its turn: their ends come as often.
        if (name !== 'taskStarted') this.#tellStatus();
      });
    }
    for (const admit of this.#waiting) admit(pool);
    this.#waiting.clear();
  }

  /** Listen; port 0 is any. Returns the address. @throws {@link LaunchError} when the port is taken. */
  async open(port: number, listen: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: unknown): void => {
        const { code, message } = cause as NodeJS.ErrnoException;
        const why = code === 'EADDRINUSE' ? 'is taken; choose another, or 0 for any' : `cannot be used: ${message}`;
        reject(new LaunchError(`port ${port} of ${listen} ${why}`, { port }, { cause }));
      };
      this.#server.once('error', fail);
      try {
        this.#server.listen(port, listen, resolve);
      } catch (error) {
        fail(error); // no number of a port
      }
    });
    return `${listen}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Nobody is connected any more. */
  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
    this.#gate.close();
    for (const socket of this.#sockets) socket.end();
  }

  /** A user has shown the token. */
  #acceptUser(socket: Socket): void {
    this.#sockets.add(socket);
    let session: Session | undefined;
    const connection: UserConnection = new Connection(socket, helloLimitBytes, toPool, {
      message: (message) => {
        // Before it is welcome it has nothing to say.
        if (session) this.#receive(session, message);
        else connection.close();
      },
      closed: () => {
        this.#sockets.delete(socket);
        this.#waiting.delete(admit);
        if (session) this.#leave(session);
      },
    });
    const admit = (pool: StartedPool): void => {
      session = this.#admit(connection, pool);
    };
    if (this.#pool) admit(this.#pool);
    else this.#waiting.add(admit);
  }

  /** A node manager has shown the token. */
  #acceptNode(socket: Socket): void {
    this.#sockets.add(socket);
    let node: NodeReceiver | undefined;
    const connection: Connection<FromNode, ToNode> = new Connection(socket, helloLimitBytes, fromNode, {
      message: (message) => {
        if (node) node.message(message);
        else if (message.type !== 'node') connection.close();
        else if (this.#nodes) node = this.#nodes.admit(connection, message);
        else {
          connection.send({ type: 'refused', text: 'its workers are threads of one process' });
          connection.end();
        }
      },
      closed: () => {
        this.#sockets.delete(socket);
        node?.closed();
      },
    });
  }

  #admit(connection: UserConnection, { head, maxMessageBytes, status }: StartedPool): Session {
    const first = status();
    const encoded = encodeValue(first, 'status');
    // A task may have arguments for each rank.
    connection.trust(first.workers.length * (maxMessageBytes + frameSlackBytes));
    const session: Session = {
      name: `s${this.#nextSession++}`,
      connection,
      tasks: new Map(),
      values: new Set(),
      gangs: new Map(),
      traces: new SessionTraces(head, connection),
    };
    this.#sessions.add(session);
    connection.send({ type: 'welcome', session: session.name, maxMessageBytes, logDir: this.#logDir, status: encoded });
    return session;
  }

  /** Nobody waits for its tasks any more. */
  #leave(session: Session): void {
    this.#sessions.delete(session);
    for (const task of session.tasks.values())
      this.#pool?.head.cancel(task, new Error('whoever submitted it has left'));
    for (const gang of session.gangs.values()) this.#pool?.head.closeGang(gang, true);
    for (const id of session.values) this.#pool?.head.release(id);
    session.traces.close();
  }

  #receive(session: Session, message: ToPool): void {
    const pool = this.#pool;
    if (!pool) return;
    switch (message.type) {
      case 'submit':
        this.#submit(session, pool, message);
        break;
      case 'cancel': {
        const task = this.#records.get(message.id)?.task;
        if (task) pool.head.cancel(task, decodeThrown(message.reason));
        break;
      }
      case 'share':
        void this.#share(session, pool, message);
        break;
      case 'release':
        if (session.values.delete(message.id)) pool.head.release(message.id);
        this.#tellStatus();
        break;
      case 'gang':
        this.#openGang(session, pool, message);
        break;
      case 'closeGang': {
        const gang = session.gangs.get(message.id);
        if (gang) pool.head.closeGang(gang, message.force);
        break;
      }
      case 'tasks':
        session.connection.send({ type: 'tasks', tasks: this.#list() });
        break;
      case 'metrics':
        pool.metrics().then(
          (text) => {
            session.connection.send({ type: 'metrics', text });
          },
          () => {
            session.connection.close();
          },
        );
        break;
      case 'stats':
        void pool.stats().then((stats) => {
          session.connection.send({ type: 'stats', stats: encodeValue(stats, 'stats') });
        });
        break;
      case 'news':
        void pool.watch().then((source) => {
          session.connection.send({ type: 'news', news: encodeValue(source.news(message.since), 'news') });
        });
        break;
      case 'dashboard':
        pool.dashboard(anyPort).then(
          (url) => {
            session.connection.send({ type: 'dashboard', url });
          },
          () => {
            session.connection.close();
          },
        );
        break;
      case 'explain':
        pool.explain(message.id ?? undefined).then(
          (explanations) => {
            session.connection.send({ type: 'explained', explanations: encodeValue(explanations, 'explanations') });
          },
          (error: unknown) => {
            session.connection.send({ type: 'explained', error: encodeError(error) });
          },
        );
        break;
      case 'trace':
        session.traces.start(message.id, message.maxEvents);
        break;
      case 'endTrace':
        void session.traces.end(message.id);
        break;
      case 'stop': {
        const { force, timeoutMs } = message;
        // A later order hastens the end.
        if (this.#isStopping) void pool.head.close(force, timeoutMs);
        this.#isStopping = true;
        this.#stop({ force, timeoutMs });
      }
    }
  }

  /** What a task of the session has returned stays in the workers. */
  #kept(session: Session, { head }: StartedPool, id: string): void {
    session.values.add(id);
    if (!this.#sessions.has(session)) head.release(id);
  }

  async #share(session: Session, { head, maxMessageBytes }: StartedPool, { id, bytes }: ShareMessage): Promise<void> {
    const { connection, name, values } = session;
    try {
      if (!id.startsWith(`${name}.`)) {
        throw new InvalidArgumentError(`expected an id of this session, received ${show(id)}`);
      }
      assertFits(bytes, maxMessageBytes);
      await head.share({ sizeBytes: bytes.length, parts: [{ offset: 0, bytes }] }, id);
      values.add(id);
      connection.send({ type: 'shared', id });
      this.#tellStatus();
      if (!this.#sessions.has(session)) head.release(id);
    } catch (error) {
      connection.send({ type: 'shared', id, error: encodeError(error, Infinity) });
    }
  }

  #submit(session: Session, pool: StartedPool, { id, spec, detached }: Extract<ToPool, { type: 'submit' }>): void {
    const { connection, tasks, name } = session;
    const fail = (error: unknown, { waitedMs, ranMs } = noTime): void => {
      connection.send({ type: 'failed', id, error: encodeError(error, Infinity), waitedMs, ranMs });
    };
    try {
      if (!taskShape(spec)) throw new InvalidArgumentError(`expected a task, received ${show(spec)}`);
      if (!id.startsWith(`${name}.`) || this.#records.has(id)) {
        throw new InvalidArgumentError(`expected an id of this session that is not in use, received ${show(id)}`);
      }
      if (typeof spec.gang === 'string' && !spec.gang.startsWith(`${name}.`)) {
        throw new InvalidArgumentError(`expected a gang of this session, received ${show(spec.gang)}`);
      }
      spec.args.forEach((args) => {
        assertFits(args, pool.maxMessageBytes);
      });
      const task = pool.head.submit(spec, id);
      task.asked = true;
      if (!detached) tasks.set(id, task);
      const { name: label, source, workers, priority } = spec;
      const { gang } = task;
      const record = { id, name: label, source, workers, priority, gang: gang?.id, state: '', elapsedMs: 0 };
      this.#records.set(id, { ...record, ...noEnding, begun: nowMs(), task });
      if (detached) {
        connection.send({ type: 'accepted', id });
        this.#keep(id, task);
        return;
      }
      task.receiver = (rank, value, taken) => {
        connection.send({ type: 'message', id, rank, value }, taken);
      };
      task.done
        .then(
          (results) => {
            if (spec.keep) this.#kept(session, pool, id);
            connection.send({ type: 'results', id, results: encodeValue(results, 'results') });
          },
          (error: unknown) => {
            fail(error, task.durations);
            return failureOf(error);
          },
        )
        .then((ending) => {
          tasks.delete(id);
          this.#settle(id, ending ?? noEnding);
        })
        .catch((error: unknown) => {
          fail(error, task.durations);
        });
    } catch (error) {
      fail(error);
    }
    this.#tellStatus();
  }

  #openGang(
    { connection, gangs, name }: Session,
    { head }: StartedPool,
    message: Extract<ToPool, { type: 'gang' }>,
  ): void {
    const { id } = message;
    const closed = (error: unknown): void => {
      gangs.delete(id);
      const isWhy = error !== undefined;
      connection.send({ type: 'gangClosed', id, error: isWhy ? encodeError(error, Infinity) : undefined });
      this.#tellStatus();
    };
    try {
      if (!id.startsWith(`${name}.`) || gangs.has(id)) {
        throw new InvalidArgumentError(`expected an id of this session that is not in use, received ${show(id)}`);
      }
      const { workers, placement, name: label } = message.spec;
      const gang = head.openGang({ workers, placement, name: label ?? undefined }, id);
      gangs.set(id, gang);
      gang.opened.then(
        (members) => {
          connection.send({ type: 'gangOpened', id, members });
          this.#tellStatus();
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

  /** Nobody waits for it: how it ends stands in its record. */
  #keep(id: string, task: Task): void {
    const ended = task.done.then(
      (results): Ending => ({ ...noEnding, results: results.map(shortText) }),
      (error: unknown) => failureOf(error),
    );
    void ended.then((ending) => {
      this.#settle(id, ending);
    });
    this.#tellStatus();
  }

  #list(): TaskRecord[] {
    return [...this.#records.values()].map(({ begun, task, ...record }) => {
      return task ? { ...record, state: task.state, elapsedMs: Math.round(nowMs() - begun) } : record;
    });
  }

  /** A task has ended: of its arguments nothing is kept. */
  #settle(id: string, ending: Ending): void {
    const record = this.#records.get(id);
    if (!record?.task) return;
    const { state } = record.task;
    const elapsedMs = Math.round(nowMs() - record.begun);
    this.#records.set(id, { ...record, state, elapsedMs, ...ending, task: undefined });
    for (const [each, { task }] of this.#records) {
      if (this.#records.size <= keptRecords) break;
      if (!task) this.#records.delete(each);
    }
  }

  #tellStatus(): void {
    if (this.#sessions.size === 0 || !this.#pool) return;
    const status = this.#pool.status();
    const { queued, epoch, gangs, values, workers } = status;
    const news = JSON.stringify([queued, epoch, gangs, values, workers.map(({ pid, taskId }) => [pid, taskId])]);
    if (news === this.#told) return;
    this.#told = news;
    this.#broadcast({ type: 'status', status: encodeValue(status, 'status') });
  }

  #broadcast(message: FromPool): void {
    for (const { connection } of this.#sessions) connection.send(message);
  }
}

/** What an event carries; an error in it may hold what cannot be copied. */
function encodeEvent(payload: readonly unknown[]): Uint8Array {
  const copied = payload.map((each) => {
    const { error } = (each ?? {}) as { error?: unknown };
    return error === undefined ? each : { ...(each as object), error: decodeError(encodeError(error)) };
  });
  return encodeValue(copied, 'event');
}
