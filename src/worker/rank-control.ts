/** The control side of one rank: between the head's socket, MPI, and the task thread of this process. */
import { rmSync } from 'node:fs';
import type { WorkerEvents, WorkerInfo } from '../head/worker-side.js';
import { readProcess, sharedMemoryFiles } from '../native/proc.js';
import type { Connection } from '../protocol/connection.js';
import type { FromRank, ToRank, WelcomeMessage } from '../protocol/control-messages.js';
import type { Endpoint } from '../wire/endpoint.js';
import { endsWithin } from './ends-within.js';
import { openEndpoint } from './rank-engine.js';
import { encodeError } from './rank-task.js';
import type { JoinedJob } from './join-job.js';
import { joinJob } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import { ScriptThread } from './script-thread.js';
import { ThreadWorkers } from './threads.js';

/** How long the task thread may take to end, and MPI_Finalize may wait for the others. */
const threadLimitMs = 1_000;
const finalizeLimitMs = 2_000;
const lookMs = 5;

/** Lives from the start of the process to its end. */
export class RankControl {
  readonly #launched: LaunchedRank;
  readonly #connection: Connection<ToRank, FromRank>;
  #welcome: WelcomeMessage | undefined;
  #job: JoinedJob | undefined;
  #workers: ThreadWorkers | undefined;
  #script: ScriptThread | undefined;
  #look: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(launched: LaunchedRank, connection: Connection<ToRank, FromRank>) {
    this.#launched = launched;
    this.#connection = connection;
  }

  receive(message: ToRank): void {
    const { rank } = this.#launched;
    switch (message.type) {
      case 'welcome':
        this.#welcome = message;
        this.#start(message).catch((error: unknown) => {
          this.#send({ type: 'failed', error: encodeError(error, Infinity) });
        });
        break;
      case 'assign':
        this.#workers?.assign(rank, message);
        break;
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

  /** The head is gone: nobody will ask for anything again, and nobody else clears up. */
  end(): void {
    this.#close(true);
  }

  async #start(welcome: WelcomeMessage): Promise<void> {
    const { windowBytes, startTimeoutMs, threads, script } = welcome;
    const job = await joinJob(this.#launched, windowBytes);
    this.#job = job;
    const { rank, rows } = job;
    const registered: FromRank = { type: 'registered', window: !job.wire, files: sharedMemoryFiles() };
    if (script) {
      this.#send(registered);
      const members = rows.map(({ rank: member, pid, hostname }) => ({
        rank: member,
        worldRank: member,
        pid,
        hostname,
      }));
      this.#script = new ScriptThread(rank, members, job, script, threads, (exit) => {
        this.#send({ type: 'exited', ...exit });
        if (job.wire) this.#seeThrough(openEndpoint(rank, job.wire));
      });
      return;
    }
    const own: WorkerInfo = { worldRank: rank, pid: process.pid, hostname: rows[rank]?.hostname ?? '' };
    this.#workers = new ThreadWorkers([own], job.window, { startTimeoutMs, threads, wire: job.wire });
    this.#workers.report(this.#events());
    await this.#workers.start(undefined);
    this.#send(registered);
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
    this.#connection.send(message);
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
    const finalized = await endsWithin(this.#job?.finalize(), finalizeLimitMs);
    if (orphaned) this.#clearUp(finalized);
    process.exit(0);
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
      outcome: (_, taskId, outcome) => {
        this.#send({ type: 'outcome', taskId, outcome });
      },
      gone: (_, lease, how) => {
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

/** Other ranks remove the same files at the same time. */
function removeFile(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Somebody else was faster.
  }
}
