/** The values of a pool on another node, through that node's manager. */
import { clearTimeout, setTimeout } from '../clock.js';
import type { OtherHost } from '../head/value-hosts.js';
import type { StorePlace } from '../native/value-stores.js';
import type { Connection } from '../protocol/connection.js';
import { decodeError } from '../protocol/decode-error.js';
import type { FromNode, ToNode } from '../protocol/node-messages.js';

/** Bytes of one message: what else is said there does not wait long behind it. */
const partBytes = 256 * 1024;
/** How long the node manager may take to accept the next part, or to answer the last. */
const stallLimitMs = 30_000;

type LaidMessage = Extract<FromNode, { type: 'valueLaid' }>;

/** From the admission of the node manager to its end. */
export class RemoteValues implements OtherHost {
  readonly #connection: Connection<FromNode, ToNode>;
  readonly #node: string;
  readonly #pid: number;
  readonly #limitMs: number;
  readonly #places = new Map<string, StorePlace>();
  /** Values that are on their way, by their ids: what settles them. */
  readonly #laying = new Map<string, (answer: LaidMessage | undefined) => void>();
  #isLost = false;

  /** @param pid - Of the node manager, which holds the stores. */
  constructor(connection: Connection<FromNode, ToNode>, node: string, pid: number, limitMs: number = stallLimitMs) {
    this.#connection = connection;
    this.#node = node;
    this.#pid = pid;
    this.#limitMs = limitMs;
  }

  place(id: string): StorePlace | undefined {
    return this.#places.get(id);
  }

  async lay(id: string, sizeBytes: number, read: (offset: number, target: Uint8Array) => number): Promise<void> {
    if (this.#isLost) return;
    let answer: LaidMessage | undefined;
    const answered = new Promise<void>((resolve) => {
      this.#laying.set(id, (given) => {
        this.#laying.delete(id);
        answer = given;
        resolve();
      });
    });
    this.#connection.send({ type: 'value', id, sizeBytes });
    for (let at = 0; at < sizeBytes && this.#laying.has(id);) {
      const part = new Uint8Array(Math.min(partBytes, sizeBytes - at));
      const count = read(at, part);
      if (count === 0) break; // it was removed
      at += count;
      const bytes = part.subarray(0, count);
      // A refusal may come before all has left.
      await Promise.race([answered, this.#inTime(this.#sent({ type: 'valuePart', id, bytes }))]);
    }
    await this.#inTime(answered);
    if (answer?.descriptors) {
      this.#places.set(id, { sizeBytes, pid: this.#pid, descriptors: answer.descriptors });
    } else if (answer?.error) {
      throw new Error(`node ${this.#node} cannot hold it: ${decodeError(answer.error).message}`);
    }
  }

  remove(id: string): void {
    this.#places.delete(id);
    this.#connection.send({ type: 'dropValue', id });
    this.#laying.get(id)?.(undefined);
  }

  /** The node manager has a value, or says why not. */
  laid(answer: LaidMessage): void {
    this.#laying.get(answer.id)?.(answer);
  }

  /** The node manager is gone, and all that lay there. */
  lost(): void {
    this.#isLost = true;
    this.#places.clear();
    for (const settle of [...this.#laying.values()]) settle(undefined);
  }

  #sent(message: ToNode): Promise<void> {
    return new Promise((resolve) => {
      this.#connection.send(message, resolve);
    });
  }

  /** A node manager that takes nothing for too long is as good as gone: it is cut off. */
  async #inTime(step: Promise<void>): Promise<void> {
    const timer = setTimeout(() => {
      this.#connection.close();
    }, this.#limitMs);
    await step;
    clearTimeout(timer);
  }
}
