/** The node managers of other nodes than the head's: started by the head when rows of their node come, or by hand. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { assetPath } from '../asset.js';
import { jobVariableNames, jobVariables } from '../env.js';
import { LaunchError } from '../errors.js';
import type { NodeIdentity } from '../native/proc.js';
import { ValueHosts } from '../head/value-hosts.js';
import { nodeIdentity, nodeKey } from '../native/proc.js';
import { Connection } from '../protocol/connection.js';
import { helloLimitBytes } from '../protocol/control-messages.js';
import { Gate } from '../protocol/gate.js';
import { beatMs } from '../protocol/heartbeat.js';
import type { FromNode, NodeHello, ToNode } from '../protocol/node-messages.js';
import { fromNode } from '../protocol/node-shapes.js';
import { newToken } from '../protocol/token.js';
import { endsWithin } from '../ends-within.js';
import { mpiCommand } from './command-line.js';
import type { MpiLauncher } from './family.js';
import { Mpiexec } from './mpiexec.js';
import { RemoteNode } from './remote-node.js';

/**
 * Who starts the node managers of other nodes: the head, when it needs them, or the user, by `shoal start --address`.
 */
export type NodeManagersChoice = 'start' | 'wait';

/** How node managers come; all filled. */
export interface NodesOptions {
  readonly launcher: MpiLauncher;
  readonly mpiexecArgs: readonly string[];
  readonly nodeManagers: NodeManagersChoice;
  /** Address of this host at which node managers reach the head. */
  readonly listen: string;
  /** Longest message that a node manager may send. */
  readonly maxMessageBytes: number;
}

/** What whoever owns the connection passes on of it. */
export interface NodeReceiver {
  message(message: FromNode): void;
  closed(): void;
}

interface Awaited {
  readonly came: Promise<RemoteNode>;
  readonly settle: (node: RemoteNode) => void;
  readonly fail: (error: LaunchError) => void;
}

/** How long a node manager may take to end when its connection does. */
const closeLimitMs = 6_000;

/** One per pool; outlives its jobs. */
export class Nodes {
  /** Values that lie on the hosts of the pool, those of these node managers among them. */
  readonly values: ValueHosts = new ValueHosts();
  readonly #options: NodesOptions;
  readonly #everyMs: number;
  readonly #token = newToken();
  readonly #present = new Map<string, RemoteNode>();
  readonly #awaited = new Map<string, Awaited>();
  readonly #sockets = new Set<Socket>();
  readonly #gate: Gate;
  readonly #started: Mpiexec[] = [];
  #server: Server | undefined;
  #address: Promise<string> | undefined;
  #closed = false;

  constructor(options: NodesOptions, everyMs: number = beatMs) {
    this.#options = options;
    this.#everyMs = everyMs;
    this.#gate = new Gate(
      { token: this.#token, roles: ['node'] },
      {
        admitted: (socket) => {
          this.#accept(socket);
        },
      },
    );
  }

  /** Names of the nodes whose manager is there. */
  get names(): readonly string[] {
    return [...this.#present.values()].map(({ identity }) => identity.node);
  }

  /** A node manager has come, and has shown the token; undefined when it is not wanted, which it is told. */
  admit(connection: Connection<FromNode, ToNode>, hello: NodeHello): NodeReceiver | undefined {
    const why = this.#refusal(hello);
    if (why !== undefined) {
      connection.send({ type: 'refused', text: why });
      connection.end();
      return undefined;
    }
    connection.trust(this.#options.maxMessageBytes);
    const key = nodeKey(hello);
    const node = new RemoteNode(connection, hello, this.#everyMs);
    this.#present.set(key, node);
    this.#awaited.get(key)?.settle(node);
    return {
      message: (message) => {
        node.receive(message);
      },
      closed: () => {
        if (this.#present.get(key) === node) this.#present.delete(key);
        node.end();
        this.values.leave(node.values);
      },
    };
  }

  /**
   * The manager of a node: the one that is there, or the next that comes. Waits without limit: whoever asks has one.
   *
   * @throws {@link LaunchError} when it could not be started, or `close` was called.
   */
  async reach(identity: NodeIdentity): Promise<RemoteNode> {
    const key = nodeKey(identity);
    const present = this.#present.get(key);
    if (present) return present;
    const awaited = this.#awaited.get(key) ?? makeAwaited();
    if (!this.#awaited.has(key)) {
      this.#awaited.set(key, awaited);
      awaited.came.catch(() => undefined).finally(() => this.#awaited.delete(key));
      if (this.#options.nodeManagers === 'start') this.#start(identity).catch(awaited.fail);
    }
    return awaited.came;
  }

  /** Resolves when every node manager that was started here has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.values.close();
    for (const { fail } of this.#awaited.values()) fail(new LaunchError('the pool is closing'));
    for (const node of this.#present.values()) node.close();
    const ended = Promise.all(this.#started.map((mpiexec) => mpiexec.ended));
    if (!(await endsWithin(ended, closeLimitMs))) for (const mpiexec of this.#started) mpiexec.kill();
    await ended;
    for (const socket of this.#sockets) socket.destroy();
    this.#gate.close();
    this.#server?.close();
  }

  #refusal(hello: NodeHello): string | undefined {
    if (this.#closed) return 'the pool is closing';
    const known = nodeKey(hello) === nodeKey(nodeIdentity()) ? process.pid : this.#present.get(nodeKey(hello))?.pid;
    if (known === undefined) return undefined;
    return (
      `node ${hello.node} has a node manager, process ${known}. ` +
      `Where one host is to be several nodes, each needs a SHOAL_NODE of its own, with its workers`
    );
  }

  /** One process on that node, through mpiexec: as the workers came there, so does this. */
  async #start(identity: NodeIdentity): Promise<void> {
    const { launcher, mpiexecArgs } = this.#options;
    const address = await this.#open();
    const own = nodeIdentity();
    const isHere = identity.bootId === own.bootId && identity.hostname === own.hostname;
    const command = mpiCommand(launcher, {
      ranks: 1,
      program: [process.execPath, assetPath('#node-process')],
      hosts: isHere ? [] : [{ name: identity.hostname, ranks: 1 }],
      hostfile: undefined,
      extraArgs: mpiexecArgs,
      root: process.getuid?.() === 0,
      // What MPI makes there it removes itself: this process may be gone by then.
      folder: resolve(tmpdir()),
      forward: [...jobVariableNames, 'SHOAL_NODE'],
    });
    // The token goes in by standard input, which mpiexec gives to its first rank: an environment can be read by others.
    const variables = { ...jobVariables(address), SHOAL_NODE: identity.node };
    const mpiexec = new Mpiexec(command, variables, { text: `${this.#token}\n` });
    mpiexec.keepAlive(false);
    void this.#awaited.get(nodeKey(identity))?.came.then(
      ({ pid }) => {
        mpiexec.started(pid);
      },
      () => undefined,
    );
    this.#started.push(mpiexec);
    void mpiexec.ended.then(() => {
      this.#started.splice(this.#started.indexOf(mpiexec), 1);
    });
    void mpiexec.exit.then((how) => {
      const text = `the node manager of ${identity.node} did not start (${how}): ${mpiexec.tail}`;
      this.#awaited.get(nodeKey(identity))?.fail(new LaunchError(text, { node: identity.node }));
    });
  }

  /** Listen for node managers that are started here. Resolves with the address. */
  #open(): Promise<string> {
    const { listen } = this.#options;
    this.#address ??= new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        this.#gate.receive(socket);
      });
      this.#server = server.unref();
      server.once('error', (cause) => {
        reject(new LaunchError(`cannot listen at ${listen}: ${cause.message}`, { listen }, { cause }));
      });
      server.listen(0, listen, () => {
        resolve(`${listen}:${(server.address() as AddressInfo).port}`);
      });
    });
    return this.#address;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let receiver: NodeReceiver | undefined;
    const connection = new Connection<FromNode, ToNode>(socket, helloLimitBytes, fromNode, {
      message: (message) => {
        if (receiver) receiver.message(message);
        else if (message.type === 'node') receiver = this.admit(connection, message);
        else connection.close();
      },
      closed: () => {
        this.#sockets.delete(socket);
        receiver?.closed();
      },
    });
  }
}

function makeAwaited(): Awaited {
  let settle!: Awaited['settle'];
  let fail!: Awaited['fail'];
  const came = new Promise<RemoteNode>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { came, settle, fail };
}
