/** The wire's twin for tests: ranks of one thread, with the matching rules of MPI, and with faults. */
import { nowMs } from '../../clock.js';
import type { Messages } from './messages.js';

/** What may go wrong on the way. */
export interface LoopbackFaults {
  /** Milliseconds that a message takes; messages between two ranks on one tag keep their order. */
  delayMs?(source: number, dest: number): number;
  /** Whether a message never arrives. */
  loses?(source: number, dest: number, bytes: Uint8Array): boolean;
}

interface Message {
  readonly source: number;
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly arrivesAt: number;
  /** The sender's request. */
  readonly request: number;
}

interface Receive {
  readonly source: number;
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly request: number;
}

/** A network of `size` ranks. */
export class Loopback {
  readonly #faults: LoopbackFaults;
  readonly #sent: Message[][];
  readonly #receives: Receive[][];
  readonly #complete = new Set<number>();
  readonly #open = new Set<number>();
  readonly #dead = new Set<number>();
  #lastRequest = 0;

  constructor(size: number, faults: LoopbackFaults = {}) {
    this.#faults = faults;
    this.#sent = Array.from({ length: size }, () => []);
    this.#receives = Array.from({ length: size }, () => []);
  }

  /** A rank dies: what it has sent arrives, what is sent to it stays under way for ever. */
  kill(rank: number): void {
    this.#dead.add(rank);
  }

  /** The message calls of one rank. */
  messages(rank: number): Messages {
    return {
      isend: (bytes, dest, tag) => this.#isend(rank, bytes, dest, tag),
      irecv: (bytes, source, tag) => {
        const request = this.#request();
        this.#receives[rank]?.push({ source, tag, bytes, request });
        return request;
      },
      cancel: (request) => {
        const receives = this.#receives[rank] ?? [];
        const index = receives.findIndex((receive) => receive.request === request);
        if (index < 0) return;
        receives.splice(index, 1);
        this.#complete.add(request);
      },
      test: (request) => {
        if (!this.#open.has(request)) throw new Error(`no request ${request}`);
        this.#match(rank);
        if (!this.#complete.delete(request)) return 0;
        this.#open.delete(request);
        return 1;
      },
    };
  }

  #isend(source: number, bytes: Uint8Array, dest: number, tag: number): number {
    const request = this.#request();
    const inbox = this.#sent[dest];
    if (!inbox) throw new Error(`no rank ${dest}`);
    if (this.#dead.has(source)) return request;
    if (this.#faults.loses?.(source, dest, bytes)) {
      this.#complete.add(request);
      return request;
    }
    const before = inbox.filter((message) => message.source === source && message.tag === tag).at(-1);
    const delayMs = this.#faults.delayMs?.(source, dest) ?? 0;
    const arrivesAt = Math.max(nowMs() + delayMs, before?.arrivesAt ?? 0);
    inbox.push({ source, tag, bytes, arrivesAt, request });
    return request;
  }

  /**
   * Give a rank's receives, oldest first, the first message that fits each. The bytes move only now: as in a
   * rendezvous.
   */
  #match(rank: number): void {
    const [inbox, receives] = [this.#sent[rank], this.#receives[rank]];
    if (!inbox?.length || !receives || this.#dead.has(rank)) return;
    const now = nowMs();
    for (let i = 0; i < receives.length && inbox.length > 0;) {
      const receive = receives[i];
      const index = inbox.findIndex(({ source, tag, arrivesAt }) => {
        return tag === receive?.tag && (receive.source < 0 || receive.source === source) && arrivesAt <= now;
      });
      const message = inbox[index];
      if (!receive || !message) {
        i++;
        continue;
      }
      if (message.bytes.length > receive.bytes.length) throw new Error('a message is longer than its receive');
      receive.bytes.set(message.bytes);
      inbox.splice(index, 1);
      receives.splice(i, 1);
      this.#complete.add(message.request).add(receive.request);
    }
  }

  #request(): number {
    this.#open.add(++this.#lastRequest);
    return this.#lastRequest;
  }
}
