/** The control side of one rank: between the head's socket, MPI, and the task thread of this process. */
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { LaunchError } from '../errors.js';
import type { WorkerEvents } from '../head/worker-side.js';
import type { MpiAddon } from '../native/mpi.js';
import { readProcess, sharedMemoryFiles } from '../native/proc.js';
import { Connection } from '../protocol/connection.js';
import type { FromRank, HeadPlace, RankRow, Rendezvous, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import { controlVersion } from '../protocol/control-messages.js';
import type { LeaseMessage } from '../protocol/messages.js';
import type { Endpoint } from '../wire/endpoint.js';
import { WireMemory } from '../wire/wire-memory.js';
import { Communicators } from './communicators.js';
import { endsWithin } from './ends-within.js';
import { closeWire, openEndpoint } from './rank-engine.js';
import { encodeError } from './rank-task.js';
import type { JoinedJob } from './join-job.js';
import { enterMpi, joinRanks } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import { worldMembers } from './members.js';
import type { Meeting } from './rendezvous.js';
import { meet } from './rendezvous.js';
import { ScriptThread } from './script-thread.js';
import { ThreadWorkers } from './threads.js';

/** How long the task thread may take to end, and MPI_Finalize may wait for the others. */
const threadLimitMs = 1_000;
const finalizeLimitMs = 2_000;
const lookMs = 5;
/** How often a node manager is looked for. */
const searchMs = 20;

/** Lives from the start of the process to its end. */
export class RankControl {
  readonly #launched: LaunchedRank;
  readonly #row: RankRow;
  readonly #token: string;
  /** To the node manager. */
  #connection: Connection<ToRank, FromRank> | undefined;
  /** Resolves when the head has this rank's row. */
  readonly #adopted: Promise<void>;
  #adopt!: () => void;
  #welcome: WelcomeMessage | undefined;
  #mpi: MpiAddon | undefined;
  #meeting: Promise<Meeting> | undefined;
  #job: JoinedJob | undefined;
  #communicators: Communicators | undefined;
  #workers: ThreadWorkers | undefined;
  #script: ScriptThread | undefined;
  /** The one of the last assignment, with the head's number of its communicator. */
  #lease: LeaseMessage | undefined;
  #wireMemory: WireMemory | undefined;
  /** What this rank does inside MPI. */
  #round: Promise<void> | undefined;
  #look: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(launched: LaunchedRank, row: RankRow, token: string) {
    this.#launched = launched;
    this.#row = row;
    this.#token = token;
    this.#adopted = new Promise((resolve) => (this.#adopt = resolve));
  }

  /** Turn to the node manager at the other end, and do as it says; when it is gone, end. */
  connect(socket: Socket): void {
    this.#connection = new Connection<ToRank, FromRank>(socket, Infinity, {
      message: (message) => {
        this.#receive(message);
      },
      closed: () => {
        // Nobody will ask for anything again, and nobody else clears up.
        this.#close(true);
      },
    });
    this.#send({ type: 'hello', version: controlVersion, token: this.#token, row: this.#row });
  }

  /**
   * On another node than the head's: enter MPI, where the head learns that this process is there, and only then look for
   * the node manager, which may not have been started before.
   */
  meetFirst({ rendezvous, startTimeoutMs }: HeadPlace, path: string): void {
    const end = performance.now() + startTimeoutMs;
    this.#meet(rendezvous)
      .then(async ({ rows }) => {
        if (rows) throw new LaunchError('MPI rank 0 has to be on the node of the driver; name that host first');
        let socket = await tryConnect(path);
        while (!socket) {
          if (performance.now() > end) throw new LaunchError(`no node manager has come within ${startTimeoutMs} ms`);
          await new Promise((resolve) => setTimeout(resolve, searchMs));
          socket = await tryConnect(path);
        }
        this.connect(socket);
      })
      .catch((error: unknown) => {
        const { rank, node } = this.#row;
        process.stderr.write(`shoal: rank ${rank} on node ${node} ends: ${(error as Error).message}\n`);
        process.exit(1);
      });
  }

  #receive(message: ToRank): void {
    const rank = this.#job?.rank ?? 0;
    switch (message.type) {
      case 'welcome':
        this.#welcome = message;
        this.#start(message).catch((error: unknown) => {
          this.#send({ type: 'failed', error: encodeError(error, Infinity) });
        });
        break;
      case 'adopted':
        this.#adopt();
        break;
      case 'prepare':
        void this.#inRound(message.round, () => this.#communicators?.prepare(), 'ready');
        break;
      case 'go':
        void this.#inRound(message.order.round, () => this.#communicators?.go(message.order), 'done');
        break;
      case 'assign': {
        this.#lease = message.lease;
        const communicator = this.#communicators?.handle(message.lease.communicator) ?? -1;
        this.#workers?.assign(rank, { ...message, lease: { ...message.lease, communicator } });
        break;
      }
      case 'cancel':
        if (this.#script) this.#script.cancel(message);
        else this.#workers?.cancel(rank, message);
        break;
      case 'abort':
        this.#job?.window.node.abort(message.slot, message.lease, message.reason);
        this.#job?.window.ring(rank);
        break;
      case 'markDead':
        this.#job?.window.node.markDead(message.slot, message.rank);
        break;
      case 'clear':
      case 'cleared':
        this.#workers?.clear(message.slot);
        break;
      case 'end':
        if (this.#script) this.#script.terminate();
        else this.#workers?.end(rank);
        break;
      case 'close':
        this.#close(false);
    }
  }

  #meet(rendezvous: Rendezvous): Promise<Meeting> {
    this.#meeting ??= enterMpi(this.#launched).then((mpi) => {
      this.#mpi = mpi;
      this.#send({ type: 'mpiReady' });
      return meet(mpi, rendezvous, this.#row);
    });
    return this.#meeting;
  }

  async #start(welcome: WelcomeMessage): Promise<void> {
    const { rendezvous, windowBytes, startTimeoutMs, threads, script } = welcome;
    const { mpi, workers, rows: gathered } = await this.#meet(rendezvous);
    if (gathered) this.#send({ type: 'gathered', rows: gathered });
    await this.#adopted;
    if (workers === undefined) {
      // The agent: it stands for the head inside MPI, and sleeps.
      this.#send({ type: 'registered', window: false, files: sharedMemoryFiles() });
      return;
    }
    const job = await joinRanks(mpi, this.#launched.family, workers, this.#row, windowBytes);
    this.#job = job;
    if (job.wire) this.#wireMemory = new WireMemory(job.wire.handle);
    const { rank, rows } = job;
    const members = worldMembers(rows);
    const registered: FromRank = { type: 'registered', window: !job.wire, files: sharedMemoryFiles() };
    if (script) {
      this.#send(registered);
      this.#script = new ScriptThread(rank, members, job, script, threads, (exit) => {
        this.#send({ type: 'exited', ...exit });
        if (job.wire) this.#seeThrough(openEndpoint(rank, job.wire.world, job.wire));
      });
      return;
    }
    this.#communicators = new Communicators(mpi, workers, rank, job.size, job.wire !== undefined);
    const own = members.slice(rank, rank + 1).map((member) => ({ ...member, nodeKey: '' }));
    this.#workers = new ThreadWorkers(own, job.window, {
      startTimeoutMs,
      threads,
      wire: job.wire,
    });
    this.#workers.report(this.#events());
    await this.#workers.start(undefined);
    this.#send(registered);
  }

  /** A rank that fails inside MPI leaves the others there: it ends, and the head starts all again. */
  async #inRound(round: number, step: () => Promise<void> | undefined, answer: 'ready' | 'done'): Promise<void> {
    if (this.#closing) return;
    this.#round = step();
    try {
      await this.#round;
      this.#send({ type: answer, round });
    } catch (error) {
      process.stderr.write(`shoal: worker ${this.#job?.rank} ends: round ${round}: ${(error as Error).message}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
  }

  /** A task has let go of the wire: what it has sent and received is known until its communicator is freed. */
  #countTraffic(): void {
    if (!this.#wireMemory || !this.#lease) return;
    const { sent, received } = this.#wireMemory;
    this.#communicators?.count(this.#lease.communicator, sent, received);
    sent.fill(0);
    received.fill(0);
  }

  /** What the thread sent last, before it ended, must leave: MPI moves only while somebody looks. */
  #seeThrough(endpoint: Endpoint): void {
    if (this.#closing) return;
    this.#look = setInterval(() => {
      endpoint.poll();
      if (endpoint.quiet) clearInterval(this.#look);
    }, lookMs);
  }

  #send(message: FromRank): void {
    this.#connection?.send(message);
  }

  #close(orphaned: boolean): void {
    if (this.#closing) return;
    this.#closing = true;
    void this.#leave(orphaned);
  }

  async #leave(orphaned: boolean): Promise<void> {
    clearInterval(this.#look);
    this.#script?.terminate();
    // A thread that sits in native code for good would also keep `process.exit` waiting.
    const ended = await endsWithin(this.#workers?.close(), threadLimitMs);
    if (!ended) process.kill(process.pid, 'SIGKILL');
    const finalized = await endsWithin(this.#leaveMpi(), finalizeLimitMs);
    if (orphaned) this.#clearUp(finalized);
    process.exit(0);
  }

  async #leaveMpi(): Promise<void> {
    await this.#round;
    await this.#communicators?.end();
    await (this.#job ?? this.#mpi)?.finalize();
  }

  /** What the head does when there is one: end the launcher, remove the job's files. */
  #clearUp(finalized: boolean): void {
    const { launcher, folder } = this.#welcome ?? {};
    if (!launcher || folder === undefined) return;
    if (!finalized) {
      for (const file of sharedMemoryFiles()) removeFile(file);
      if (readProcess(launcher.pid)?.startTime === launcher.startTime) process.kill(launcher.pid, 'SIGTERM');
    }
    removeFile(folder);
  }

  /** Reports of this process's one worker, sent on to the head. */
  #events(): WorkerEvents {
    return {
      ready: () => undefined,
      done: () => undefined,
      ending: () => undefined,
      renewed: () => undefined,
      outcome: (_, taskId, outcome) => {
        if (outcome.kind !== 'threw' || !outcome.replaceThread) this.#countTraffic();
        this.#send({ type: 'outcome', taskId, outcome });
      },
      gone: (_, lease, how) => {
        if (this.#job?.wire) closeWire(this.#job.wire);
        if (lease === this.#lease?.lease) this.#countTraffic();
        this.#send({ type: 'gone', lease, how });
      },
      replaced: () => {
        this.#send({ type: 'replaced' });
      },
      removed: () => undefined,
      cleared: (slot) => {
        this.#send({ type: 'cleared', slot });
      },
      lost: (error) => {
        this.#send({ type: 'lost', error: encodeError(error, Infinity) });
      },
      warning: (_, message) => {
        this.#send({ type: 'warning', message });
      },
      stuck: (taskId, rank) => {
        this.#send({ type: 'stuck', taskId, rank });
      },
    };
  }
}

/** Undefined: nobody listens there. */
function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      resolve(socket);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
  });
}

/** Other ranks remove the same files at the same time. */
function removeFile(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Somebody else was faster.
  }
}
