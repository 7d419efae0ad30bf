/**
 * A node manager that is a process of its own: job after job it takes the workers of its node on, for a head elsewhere.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LaunchError } from '../errors.js';
import { makeNamedJobFolder, sweepJobFolders } from '../native/job-folder.js';
import { makePrivateFolder } from '../native/private-folder.js';
import { nodeIdentity } from '../native/proc.js';
import { removeSharedMemoryOfNode, sweepSharedMemory } from '../native/shared-memory-folder.js';
import type { Connection } from '../protocol/connection.js';
import type { WelcomeMessage } from '../protocol/control-messages.js';
import { welcomeLimitBytes } from '../protocol/control-messages.js';
import { beatMs, Heartbeat } from '../protocol/heartbeat.js';
import type { FromNode, NodeJob, ToNode } from '../protocol/node-messages.js';
import { nodeFolder, nodeSocket } from '../protocol/node-socket.js';
import { endsWithin } from '../ends-within.js';
import type { TakeTraced, TracedPart } from '../records/take-traced.js';
import { logPath } from '../worker/log-file.js';
import { encodeError } from '../protocol/error-value.js';
import { LastOperationsTold } from './last-operations-told.js';
import { NodeManager } from './node-manager.js';
import { NodeValues } from './node-values.js';
import { tailOf } from './tail.js';

/** How long workers may take to leave once the head is gone. */
const leaveLimitMs = 5_000;

interface Open {
  readonly job: number;
  readonly manager: NodeManager;
  readonly told: LastOperationsTold;
  readonly folder: string;
  /** The head's folder of the job. */
  readonly headFolder: string;
}

/** From the head's `admitted` to the end of the connection. */
export class NodeService {
  readonly #connection: Connection<ToNode, FromNode>;
  readonly #heartbeat: Heartbeat;
  readonly #madeMs = Date.now();
  readonly #values: NodeValues;
  #open: Open | undefined;
  /** Steps that take time, one after the other. */
  #steps: Promise<void> = Promise.resolve();
  /** Stopped by a signal when last polled. */
  #stopped: readonly number[] = [];

  constructor(connection: Connection<ToNode, FromNode>, everyMs: number = beatMs) {
    this.#connection = connection;
    this.#values = new NodeValues((message) => {
      connection.send(message);
    });
    this.#heartbeat = new Heartbeat(
      () => {
        this.#beat();
      },
      () => {
        connection.close();
      },
      everyMs,
    );
  }

  receive(message: ToNode): void {
    this.#heartbeat.heard();
    switch (message.type) {
      case 'open':
        this.#then(() => this.#openJob(message.job, message.settings));
        break;
      case 'send': {
        const open = this.#of(message.job);
        open?.told.sending(message.worldRank, message.message);
        open?.manager.send(message.worldRank, message.message);
        break;
      }
      case 'ask': {
        const { job, request, rank, lease, most } = message;
        const operations = this.#of(job)?.manager.operations(rank, lease, most);
        this.#connection.send({ type: 'asked', job, request, operations });
        break;
      }
      case 'kill': {
        const { worldRank, text, signal } = message;
        const manager = this.#of(message.job)?.manager;
        if (worldRank === undefined) manager?.killAll(text);
        else manager?.kill(worldRank, text, signal);
        break;
      }
      case 'trace':
        this.#trace(message.job, message.isOn);
        break;
      case 'dismiss':
        this.#then(() => {
          void this.#dismiss(message.job);
        });
        break;
      case 'close':
        this.#then(() => {
          if (this.#of(message.job)) this.#close();
        });
        break;
      case 'value':
        this.#values.begin(message.id, message.sizeBytes);
        break;
      case 'valuePart':
        this.#values.write(message.id, message.bytes);
        break;
      case 'dropValue':
        this.#values.drop(message.id);
    }
  }

  #trace(job: number, isOn: boolean): void {
    const tell = (parts: readonly TracedPart[], originMs: number, isLast: boolean): void => {
      this.#connection.send({ type: 'traced', job, originMs, parts, isLast });
    };
    const take: TakeTraced = (parts, originMs) => {
      tell(parts, originMs, false);
    };
    void this.#of(job)?.manager.trace(isOn ? take : undefined);
    if (!isOn) tell([], 0, true);
  }

  /** The head is gone: its workers leave, and nothing stays. */
  async end(): Promise<void> {
    this.#heartbeat.stop();
    await this.#steps;
    const { manager } = this.#open ?? {};
    manager?.dismiss();
    if (!(await endsWithin(manager?.gone(), leaveLimitMs))) {
      manager?.killAll('was ended because the head was gone');
      await manager?.gone();
    }
    this.#close();
    this.#values.close();
    // Of jobs whose workers here ended before it was told of them.
    sweepSharedMemory();
  }

  #of(job: number): Open | undefined {
    return this.#open?.job === job ? this.#open : undefined;
  }

  #then(step: () => Promise<void> | void): void {
    this.#steps = this.#steps.then(step);
  }

  async #openJob(job: number, settings: NodeJob): Promise<void> {
    this.#close();
    try {
      const folder = nodeFolder(settings.token, nodeIdentity());
      const told: LastOperationsTold = new LastOperationsTold(
        (rank, lease, most) => manager.operations(rank, lease, most),
        (worldRank, lease, operations) => {
          this.#connection.send({ type: 'operations', job, worldRank, lease, operations });
        },
      );
      const manager = this.#manage(job, settings, folder, told);
      sweepJobFolders(dirname(folder));
      sweepSharedMemory();
      makeNamedJobFolder(folder);
      this.#open = { job, manager, told, folder, headFolder: settings.welcome.folder };
      this.#connection.trust(settings.welcome.maxMessageBytes + welcomeLimitBytes);
      makePrivateFolder(settings.welcome.threads.logDir ?? join(folder, 'logs'));
      await manager.open(nodeSocket(folder));
      manager.expect(settings.rows);
    } catch (cause) {
      const text = `the node manager of ${nodeIdentity().node} cannot take its workers on: ${(cause as Error).message}`;
      this.#fail(job, new LaunchError(text, {}, { cause }));
    }
  }

  #manage(
    job: number,
    { token, worldSize, agents, welcome }: NodeJob,
    folder: string,
    told: LastOperationsTold,
  ): NodeManager {
    const logDir = welcome.threads.logDir ?? join(folder, 'logs');
    const own: WelcomeMessage = {
      ...welcome,
      threads: { ...welcome.threads, logDir },
      folder,
      // The launcher is on the head's host.
      launcher: { pid: -1, startTime: -1 },
    };
    return new NodeManager(
      {
        token,
        worldSize,
        agents,
        welcome: () => own,
        lastOutput: (worldRank) => tailOf(logPath(logDir, worldRank)),
      },
      {
        gathered: () => undefined,
        connected: (worldRank) => {
          this.#connection.send({ type: 'connected', job, worldRank });
        },
        registered: (worldRank) => {
          // What it uses is known as soon as it is.
          this.#beat();
          this.#connection.send({ type: 'registered', job, worldRank });
        },
        failed: (error) => {
          this.#fail(job, error);
        },
        message: (worldRank, message) => {
          told.reporting(worldRank, message);
          this.#connection.send({ type: 'report', job, worldRank, message });
        },
        died: (worldRank, error) => {
          told.ending(worldRank);
          this.#connection.send({ type: 'died', job, worldRank, error: encodeError(error, Infinity) });
        },
        refused: (text) => {
          this.#connection.send({ type: 'refusal', text });
        },
      },
    );
  }

  async #dismiss(job: number): Promise<void> {
    const manager = this.#of(job)?.manager;
    manager?.dismiss();
    await manager?.gone();
    this.#connection.send({ type: 'gone', job });
  }

  #close(): void {
    this.#open?.manager.close();
    if (this.#open) {
      removeSharedMemoryOfNode(this.#open.headFolder, this.#madeMs);
      rmSync(this.#open.folder, { recursive: true, force: true });
    }
    this.#open = undefined;
  }

  #fail(job: number, error: LaunchError): void {
    this.#connection.send({ type: 'failed', job, error: encodeError(error, Infinity) });
  }

  #beat(): void {
    const { manager } = this.#open ?? {};
    const usage = (manager?.entries ?? []).flatMap(({ worldRank }) => {
      const uses = manager?.usage(worldRank);
      return uses ? [{ worldRank, ...uses }] : [];
    });
    const stopped = manager?.stopped() ?? [];
    // Twice in a row: a process may be stopped for a moment.
    const both = stopped.filter((worldRank) => this.#stopped.includes(worldRank));
    this.#stopped = stopped;
    this.#connection.send({ type: 'beat', usage, stopped: both });
  }
}
