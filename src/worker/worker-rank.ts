/** A rank that is a worker of a pool: its task thread, its communicators, and its part in rounds. */
import type { WorkerEvents } from '../head/worker-side.js';
import type { FromRank, MailboxMessage } from '../protocol/control-messages.js';
import { encodeError } from '../protocol/error-value.js';
import type { AssignMessage } from '../protocol/thread-messages.js';
import { WireMemory } from '../backend/wire/wire-memory.js';
import type { Lease } from '../backend/lease.js';
import { noteIn } from './note-in.js';
import { loadOs } from '../native/os.js';
import type { JoinedJob } from './join-job.js';
import { MailboxKeeper } from './mailbox-keeper.js';
import { worldMembers } from './members.js';
import { RankCommunicators } from './rank-communicators.js';
import { closeWire } from './rank-engine.js';
import type { JoinedRank, RankMessage } from './joined-rank.js';
import type { PrivateThread } from './private-thread.js';
import type { ThreadOptions } from './task-thread.js';
import { ThreadWorkers } from './thread-workers.js';

/** Starts once. */
export class WorkerRank implements JoinedRank {
  readonly job: JoinedJob;
  readonly #registered: FromRank;
  readonly #send: (message: FromRank) => void;
  readonly #communicators: RankCommunicators;
  /** With this process's one worker. */
  readonly #workers: ThreadWorkers;
  readonly #wireMemory: WireMemory | undefined;
  /** The one of the last assignment, with the head's number of its communicator. */
  #lease: Lease | undefined;
  /** What this rank does inside MPI. */
  #round: Promise<void> | undefined;
  #closing = false;
  #mailbox: MailboxKeeper | undefined;
  /** Orders to end the task thread that were carried out. */
  #ends = 0;

  /** @param pool - Communicator of all workers. */
  constructor(
    job: JoinedJob,
    pool: number,
    threads: Pick<ThreadOptions, 'startTimeoutMs' | 'threads'>,
    registered: FromRank,
    send: (message: FromRank) => void,
  ) {
    const { mpi, rank, size, rows, window, wire } = job;
    this.job = job;
    this.#registered = registered;
    this.#send = send;
    this.#wireMemory = wire && new WireMemory(wire.handle);
    this.#communicators = new RankCommunicators(mpi, pool, rank, size, wire !== undefined);
    const own = worldMembers(rows).slice(rank, rank + 1);
    const workers = own.map((member) => ({ ...member, nodeKey: '' }));
    this.#workers = new ThreadWorkers(workers, window, { ...threads, wire, movesArguments: true, staysAwake: false });
  }

  async start(thread: PrivateThread): Promise<void> {
    this.#workers.report(this.#events());
    await this.#workers.start(undefined, thread);
    this.#send(this.#registered);
  }

  receive(message: RankMessage): void {
    const { rank } = this.job;
    switch (message.type) {
      case 'prepare':
        void this.#inRound(message.round, () => this.#communicators.prepare(), 'ready');
        break;
      case 'go':
        void this.#inRound(message.order.round, () => this.#communicators.go(message.order), 'done');
        break;
      case 'assign':
        this.#assign(message);
        break;
      case 'cancel':
        this.settle();
        this.#workers.cancel(rank, message);
        break;
      case 'forget':
        this.#workers.forget(rank, message);
        break;
      case 'taken':
        this.#workers.taken(rank, message.lease, message.sizeBytes);
        break;
      case 'clear':
      case 'cleared':
        this.#workers.clear(message.slot);
        break;
      case 'end':
        this.settle();
        this.#ends++;
        this.#workers.end(rank);
        break;
      case 'records':
        noteIn(message, (memory) => {
          this.#workers.noteIn(memory);
        });
        break;
      case 'mailbox':
        this.#openMailbox(message);
    }
  }

  settle(): void {
    const message = this.#mailbox?.settle();
    if (message) this.#assign(message);
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#workers.close();
  }

  async leaveMpi(): Promise<void> {
    await this.#round;
    await this.#communicators.end();
    await this.job.finalize();
  }

  /** Without a mailbox all tasks come over the socket. */
  #openMailbox(message: MailboxMessage): void {
    try {
      this.#mailbox = new MailboxKeeper(loadOs(), message, ({ lease }) => {
        this.#lease = lease;
      });
    } catch {
      return; // the system allows no such memory, or the driver is gone
    }
    this.#workers.attach(this.#mailbox, () => {
      this.#send({ type: 'attached', ends: this.#ends });
    });
  }

  #assign(message: AssignMessage): void {
    this.#lease = message.lease;
    const communicator = this.#communicators.handle(message.lease.communicator);
    this.#workers.assign(this.job.rank, { ...message, lease: { ...message.lease, communicator } });
  }

  /** A rank that fails inside MPI leaves the others there: it ends, and the head starts all again. */
  async #inRound(round: number, step: () => Promise<void>, answer: 'ready' | 'done'): Promise<void> {
    if (this.#closing) return;
    this.#round = step();
    try {
      await this.#round;
      this.#send({ type: answer, round });
    } catch (error) {
      process.stderr.write(`shoal: worker ${this.job.rank} ends: round ${round}: ${(error as Error).message}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
  }

  /** A task has released the wire: what it has sent and received is known until its communicator is freed. */
  #countTraffic(): void {
    if (!this.#wireMemory || !this.#lease) return;
    const { sent, received } = this.#wireMemory;
    this.#communicators.count(this.#lease.communicator, sent, received);
    sent.fill(0);
    received.fill(0);
  }

  /** Empty the slot of a task of this rank alone, which has released it; of others the head knows when all have. */
  #emptySlot(): number | undefined {
    if (this.#lease?.members.length !== 1) return undefined;
    const { slot } = this.#lease;
    this.job.window.node.clear(slot);
    return slot;
  }

  /** Reports of the one worker, sent on to the head. */
  #events(): WorkerEvents {
    return {
      ready: () => undefined,
      done: () => undefined,
      ending: () => undefined,
      renewed: () => undefined,
      outcome: (_, taskId, outcome) => {
        const isOver = outcome.kind !== 'threw' || !outcome.replaceThread;
        if (isOver) this.#countTraffic();
        this.#send({ type: 'outcome', taskId, outcome, emptied: isOver ? this.#emptySlot() : undefined });
      },
      posted: (_, lease, value) => {
        this.#send({ type: 'posted', lease, value });
      },
      gone: (_, lease, how, ran) => {
        if (this.job.wire) closeWire(this.job.wire);
        if (lease === this.#lease?.lease) this.#countTraffic();
        this.#send({ type: 'gone', lease, how, ran });
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
