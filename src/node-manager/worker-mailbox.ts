/** A node manager's end of the mailbox of one worker. */
import type { RankOutcomeMessage } from '../protocol/control-messages.js';
import { openOutcomeMail, taskMail } from '../protocol/mail.js';
import type { MailTray } from '../protocol/mail-tray.js';
import { mailTrays } from '../protocol/mail-tray.js';
import type { AssignMessage } from '../protocol/thread-messages.js';

/** Numbers of records are words; they begin again, and are never 0. */
const numbers = 2 ** 31 - 1;

/**
 * What is not a task of an idle worker, or is longer than the mailbox, goes over the socket. So everything that the
 * head says of a task comes after it. The control thread finds the task in the mailbox if the task thread has not taken
 * it.
 */
export class WorkerMailbox {
  readonly #tasks: MailTray;
  readonly #outcomes: MailTray;
  readonly #notify: () => void;
  /** The latest record. */
  #number = 0;
  /** Lease of the task whose outcome is still to come; undefined: none. */
  #lease: number | undefined;
  /** A task thread has it. */
  #isAttached = false;
  /** Orders to end the task thread: until another has the mailbox, tasks wait for that behind the order. */
  #ends = 0;
  /** The last task has posted: the next goes where the driver's word goes that it has taken what was posted. */
  #hasPosted = false;

  /** @param notify - The worker's task thread. */
  constructor(memory: SharedArrayBuffer, offset: number, notify: () => void) {
    const { tasks, outcomes } = mailTrays(memory, offset);
    this.#tasks = tasks;
    this.#outcomes = outcomes;
    this.#notify = notify;
  }

  /** A task thread has it, started after so many orders to end the one before. */
  attached(ends: number): void {
    this.#isAttached = ends === this.#ends;
    // The thread before may have ended between the word that it notifies and the notification.
    this.#outcomes.notified();
  }

  /** The task thread was ordered to end. */
  ended(): void {
    this.#ends++;
    this.#isAttached = false;
  }

  posted(): void {
    this.#hasPosted = true;
  }

  /** The outcome of the last task has come over the socket. */
  settled(): void {
    this.#lease = undefined;
  }

  /** The task thread is gone; `lease` is the last that it had. */
  gone(lease: number): void {
    if (lease === this.#lease) this.#lease = undefined;
  }

  /** Give the worker, which is idle, a task. False: it has to go over the socket. */
  assign(message: AssignMessage): boolean {
    const isOpen = this.#isAttached && this.#lease === undefined && !this.#hasPosted;
    this.#hasPosted = false;
    if (!isOpen) return false;
    const mail = taskMail(message);
    const number = (this.#number % numbers) + 1;
    if (!mail || !this.#tasks.put(number, mail)) return false;
    this.#number = number;
    this.#lease = message.lease.lease;
    if (this.#tasks.notifies()) this.#notify();
    return true;
  }

  notified(): void {
    this.#outcomes.notified();
  }

  /**
   * The outcome that has come, once.
   *
   * @throws {@link ProtocolError} when it is none.
   */
  take(): RankOutcomeMessage | undefined {
    if (this.#lease === undefined || this.#outcomes.number !== this.#number) return undefined;
    this.#lease = undefined;
    return openOutcomeMail(this.#outcomes.read());
  }
}
