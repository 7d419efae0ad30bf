/** The mailbox of a worker, as the control thread of its process holds it. */
import type { OsAddon } from '../native/os.js';
import type { MailboxMessage } from '../protocol/control-messages.js';
import { openTaskMail } from '../protocol/mail.js';
import type { MailTray } from '../protocol/mail-tray.js';
import { mailboxBytes, mailTrays } from '../protocol/mail-tray.js';
import type { AssignMessage, AttachMessage } from '../protocol/thread-messages.js';
import { MailboxState } from './mailbox-state.js';

/** One per process; for its task threads, one after another. */
export class MailboxKeeper {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  readonly #state = new MailboxState();
  readonly #tasks: MailTray;
  readonly #tasksBell: number;
  readonly #outcomesBell: number;
  readonly #found: (message: AssignMessage) => void;
  /** The record of the task that a thread runs, once it was asked for. */
  #known: { readonly number: number; readonly message: AssignMessage } | undefined;

  /**
   * Map the mailbox. Throws where the system does not allow that.
   *
   * @param found - A thread runs a task from it that has something to say, or is to end.
   */
  constructor(
    os: OsAddon,
    { pid, segment, tasksBell, outcomesBell }: MailboxMessage,
    found: (message: AssignMessage) => void,
  ) {
    this.#found = found;
    const descriptor = os.openDescriptor(pid, segment, 0);
    try {
      os.mapSegment(new Uint8Array(this.#memory.buffer), 0, mailboxBytes, descriptor);
    } finally {
      os.closeDescriptor(descriptor); // the mapping stays
    }
    this.#tasksBell = os.openDescriptor(pid, tasksBell, 0);
    this.#outcomesBell = os.openDescriptor(pid, outcomesBell, 1);
    this.#tasks = mailTrays(this.#buffer).tasks;
  }

  get #buffer(): SharedArrayBuffer {
    return this.#memory.buffer as unknown as SharedArrayBuffer;
  }

  /** Let a task thread take from it: what to send to it, once the thread before is gone. */
  attach(): AttachMessage {
    this.#state.ran = 0;
    this.#state.set('free');
    const { words: state } = this.#state;
    const [tasksBell, outcomesBell] = [this.#tasksBell, this.#outcomesBell];
    return { type: 'attach', memory: this.#buffer, state, tasksBell, outcomesBell };
  }

  /**
   * The task from it that the task thread runs, now that this thread has heard something; undefined: it runs none, or one
   * that it has from elsewhere. What was heard may be of a task before: so its outcome goes through this thread from now
   * on. A task that is being answered has said nothing.
   */
  note(): AssignMessage | undefined {
    if (!this.#state.change('running', 'noted') && this.#state.now !== 'noted') return undefined;
    return this.#read();
  }

  /** The task thread is to end, or is gone: the task from it that it has not ended. It takes nothing more. */
  hold(): AssignMessage | undefined {
    const message = this.#state.isTaken ? this.#read() : undefined;
    if (message) this.#state.taken = this.#tasks.number;
    this.#state.set('held');
    return message;
  }

  /** Lease of the last task from it that the thread has run, which has it or had it last. */
  get ran(): number {
    return this.#state.ran;
  }

  #read(): AssignMessage {
    const { number } = this.#tasks;
    if (this.#known?.number === number) return this.#known.message;
    const message = openTaskMail(this.#tasks.read());
    this.#known = { number, message };
    this.#found(message);
    return message;
  }

  /** The task thread has told the control thread how that task has ended. */
  ended(): void {
    this.#state.change('noted', 'free');
  }

  /** Take the task that no thread has taken yet: something else is to be done with that task, or with its thread. */
  settle(): AssignMessage | undefined {
    for (;;) {
      const { now } = this.#state;
      if (this.#state.isTaken) return undefined;
      if (!this.#state.change(now, 'held')) continue;
      const { number } = this.#tasks;
      const isNew = number !== this.#state.taken;
      const message = isNew ? openTaskMail(this.#tasks.read()) : undefined;
      this.#state.taken = number;
      if (now !== 'held') this.#state.set('free');
      return message;
    }
  }
}
