/** A pool that others use: over TCP on the loopback interface, for whoever has its token. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { clearInterval, setInterval } from '../clock.js';
import { LaunchError } from '../errors.js';
import { Connection, frameSlackBytes } from '../protocol/connection.js';
import { helloLimitBytes } from '../protocol/control-messages.js';
import type { NodeReceiver, Nodes } from '../launch/nodes.js';
import { Gate } from '../protocol/gate.js';
import type { FromNode, ToNode } from '../protocol/node-messages.js';
import { fromNode } from '../protocol/node-shapes.js';
import type { FromPool, StopOrder, ToPool } from '../protocol/pool-messages.js';
import { toPool } from '../protocol/pool-shapes.js';
import { newToken } from '../protocol/token.js';
import { decodeError } from '../protocol/decode-error.js';
import { encodeValue } from '../protocol/values.js';
import { encodeError } from '../protocol/error-value.js';
import { headEventNames } from '../head/pool-events.js';
import { PoolSession } from './pool-session.js';
import type { StartedPool } from './prepare-pool.js';
import { TaskRecords } from './task-records.js';

/** How often those who are connected hear of the pool while tasks run. */
const statusMs = 100;
/** A user whose host is gone says nothing: the system asks it from then on, and ends the socket. */
const keepAliveMs = 60_000;

type UserConnection = Connection<ToPool, FromPool>;

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
  readonly #sessions = new Set<PoolSession>();
  readonly #records = new TaskRecords();
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
      const sessions = [...this.#sessions];
      const isWanted = sessions.some(({ wantsStatus }) => wantsStatus);
      if (isWanted) this.#told = '';
      if (isWanted || sessions.some(({ isBusy }) => isBusy)) this.#tellStatus();
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
        const payload = encodeEvent(args);
        for (const session of this.#sessions) session.tellEvent(name, payload);
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
    socket.setKeepAlive(true, keepAliveMs);
    let session: PoolSession | undefined;
    const connection: UserConnection = new Connection(socket, helloLimitBytes, toPool, {
      message: (message) => {
        // Before it is welcome it has nothing to say.
        if (session) session.receive(message);
        else connection.close();
      },
      closed: () => {
        this.#sockets.delete(socket);
        this.#waiting.delete(admit);
        if (!session) return;
        this.#sessions.delete(session);
        session.leave();
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

  #admit(connection: UserConnection, pool: StartedPool): PoolSession {
    const { head, maxMessageBytes } = pool;
    const first = pool.status();
    const status = encodeValue(first, 'status');
    // A task may have arguments for each rank.
    connection.trust(first.workers.length * (maxMessageBytes + frameSlackBytes));
    const name = `s${this.#nextSession++}`;
    const session = new PoolSession(name, pool, this.#records, connection, {
      changed: () => {
        this.#tellStatus();
      },
      stop: (order) => {
        // A later order hastens the end.
        if (this.#isStopping) void head.close(order.force, order.timeoutMs);
        this.#isStopping = true;
        this.#stop(order);
      },
    });
    this.#sessions.add(session);
    session.send({ type: 'welcome', session: name, maxMessageBytes, logDir: this.#logDir, status });
    return session;
  }

  #tellStatus(): void {
    if (this.#sessions.size === 0 || !this.#pool) return;
    const status = this.#pool.status();
    const { queued, epoch, gangs, values, workers } = status;
    const news = JSON.stringify([queued, epoch, gangs, values, workers.map(({ pid, taskId }) => [pid, taskId])]);
    if (news === this.#told) return;
    this.#told = news;
    const encoded = encodeValue(status, 'status');
    for (const session of this.#sessions) session.tell(encoded);
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
