/** Messages that have come to a rank and that nobody has received, in the order in which they came. */
import type { Incoming, MessageHead } from '../../backend/carrier.js';
import type { Pattern } from './message-pattern.js';

const MIB = 1024 * 1024;
/** What a rank keeps: an equal part of it for each other rank, and of each at least so much. */
const most: Kept = { messages: 65_536, sizeBytes: 64 * MIB };
const least: Kept = { messages: 1_024, sizeBytes: MIB };
const tags = 2 ** 32;

/** So many messages, with so many bytes in memory of this rank. */
export interface Kept {
  readonly messages: number;
  readonly sizeBytes: number;
}

/** A message in a list of all. */
interface Link {
  readonly incoming: Incoming;
  before: Link | undefined;
  after: Link | undefined;
}

/** Owned by the messages of a group. */
export class ArrivedMessages {
  /** Messages of one source that are kept; further ones stay with their sender. */
  readonly limit: Kept;
  #first: Link | undefined;
  #last: Link | undefined;
  /** By source and tag, oldest first: what most receives ask for is found at once, however much lies here. */
  readonly #byTag = new Map<number, Link[]>();
  readonly #held: { messages: number; sizeBytes: number }[];

  /** @param ranks - Of the group. */
  constructor(ranks: number) {
    const others = Math.max(1, ranks - 1);
    this.limit = {
      messages: Math.max(least.messages, Math.floor(most.messages / others)),
      sizeBytes: Math.max(least.sizeBytes, Math.floor(most.sizeBytes / others)),
    };
    this.#held = Array.from({ length: ranks }, () => ({ messages: 0, sizeBytes: 0 }));
  }

  /** All of them, oldest first. */
  get all(): Incoming[] {
    const all: Incoming[] = [];
    for (let link = this.#first; link; link = link.after) all.push(link.incoming);
    return all;
  }

  /** Whether further messages of a source are kept. */
  hasRoom(source: number): boolean {
    const held = this.#held[source];
    if (!held) return false;
    return held.messages < this.limit.messages && held.sizeBytes < this.limit.sizeBytes;
  }

  /** Nothing of a source lies here. */
  hasNone(source: number): boolean {
    return this.#held[source]?.messages === 0;
  }

  keep(incoming: Incoming): void {
    const link: Link = { incoming, before: this.#last, after: undefined };
    if (this.#last) this.#last.after = link;
    else this.#first = link;
    this.#last = link;
    const key = keyOf(incoming.source, incoming.tag);
    const links = this.#byTag.get(key);
    if (links) links.push(link);
    else this.#byTag.set(key, [link]);
    this.#count(incoming, 1);
  }

  /** The first that fits, left where it is. */
  find(pattern: Pattern): Incoming | undefined {
    return this.#find(pattern)?.incoming;
  }

  /** Take the first that fits. */
  take(pattern: Pattern): Incoming | undefined {
    const link = this.#find(pattern);
    if (!link) return undefined;
    const { incoming, before, after } = link;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    // It is the oldest of its source and tag, too.
    const key = keyOf(incoming.source, incoming.tag);
    const links = this.#byTag.get(key);
    links?.shift();
    if (links?.length === 0) this.#byTag.delete(key);
    this.#count(incoming, -1);
    return incoming;
  }

  /** The group has failed: nobody receives them any more. */
  clear(): void {
    this.#first = this.#last = undefined;
    this.#byTag.clear();
  }

  #find(pattern: Pattern): Link | undefined {
    const { source, tag } = pattern;
    if (source !== undefined && tag !== undefined) return this.#byTag.get(keyOf(source, tag))?.[0];
    let link = this.#first;
    while (link && !pattern.fits(link.incoming)) link = link.after;
    return link;
  }

  #count({ source, heldBytes }: Pick<Incoming, 'heldBytes'> & MessageHead, sign: number): void {
    const held = this.#held[source];
    if (!held) return;
    held.messages += sign;
    held.sizeBytes += sign * heldBytes;
  }
}

function keyOf(source: number, tag: number): number {
  return source * tags + (tag >>> 0);
}
