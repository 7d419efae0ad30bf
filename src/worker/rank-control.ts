/**
 * The control side of one rank: finds its node manager, joins the job, hands it over to what it is there, and leaves.
 */
import type { Socket } from 'node:net';
import { endsWithin } from '../ends-within.js';
import { nodeKey, sharedMemoryFiles } from '../native/proc.js';
import { Connection } from '../protocol/connection.js';
import type { FromRank, HeadPlace, RankRow, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import { welcomeLimitBytes } from '../protocol/control-messages.js';
import { toRank } from '../protocol/control-shapes.js';
import { encodeError } from '../protocol/error-value.js';
import { clearUpJob } from './clear-up-job.js';
import { findHead, findNodeManager } from './find-manager.js';
import { joinRanks, withoutLauncherVariables } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import { MpiEntry } from './mpi-entry.js';
import type { JoinedRank } from './joined-rank.js';
import type { PrivateThread } from './private-thread.js';
import { startScriptThread, startWorkerThread } from './private-thread.js';
import { worldRankOf } from './rendezvous.js';
import { ScriptRank } from './script-rank.js';
import { WorkerRank } from './worker-rank.js';

/** How long the task thread may take to end, and MPI_Finalize may wait for the others. */
const threadLimitMs = 1_000;
const finalizeLimitMs = 2_000;

/** Lives from the start of the process to its end. */
export class RankControl {
  readonly #launched: LaunchedRank;
  readonly #row: RankRow;
  readonly #place: HeadPlace;
  /** On the head's node. */
  readonly #isNear: boolean;
  readonly #entry: MpiEntry;
  /** To the node manager. */
  #connection: Connection<ToRank, FromRank> | undefined;
  #welcome: WelcomeMessage | undefined;
  /** Resolves when the head has this rank's row. */
  readonly #adopted: Promise<void>;
  #adopt!: () => void;
  /** Undefined on the agent, and until the welcome has come. */
  #thread: PrivateThread | undefined;
  /** Undefined on the agent, and until the job is joined. */
  #rank: JoinedRank | undefined;
  #closing = false;

  constructor(launched: LaunchedRank, row: RankRow, place: HeadPlace) {
    this.#launched = launched;
    this.#row = row;
    this.#place = place;
    this.#isNear = nodeKey(row) === place.nodeKey;
    this.#adopted = new Promise((resolve) => (this.#adopt = resolve));
    this.#entry = new MpiEntry(launched, row, place.folder, () => {
      this.#send({ type: 'mpiReady' });
    });
  }

  /** Find the node manager, and do as it says; when it is gone, end. Called once. */
  begin(): void {
    const found = this.#isNear
      ? findHead(this.#place, this.#entry)
      : findNodeManager(this.#place, this.#row, this.#entry);
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

  #receive(message: ToRank): void {
    const rank = this.#rank;
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
      case 'abort':
        rank?.settle();
        rank?.job.window.node.abort(message.slot, message.lease, message.reason);
        rank?.job.window.notify(rank.job.rank);
        break;
      case 'markDead':
        rank?.job.window.node.markDead(message.slot, message.rank);
        break;
      case 'close':
        this.#close(false);
        break;
      default:
        rank?.receive(message);
    }
  }

  async #start(welcome: WelcomeMessage): Promise<void> {
    const { rendezvous, windowBytes, startTimeoutMs, threads, script } = welcome;
    const thread = (this.#thread = this.#startThread(welcome));
    const { mpi, workers, rows } = await this.#entry.enter(rendezvous);
    if (rows) this.#send({ type: 'gathered', rows });
    await this.#adopted;
    if (!thread || workers === undefined) {
      // The agent: it stands for the head inside MPI, and sleeps.
      this.#send({ type: 'registered', window: false, files: sharedMemoryFiles() });
      return;
    }
    const job = await joinRanks(mpi, this.#launched.family, workers, this.#row, windowBytes);
    if (this.#closing) return;
    const registered: FromRank = { type: 'registered', window: !job.wire, files: sharedMemoryFiles() };
    const send = (message: FromRank): void => {
      this.#send(message);
    };
    this.#rank = script
      ? new ScriptRank(job, script, registered, send)
      : new WorkerRank(job, workers, { startTimeoutMs, threads }, registered, send);
    await this.#rank.start(thread);
  }

  /** The thread loads itself while MPI starts, which is mostly waiting. */
  #startThread({ rendezvous, threads, script }: WelcomeMessage): PrivateThread | undefined {
    const worldRank = worldRankOf(this.#row.rank, rendezvous);
    if (worldRank === undefined) return undefined;
    const start = script ? startScriptThread : startWorkerThread;
    return withoutLauncherVariables(() => start(worldRank, threads));
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
    // A thread that sits in native code for good would also keep `process.exit` waiting.
    const ended = await endsWithin(this.#endThread(), threadLimitMs);
    if (!ended) process.kill(process.pid, 'SIGKILL');
    const finalized = await endsWithin(this.#leaveMpi(), finalizeLimitMs);
    if (orphaned) {
      clearUpJob({ place: this.#place, isNear: this.#isNear, welcome: this.#welcome, finalized });
    }
    process.exit();
  }

  async #endThread(): Promise<void> {
    if (this.#rank) return this.#rank.close();
    this.#thread?.terminate();
    await this.#thread?.exit;
  }

  async #leaveMpi(): Promise<void> {
    if (this.#rank) await this.#rank.leaveMpi();
    else await this.#entry.mpi?.finalize();
  }
}
