/**
 * What a report says where messages wait for room. A rank keeps so much that nobody has received, and so many long
 * messages are on their way. Beyond that a sender waits, and a receive that waits for one of those never ends.
 */
import type { Carrier, MessageSize } from '../../backend/carrier.js';
import { counted } from '../../grammar.js';
import type { ArrivedMessages } from './arrived-messages.js';

/** Tags that are named. */
const named = 8;

/** Owned by the messages of a group. */
export class MessageRoom {
  readonly #rank: number;
  readonly #carrier: Carrier;
  readonly #arrived: ArrivedMessages;

  constructor(rank: number, carrier: Carrier, arrived: ArrivedMessages) {
    this.#rank = rank;
    this.#carrier = carrier;
    this.#arrived = arrived;
  }

  /** Messages to a rank wait here for room. */
  lacksAt(dest: number): boolean {
    return dest !== this.#rank && this.#carrier.waitingTo(dest).length > 0;
  }

  /** No further message of a rank finds room here. */
  lacksFor(source: number): boolean {
    return source !== this.#rank && (!this.#arrived.hasRoom(source) || this.#carrier.isFullOf(source));
  }

  /** What is known here of messages from one rank to another that wait for room, and what to do. */
  text(source: number, dest: number): string {
    const parts = [`no further message of rank ${source} finds room at rank ${dest}`];
    if (source === this.#rank) {
      const waiting = this.#carrier.waitingTo(dest);
      parts.push(`${sizesText(waiting)} ${waiting.length === 1 ? 'waits' : 'wait'} on rank ${source}`);
    } else if (dest === this.#rank) {
      const kept = this.#arrived.all.filter((incoming) => incoming.source === source);
      parts.push(`it has ${sizesText(kept, ' that nobody has received')}`);
    }
    const { messages, sizeBytes } = this.#arrived.limit;
    const { mostLong, eagerBytes } = this.#carrier;
    const long = mostLong === Infinity ? '' : `, ${mostLong} of them longer than ${eagerBytes} bytes`;
    return (
      `${parts.join(': ')}. A rank keeps at most ${messages} messages of another${long}, and ${sizeBytes} bytes. ` +
      `Receive them in the order in which they were sent, or have fewer under way`
    );
  }
}

/** Such as `3 messages (24 bytes) with tags 1, 2 and 7`. */
function sizesText(messages: readonly MessageSize[], what: string = ''): string {
  const sizeBytes = messages.reduce((sum, message) => sum + message.sizeBytes, 0);
  const tags = [...new Set(messages.map(({ tag }) => tag))].filter((tag) => tag >= 0);
  const some = tags.length > named ? [...tags.slice(0, named - 1), '…', tags.at(-1)] : tags;
  const which = tags.length === 0 ? '' : ` with ${tags.length === 1 ? 'tag' : 'tags'} ${some.join(', ')}`;
  return `${counted(messages.length, 'message')} (${counted(sizeBytes, 'byte')})${what}${which}`;
}
