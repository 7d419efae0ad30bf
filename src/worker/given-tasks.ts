/**
 * The tasks that a thread has been given: the one that it runs, and those that it begins with next. Control side and
 * thread agree on a word of shared memory whether the thread has begun with one of those or it is taken back.
 */
import type { AssignMessage, GiveMessage } from '../protocol/thread-messages.js';

/** Places for what is counted of a task: more than a thread is given at once. */
export const turns = 16;

const nobody = 0;

/** Take what was given ahead, by whoever comes first: the thread, or the control side. */
export function takeAhead(words: Int32Array, turn: number, lease: number): boolean {
  return Atomics.compareExchange(words, turn, lease, nobody) === lease;
}

/** The control side's list. */
export class GivenTasks {
  readonly words: Int32Array = new Int32Array(new SharedArrayBuffer(4 * turns));
  /** The first is the one that it runs, or will run before the others. */
  readonly #given: GiveMessage[] = [];
  #turn = 0;

  /** It has a task whose outcome is still to come. */
  get isBusy(): boolean {
    return this.#given.length > 0;
  }

  /** One that it begins with next. */
  get hasNext(): boolean {
    return this.#given.length > 1;
  }

  /** The one that it runs. */
  get first(): GiveMessage | undefined {
    return this.#given[0];
  }

  /** Leases whose outcomes are to come. */
  get leases(): number[] {
    return this.#given.map(({ task }) => task.lease.lease);
  }

  /** What is to be posted to the thread. When a place is used again, its task has ended. */
  add(task: AssignMessage, isAhead: boolean): GiveMessage {
    this.#turn = (this.#turn + 1) % turns;
    const message: GiveMessage = { type: 'give', task, turn: this.#turn, isAhead };
    if (isAhead) Atomics.store(this.words, this.#turn, task.lease.lease);
    this.#given.push(message);
    return message;
  }

  /** It runs a task that came through its mailbox. */
  note(task: AssignMessage): void {
    this.#given.push({ type: 'give', task, turn: 0, isAhead: false });
  }

  /** The first has ended. */
  shift(): void {
    this.#given.shift();
  }

  /** False: the thread has begun with it, or never had it. */
  takeBack(lease: number): boolean {
    const index = this.#given.findIndex(({ task }) => task.lease.lease === lease);
    const message = this.#given[index];
    if (!message?.isAhead || !takeAhead(this.words, message.turn, lease)) return false;
    this.#given.splice(index, 1);
    return true;
  }

  /** Take back what the thread has not begun with; its tasks, in their order. */
  takeBackAll(): AssignMessage[] {
    return [...this.#given].filter(({ task }) => this.takeBack(task.lease.lease)).map(({ task }) => task);
  }
}
