/** Messages that have come to a rank and that nobody has received, in the order in which they came. */
import type { Incoming } from '../backend/carrier.js';
import type { Pattern } from './message-requests.js';

/** Messages of one source that lie here; further ones stay with their sender. */
const mostHeld = 1_024;
const mostHeldBytes = 1024 * 1024;

/** Owned by the messages of a group. */
export class ArrivedMessages {
  readonly #arrived: Incoming[] = [];
  readonly #held: { messages: number; sizeBytes: number }[];

  /** @param ranks - Of the group. */
  constructor(ranks: number) {
    this.#held = Array.from({ length: ranks }, () => ({ messages: 0, sizeBytes: 0 }));
  }

  get all(): readonly Incoming[] {
    return this.#arrived;
  }

  /** Whether further messages of a source are kept. */
  hasRoom(source: number): boolean {
    const held = this.#held[source];
    return held !== undefined && held.messages < mostHeld && held.sizeBytes < mostHeldBytes;
  }

  /** Nothing of a source lies here. */
  hasNone(source: number): boolean {
    return this.#held[source]?.messages === 0;
  }

  keep(incoming: Incoming): void {
    this.#arrived.push(incoming);
    this.#count(incoming, 1);
  }

  /** The first that fits, left where it is. */
  find(pattern: Pattern): Incoming | undefined {
    return this.#arrived.find((incoming) => pattern.fits(incoming));
  }

  /** Take the first that fits. */
  take(pattern: Pattern): Incoming | undefined {
    const index = this.#arrived.findIndex((incoming) => pattern.fits(incoming));
    if (index < 0) return undefined;
    const [incoming] = this.#arrived.splice(index, 1);
    if (incoming) this.#count(incoming, -1);
    return incoming;
  }

  /** The group has failed: nobody receives them any more. */
  clear(): void {
    this.#arrived.splice(0);
  }

  #count({ source, heldBytes }: Incoming, sign: number): void {
    const held = this.#held[source];
    if (!held) return;
    held.messages += sign;
    held.sizeBytes += sign * heldBytes;
  }
}
