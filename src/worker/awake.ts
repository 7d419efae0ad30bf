/**
 * How a task thread waits for its next task. It is awake for a moment where that comes soon, as it does from a driver
 * that is busy. To sleep and to be woken takes longer than all the rest of a small task.
 *
 * Source: competitive spinning; see `calls/spin.ts`. After a pause that was longer than a spin the thread sleeps at
 * once. So tasks that come now and then cost nothing but themselves.
 */
import { nowMs } from '../clock.js';
import type { AwakeMemory } from '../protocol/thread-messages.js';

/** A driver that is busy gives the next task within some tens of microseconds. */
const longestMs = 0.2;
/** Reads of the memory between two of the clock. */
const looks = 50;

/** Words of a thread in shared memory, in lines of their own: messages that it was sent, and whether it spins. */
const stride = 32;
const sent = 0;
const spins = 1;

/**
 * Memory for so many threads. Threads that yield their cores may spin on all of them: the driver gets one when it wakes.
 * Else one core is the driver's.
 */
export function awakeMemory(threads: number, cores: number, canYield: boolean): AwakeMemory {
  return { words: new Int32Array(new SharedArrayBuffer(threads * stride * 4)), most: canYield ? cores : cores - 1 };
}

/** The control side's hand on the words of one thread. */
export class Awakener {
  readonly memory: AwakeMemory;
  readonly index: number;

  constructor(memory: AwakeMemory, index: number) {
    this.memory = memory;
    this.index = index;
  }

  /** A message was put into the thread's port. */
  posted(): void {
    Atomics.add(this.memory.words, this.index * stride + sent, 1);
  }

  /** The thread is gone. */
  gone(): void {
    Atomics.store(this.memory.words, this.index * stride + spins, 0);
  }
}

/** What the thread waits for. */
export interface Inbox<M> {
  /** Nothing but the next message can happen on this thread. */
  isQuiet(): boolean;
  /** The next message, if there is one. */
  take(): M | undefined;
  handle(message: M): void;
  /** Let another thread have the core; undefined: there is no way to. */
  readonly yieldCore: (() => void) | undefined;
}

/** The thread's side. */
export class Awake<M> {
  readonly #words: Int32Array;
  readonly #most: number;
  readonly #sent: number;
  readonly #spins: number;
  readonly #inbox: Inbox<M>;
  #idleSince = -Infinity;
  /** The last pause was no longer than a spin. */
  #comesSoon = false;

  constructor({ words, most }: AwakeMemory, index: number, inbox: Inbox<M>) {
    this.#words = words;
    this.#most = most;
    this.#sent = index * stride + sent;
    this.#spins = index * stride + spins;
    this.#inbox = inbox;
  }

  /** A task begins. */
  begin(): void {
    this.#comesSoon = nowMs() - this.#idleSince <= longestMs;
  }

  /** A task has ended. */
  end(): void {
    this.#idleSince = nowMs();
  }

  /** No task waits. Whatever else the thread had to do has come before. */
  spin(): void {
    if (!this.#comesSoon || !this.#inbox.isQuiet() || this.#othersThatSpin() >= this.#most) return;
    Atomics.store(this.#words, this.#spins, 1);
    const message = this.#waitAwake();
    Atomics.store(this.#words, this.#spins, 0);
    if (message !== undefined) this.#inbox.handle(message);
  }

  #waitAwake(): M | undefined {
    const { yieldCore } = this.#inbox;
    const until = this.#idleSince + longestMs;
    do {
      const seen = Atomics.load(this.#words, this.#sent);
      const message = this.#inbox.take();
      if (message !== undefined) return message;
      for (let i = 0; i < looks && Atomics.load(this.#words, this.#sent) === seen; i++);
      yieldCore?.();
    } while (nowMs() < until);
    return undefined;
  }

  #othersThatSpin(): number {
    let count = 0;
    for (let at = spins; at < this.#words.length; at += stride) count += Atomics.load(this.#words, at);
    return count;
  }
}
