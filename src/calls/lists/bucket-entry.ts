/** An array that was added to a bucket, and those that one flush waits for. */
import { rejectionForCaller } from '../../caller-lines.js';
import type { MemoryRange } from '../../operands/buffers-in-use.js';
import type { BufferUser } from '../buffer-users.js';
import type { Item } from './list-items.js';

/** What was added between two flushes. Every array tells it of its end: a promise for each would cost ten times as much. */
export class FlushedEntries {
  #begun = 0;
  #open = 0;
  #onEnded: (() => void) | undefined;
  /** Of the first one that has failed, in the order in which they were added. */
  error: unknown;
  #failed = Infinity;

  /** Returns its place in the order. */
  begin(): number {
    this.#open++;
    return this.#begun++;
  }

  end(place: number, error: unknown): void {
    if (error !== undefined && place < this.#failed) {
      this.#failed = place;
      this.error = error;
    }
    if (--this.#open === 0) this.#onEnded?.();
  }

  /** Settles when all have ended; never rejects. To be called once, when nothing more comes. */
  ended(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }
}

/** It waits, or goes, or keeps its place in the order. */
export class BucketEntry implements BufferUser {
  readonly what: string;
  readonly promise: Promise<unknown>;
  readonly #together: FlushedEntries;
  readonly #place: number;
  readonly #x: unknown;
  #resolve!: (x: unknown) => void;
  #isSettled = false;
  /** Undefined: it was refused or is lost, and only keeps its place. */
  item: Item | undefined;
  /** Its memory. */
  ranges: readonly MemoryRange[] = [];
  sizeBytes = 0;

  constructor(what: string, x: unknown, together: FlushedEntries) {
    this.what = what;
    this.#x = x;
    this.#together = together;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#place = together.begin();
  }

  /** End its promise, once. @param error - Undefined: its array has the result. */
  settle(error: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (error === undefined) this.#resolve(this.#x);
    else {
      const told = (): void => {
        this.promise.catch(() => undefined); // a flush tells it
      };
      this.#resolve(rejectionForCaller(error, { told }));
    }
    this.#together.end(this.#place, error);
  }
}
