/** The mailbox of a worker, as its task thread holds it. */
import type { OsAddon } from '../native/os.js';
import { watchBell } from '../native/watch-bell.js';
import type { ReturnedMessage } from '../protocol/mail.js';
import { openTaskMail, outcomeMail } from '../protocol/mail.js';
import type { MailTray } from '../protocol/mail-tray.js';
import { mailTrays } from '../protocol/mail-tray.js';
import type { AssignMessage, AttachMessage } from '../protocol/thread-messages.js';
import { MailboxState } from './mailbox-state.js';

/** What is done with a task that has come. */
export interface MailboxOwner {
  /** Say in the window under which number its slot is lent. */
  bind(message: AssignMessage): void;
  run(message: AssignMessage): void;
}

/** Attached once, when the thread before is gone. */
export class ThreadMailbox {
  readonly #os: OsAddon;
  readonly #state: MailboxState;
  readonly #tasks: MailTray;
  readonly #outcomes: MailTray;
  readonly #outcomesBell: number;
  readonly #owner: MailboxOwner;
  #isLeft = false;

  constructor(os: OsAddon, { memory, state, tasksBell, outcomesBell }: AttachMessage, owner: MailboxOwner) {
    const { tasks, outcomes } = mailTrays(memory);
    this.#os = os;
    this.#state = new MailboxState(state);
    this.#tasks = tasks;
    this.#outcomes = outcomes;
    this.#outcomesBell = outcomesBell;
    this.#owner = owner;
    // A descriptor of this thread's own: libuv closes it when the thread ends.
    watchBell(os.openDescriptor(process.pid, tasksBell, 0), () => {
      this.poll();
    });
    this.poll();
  }

  /** Take the task that has come, if any. */
  poll(): void {
    this.#tasks.notified();
    if (this.#isLeft || this.#tasks.number === this.#state.taken) return;
    if (!this.#state.change('free', 'taking')) return;
    const { number } = this.#tasks;
    // The control thread may have taken it in between.
    if (number === this.#state.taken) {
      this.#state.change('taking', 'free');
      return;
    }
    const message = this.#read(number);
    this.#state.ran = message.lease.lease;
    // Before it counts as taken: whoever aborts it then finds it in its slot.
    this.#owner.bind(message);
    if (!this.#state.change('taking', 'running')) return;
    this.#state.taken = number;
    this.#owner.run(message);
  }

  /** Take nothing more: the control thread is about to hear why this thread is to be replaced. */
  leave(): void {
    this.#isLeft = true;
  }

  /** How the task has ended that came here. False: that has to go another way. */
  answer(message: ReturnedMessage): boolean {
    const mail = outcomeMail(message);
    if (!mail || !this.#state.change('running', 'answering')) return false;
    if (!this.#outcomes.put(this.#state.taken, mail)) {
      this.#state.change('answering', 'running');
      return false;
    }
    // After the outcome is there: whoever sees the thread end before this knows that it has a task.
    this.#state.change('answering', 'free');
    if (this.#outcomes.notifies()) this.#os.ringDoorbell(this.#outcomesBell);
    return true;
  }

  #read(number: number): AssignMessage {
    try {
      return openTaskMail(this.#tasks.read());
    } catch (error) {
      // Nobody makes more of it.
      this.#state.taken = number;
      this.#state.change('taking', 'free');
      throw error;
    }
  }
}
