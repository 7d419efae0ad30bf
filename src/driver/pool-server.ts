/** A pool that others use: over TCP on the loopback interface, for whoever has its token. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { InvalidArgumentError, LaunchError, show } from '../errors.js';
import type { Task } from '../head/task.js';
import { Connection, frameSlackBytes } from '../protocol/connection.js';
import { helloLimitBytes } from '../protocol/control-messages.js';
import type { NodeReceiver, Nodes } from '../launch/nodes.js';
import type { FromNode, NodeHello, ToNode } from '../protocol/node-messages.js';
import type { FromPool, TaskRecord, TaskSpec, ToPool } from '../protocol/pool-messages.js';
import { placements, poolVersion } from '../protocol/pool-messages.js';
import { isToken, newToken } from '../protocol/token.js';
import { decodeValue, encodeValue } from '../protocol/values.js';
import { encodeError } from '../worker/rank-task.js';
import type { StartedPool } from './launch.js';
import { poolEventNames } from './pool.js';

/** How often those who are connected hear of the pool while tasks run. */
const statusMs = 100;
/** Tasks that have ended and are still listed. */
const keptRecords = 1_000;

/** Whoever has connected. */
interface Visitor {
  readonly connection: Connection<ToPool | FromNode, FromPool | ToNode>;
  session: Session | undefined;
  node: NodeReceiver | undefined;
}

interface Session {
  readonly name: string;
  readonly connection: Visitor['connection'];
  readonly tasks: Map<string, Task>;
}

/** Opened and closed once. Whoever comes before the pool is up waits for it; node managers are what it may wait for. */
export class PoolServer {
  readonly token: string = newToken();
  /** Resolves when somebody asks for the pool's end, with whether by force. */
  readonly stopped: Promise<boolean>;
  readonly #nodes: Nodes | undefined;
  /** Users that have come before the pool was up. */
  readonly #waiting = new Set<Visitor>();
  #pool: StartedPool | undefined;
  readonly #logDir: string | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  readonly #records = new Map<string, TaskRecord & { begun: number; task: Task | undefined }>();
  readonly #timer: NodeJS.Timeout;
  #nextSession = 1;
  #told = '';
  #stop!: (force: boolean) => void;

  constructor(nodes: Nodes | undefined, logDir: string | undefined) {
    this.#nodes = nodes;
    this.#logDir = logDir;
    this.stopped = new Promise((resolve) => (this.#stop = resolve));
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
    this.#timer = setInterval(() => {
      // Without tasks only events change what there is to tell.
      if ([...this.#sessions].some(({ tasks }) => tasks.size > 0)) this.#tellStatus();
    }, statusMs).unref();
  }

  /** The pool is up. */
  serve(pool: StartedPool): void {
    this.#pool = pool;
    for (const name of poolEventNames) {
      pool.head.on(name, (...args: unknown[]) => {
        this.#broadcast({ type: 'event', name, payload: encodeValue(args, 'event') });
        this.#tellStatus();
      });
    }
    for (const visitor of this.#waiting) visitor.session = this.#admit(visitor.connection, pool);
    this.#waiting.clear();
  }

  /** Listen; port 0 is any. Returns the address. @throws {@link LaunchError} when the port is taken. */
  async open(port: number, listen: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? 'is taken; choose another, or 0 for any' : `: ${cause.message}`;
        reject(new LaunchError(`port ${port} of ${listen} ${why}`, { port }, { cause }));
      });
      this.#server.listen(port, listen, resolve);
    });
    return `${listen}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Nobody is connected any more. */
  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
    for (const socket of this.#sockets) socket.end();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const connection = new Connection<ToPool | FromNode, FromPool | ToNode>(socket, helloLimitBytes, {
      message: (message) => {
        if (visitor.node) visitor.node.message(message as FromNode);
        else if (visitor.session) this.#receive(visitor.session, message as ToPool);
        else if (this.#waiting.has(visitor)) connection.close();
        else this.#greet(visitor, message);
      },
      closed: () => {
        this.#sockets.delete(socket);
        this.#waiting.delete(visitor);
        visitor.node?.closed();
        if (visitor.session) this.#leave(visitor.session);
      },
    });
    const visitor: Visitor = { connection, session: undefined, node: undefined };
  }

  /** Whoever has the token is a user, or a node manager; anybody else is cut off. */
  #greet(visitor: Visitor, message: ToPool | FromNode): void {
    const { connection } = visitor;
    const isKnown = 'token' in message && isToken(message.token, this.token);
    if (isKnown && message.type === 'node') this.#greetNode(visitor, message);
    else if (!isKnown || message.type !== 'hello' || message.version !== poolVersion) connection.close();
    else if (this.#pool) visitor.session = this.#admit(connection, this.#pool);
    else this.#waiting.add(visitor);
  }

  #greetNode(visitor: Visitor, hello: NodeHello): void {
    const { connection } = visitor;
    visitor.node = this.#nodes?.admit(connection, hello);
    if (this.#nodes) return;
    connection.send({ type: 'refused', text: 'its workers are threads of one process' });
    connection.end();
  }

  #admit(connection: Visitor['connection'], { maxMessageBytes, status }: StartedPool): Session {
    connection.trust(maxMessageBytes + frameSlackBytes);
    const session = { name: `s${this.#nextSession++}`, connection, tasks: new Map<string, Task>() };
    this.#sessions.add(session);
    const encoded = encodeValue(status(), 'status');
    connection.send({ type: 'welcome', session: session.name, maxMessageBytes, logDir: this.#logDir, status: encoded });
    return session;
  }

  /** Nobody waits for its tasks any more. */
  #leave(session: Session): void {
    this.#sessions.delete(session);
    for (const task of session.tasks.values())
      this.#pool?.head.cancel(task, new Error('whoever submitted it has left'));
  }

  #receive(session: Session, message: ToPool): void {
    const pool = this.#pool;
    if (!pool) return;
    switch (message.type) {
      case 'hello':
        session.connection.close();
        break;
      case 'submit':
        this.#submit(session, pool, message.id, message.spec);
        break;
      case 'cancel': {
        const task = session.tasks.get(message.id);
        if (task) pool.head.cancel(task, decodeValue(message.reason));
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
      case 'stop':
        this.#stop(message.force);
    }
  }

  #submit(session: Session, pool: StartedPool, id: string, given: TaskSpec): void {
    const { connection, tasks, name } = session;
    try {
      const spec = checkedSpec(given);
      if (!id.startsWith(`${name}.`) || this.#records.has(id)) {
        throw new InvalidArgumentError(`expected an id of this session that is not in use, received ${show(id)}`);
      }
      const task = pool.head.submit(spec, id);
      task.asked = true;
      tasks.set(id, task);
      const { name: label, source, workers } = spec;
      const record = { id, name: label, source, workers, state: '', elapsedMs: 0, message: undefined };
      this.#records.set(id, { ...record, begun: performance.now(), task });
      task.done
        .then(
          (results) => {
            connection.send({ type: 'results', id, results: encodeValue(results, 'results') });
          },
          (error: unknown) => {
            connection.send({ type: 'failed', id, error: encodeError(error, Infinity) });
            return (error as Error).message;
          },
        )
        .then((message) => {
          tasks.delete(id);
          this.#settle(id, message ?? undefined);
        })
        .catch((error: unknown) => {
          connection.send({ type: 'failed', id, error: encodeError(error, Infinity) });
        });
    } catch (error) {
      connection.send({ type: 'failed', id, error: encodeError(error, Infinity) });
    }
    this.#tellStatus();
  }

  #list(): TaskRecord[] {
    return [...this.#records.values()].map(({ begun, task, ...record }) => {
      return task ? { ...record, state: task.state, elapsedMs: Math.round(performance.now() - begun) } : record;
    });
  }

  /** A task has ended: of its arguments nothing is kept. */
  #settle(id: string, message: string | undefined): void {
    const record = this.#records.get(id);
    if (!record?.task) return;
    const { state } = record.task;
    const elapsedMs = Math.round(performance.now() - record.begun);
    this.#records.set(id, { ...record, state, elapsedMs, message, task: undefined });
    for (const [each, { task }] of this.#records) {
      if (this.#records.size <= keptRecords) break;
      if (!task) this.#records.delete(each);
    }
  }

  #tellStatus(): void {
    if (this.#sessions.size === 0 || !this.#pool) return;
    const status = this.#pool.status();
    const news = JSON.stringify([status.queued, status.epoch, status.workers.map(({ pid, taskId }) => [pid, taskId])]);
    if (news === this.#told) return;
    this.#told = news;
    this.#broadcast({ type: 'status', status: encodeValue(status, 'status') });
  }

  #broadcast(message: FromPool): void {
    for (const { connection } of this.#sessions) connection.send(message);
  }
}

/** What came over the network is checked as if nobody had looked at it before. */
function checkedSpec(spec: unknown): TaskSpec {
  const given = (spec ?? {}) as Record<keyof TaskSpec, unknown>;
  const { source, name, workers, args, timeoutMs, maxRetries, fresh, placement } = given;
  const { url, exportName } = (source ?? {}) as Record<'url' | 'exportName', unknown>;
  const isCount = (value: unknown, least: number): boolean => Number.isInteger(value) && (value as number) >= least;
  const fits =
    typeof url === 'string' &&
    url.startsWith('file:///') &&
    typeof exportName === 'string' &&
    (name === undefined || typeof name === 'string') &&
    isCount(workers, 1) &&
    isCount(maxRetries, 0) &&
    args instanceof Uint8Array &&
    (timeoutMs === null || (typeof timeoutMs === 'number' && timeoutMs > 0)) &&
    typeof fresh === 'boolean' &&
    placements.some((each) => each === placement);
  if (!fits) throw new InvalidArgumentError(`expected a task, received ${show(spec)}`);
  return spec as TaskSpec;
}
