/**
 * Who may take the task in a worker's mailbox: words that the control thread and the task threads of a process share.
 */

const [stateAt, takenAt, ranAt] = [0, 1, 2];
const wordCount = 3;

/**
 * - `free`: whoever changes it may take the task that is there.
 * - `taking`: the task thread reads it.
 * - `running`: the task thread runs it, and answers here unless it has told the control thread something meanwhile.
 * - `noted`: it runs it, and the control thread knows that task: the outcome goes through that thread.
 * - `answering`: the task thread writes the outcome.
 * - `held`: no task thread takes anything; a thread that ends leaves it so, and the next one finds what has come.
 */
const states = ['free', 'taking', 'running', 'noted', 'answering', 'held'] as const;
const taken: readonly State[] = ['running', 'noted', 'answering'];
type State = (typeof states)[number];

/** One per worker. */
export class MailboxState {
  readonly words: Int32Array;

  /** @param words - Those of the other thread; default: new ones, `held`. */
  constructor(words?: Int32Array) {
    this.words = words ?? new Int32Array(new SharedArrayBuffer(wordCount * Int32Array.BYTES_PER_ELEMENT));
    if (!words) this.set('held');
  }

  get now(): State {
    return states[Atomics.load(this.words, stateAt)] ?? 'held';
  }

  /** A task thread has taken a task, and has not ended it. */
  get isTaken(): boolean {
    return taken.includes(this.now);
  }

  set(state: State): void {
    Atomics.store(this.words, stateAt, states.indexOf(state));
  }

  /** False: it was in another state, and still is. */
  change(from: State, to: State): boolean {
    const [before, after] = [states.indexOf(from), states.indexOf(to)];
    return Atomics.compareExchange(this.words, stateAt, before, after) === before;
  }

  /** Number of the record that was taken last. */
  get taken(): number {
    return Atomics.load(this.words, takenAt);
  }

  set taken(number: number) {
    Atomics.store(this.words, takenAt, number);
  }

  /** Lease of the last task that the thread which has the mailbox took from it; 0: it took none. */
  get ran(): number {
    return Atomics.load(this.words, ranAt);
  }

  set ran(lease: number) {
    Atomics.store(this.words, ranAt, lease);
  }
}
