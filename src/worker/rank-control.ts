/** The control side of one rank: between the head's socket, MPI, and the task thread of this process. */
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { clearInterval, nowMs, setInterval } from '../clock.js';
import { LaunchError } from '../errors.js';
import type { WorkerEvents } from '../head/worker-side.js';
import type { MpiAddon } from '../native/mpi.js';
import { readToken, removeTree } from '../native/job-folder.js';
import { childTowards, isLiving, nodeKey, sharedMemoryFiles } from '../native/proc.js';
import { removeSharedMemoryOfJob, removeSharedMemoryOfNode } from '../native/shared-memory-folder.js';
import { Connection } from '../protocol/connection.js';
import type { FromRank, HeadPlace, RankRow, Rendezvous, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import { welcomeLimitBytes } from '../protocol/control-messages.js';
import { toRank } from '../protocol/control-shapes.js';
import { greet } from '../protocol/greeting.js';
import type { Lease } from '../backend/lease.js';
import { nodeFolder, nodeSocket } from '../protocol/node-socket.js';
import type { Endpoint } from '../backend/wire/endpoint.js';
import { WireMemory } from '../backend/wire/wire-memory.js';
import { RankCommunicators } from './rank-communicators.js';
import { endsWithin } from '../ends-within.js';
import { closeWire, openEndpoint } from './rank-engine.js';
import { encodeError } from '../protocol/error-value.js';
import type { JoinedJob } from './join-job.js';
import { enterMpi, joinRanks } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import { worldMembers } from './members.js';
import type { RendezvousResult } from './rendezvous.js';
import { performRendezvous } from './rendezvous.js';
import { ScriptThread } from './script-thread.js';
import { ThreadWorkers } from './thread-workers.js';

/** How long the task thread may take to end, and MPI_Finalize may wait for the others. */
const threadLimitMs = 1_000;
const finalizeLimitMs = 2_000;
const lookMs = 5;
/** How long to wait before a node manager is looked for again: at first, doubled each time, and at most. */
const searchMs = 10;
const longestSearchMs = 500;

/** Lives from the start of the process to its end. */
export class RankControl {
  readonly #launched: LaunchedRank;
  readonly #row: RankRow;
  readonly #place: HeadPlace;
  /** On the head's node. */
  readonly #isNear: boolean;
  #token: string | undefined;
  /** To the node manager. */
  #connection: Connection<ToRank, FromRank> | undefined;
  /** Resolves when the head has this rank's row. */
  readonly #adopted: Promise<void>;
  #adopt!: () => void;
  #welcome: WelcomeMessage | undefined;
  #mpi: MpiAddon | undefined;
  #rendezvous: Promise<RendezvousResult> | undefined;
  #job: JoinedJob | undefined;
  #communicators: RankCommunicators | undefined;
  #workers: ThreadWorkers | undefined;
  #script: ScriptThread | undefined;
  /** The one of the last assignment, with the head's number of its communicator. */
  #lease: Lease | undefined;
  #wireMemory: WireMemory | undefined;
  /** What this rank does inside MPI. */
  #round: Promise<void> | undefined;
  #look: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(launched: LaunchedRank, row: RankRow, place: HeadPlace) {
    this.#launched = launched;
    this.#row = row;
    this.#place = place;
    this.#isNear = nodeKey(row) === place.nodeKey;
    this.#adopted = new Promise((resolve) => (this.#adopt = resolve));
  }

  /** Find the node manager, and do as it says; when it is gone, end. Called once. */
  begin(): void {
    const found = this.#isNear ? this.#findHead() : this.#findManager();
    found.then(
      (socket) => {
        this.#connect(socket);
      },
      (error: unknown) => {
        const { rank, node } = this.#row;
        process.stderr.write(`shoal: rank ${rank} on node ${node} ends: ${(error as Error).message}\n`);
        process.exitCode = 1;
        this.#close(true);
      },
    );
  }

  #connect(socket: Socket): void {
    this.#connection = new Connection<ToRank, FromRank>(socket, welcomeLimitBytes, toRank, {
      message: (message) => {
        this.#receive(message);
      },
      closed: () => {
        // Nobody will ask for anything again, and nobody else clears up.
        this.#close(true);
      },
    });
    this.#send({ type: 'hello', row: this.#row });
  }

  /** The head itself is the manager of its node, and was there before its ranks. */
  async #findHead(): Promise<Socket> {
    const { folder, startTimeoutMs } = this.#place;
    this.#token = readToken(folder);
    if (this.#token === undefined) throw new LaunchError(`the driver is gone, or ${folder} cannot be read`);
    return this.#greet(nodeSocket(folder), this.#token, startTimeoutMs);
  }

  /**
   * On another node than the head's: enter MPI, where the head learns that this process is there, and only then look for
   * the node manager, ever less often, which may not have been started before.
   */
  async #findManager(): Promise<Socket> {
    const { rendezvous, startTimeoutMs } = this.#place;
    const end = nowMs() + startTimeoutMs;
    const { rows, token } = await this.#enter(rendezvous);
    if (rows) throw new LaunchError('MPI rank 0 has to be on the node of the driver; name that host first');
    const path = nodeSocket(nodeFolder(token, this.#row));
    for (let waitMs = searchMs; ; waitMs = Math.min(2 * waitMs, longestSearchMs)) {
      if (existsSync(path)) {
        try {
          return await this.#greet(path, token, Math.max(searchMs, end - nowMs()));
        } catch (error) {
          if (nowMs() > end) throw error; // it has just begun, or ended
        }
      }
      if (nowMs() > end) throw new LaunchError(`no node manager has come within ${startTimeoutMs} ms`);
      await sleep(waitMs);
    }
  }

  async #greet(path: string, token: string, limitMs: number): Promise<Socket> {
    try {
      return await greet(() => connect(path), 'rank', token, limitMs);
    } catch (cause) {
      throw new LaunchError(`its node manager ${(cause as Error).message}`, {}, { cause });
    }
  }

  #receive(message: ToRank): void {
    const rank = this.#job?.rank ?? 0;
    switch (message.type) {
      case 'welcome':
        this.#welcome = message;
        this.#connection?.trust(message.maxMessageBytes + welcomeLimitBytes);
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
      case 'taken':
        this.#workers?.taken(rank, message.lease, message.sizeBytes);
        break;
      case 'abort':
        this.#job?.window.node.abort(message.slot, message.lease, message.reason);
        this.#job?.window.notify(rank);
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

  #enter(rendezvous: Rendezvous): Promise<RendezvousResult> {
    this.#rendezvous ??= enterMpi(this.#launched, this.#place.folder).then((mpi) => {
      this.#mpi = mpi;
      this.#send({ type: 'mpiReady' });
      return performRendezvous(mpi, rendezvous, this.#row, this.#token);
    });
    return this.#rendezvous;
  }

  async #start(welcome: WelcomeMessage): Promise<void> {
    const { rendezvous, windowBytes, startTimeoutMs, threads, script } = welcome;
    const { mpi, workers, rows: gathered } = await this.#enter(rendezvous);
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
      this.#script = new ScriptThread(rank, members, job, script, threads, {
        exited: (exit) => {
          this.#send({ type: 'exited', ...exit });
          if (job.wire) this.#seeThrough(openEndpoint(rank, job.wire.world, job.wire));
        },
        readerGone: () => undefined, // it is mpiexec, whose end the head sees
      });
      return;
    }
    this.#communicators = new RankCommunicators(mpi, workers, rank, job.size, job.wire !== undefined);
    const own = members.slice(rank, rank + 1).map((member) => ({ ...member, nodeKey: '' }));
    this.#workers = new ThreadWorkers(own, job.window, {
      startTimeoutMs,
      threads,
      wire: job.wire,
      movesArguments: true,
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
    process.exit();
  }

  async #leaveMpi(): Promise<void> {
    await this.#round;
    await this.#communicators?.end();
    await (this.#job ?? this.#mpi)?.finalize();
  }

  /** What the head does when there is one: end the launcher, remove the job's files. */
  #clearUp(finalized: boolean): void {
    const launcher = this.#welcome?.launcher ?? (this.#isNear ? childTowards(this.#place.driver) : undefined);
    const folder = this.#welcome?.folder ?? (this.#isNear ? this.#place.folder : undefined);
    const removeSharedMemory = this.#isNear ? removeSharedMemoryOfJob : removeSharedMemoryOfNode;
    // MPICH makes its files when all ranks are there.
    removeSharedMemory(this.#place.folder, performance.timeOrigin);
    // Before it is welcome it has not entered MPI: others may wait for it there.
    if (!finalized || !this.#welcome) {
      for (const file of sharedMemoryFiles()) removeTree(file);
      if (launcher && isLiving(launcher)) process.kill(launcher.pid, 'SIGTERM');
    }
    if (folder !== undefined) removeTree(folder);
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
      posted: (_, lease, value) => {
        this.#send({ type: 'posted', lease, value });
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
