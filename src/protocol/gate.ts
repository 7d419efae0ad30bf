/** Who may speak: every connection that comes is a stranger until it has shown the token. */
import type { Socket } from 'node:net';
import { clearTimeout, setImmediate, setTimeout } from '../clock.js';
import type { Role } from './greeting.js';
import { beginsGreeting, encodeAnswer, greetingBytes, protocolVersion, readGreeting } from './greeting.js';

/** How long a stranger may take for its first bytes. */
const greetingLimitMs = 5_000;
/** Strangers that are listened to at the same time. */
const defaultStrangers = 64;

/** Whom to let in. */
export interface GateOptions {
  /** 64 hexadecimal digits. */
  readonly token: string;
  readonly roles: readonly Role[];
  /** Strangers that are listened to at once; default 64. When more come, those that have waited longest are cut off. */
  readonly maxStrangers?: number;
  /** Default 5 seconds. */
  readonly limitMs?: number;
}

/** What a gate tells its owner. */
export interface GateEvents {
  /** It has shown the token. The socket is paused, and the owner's: for a `Connection`. */
  admitted(socket: Socket, role: Role): void;
  /** Whoever came was cut off: it has shown another token, or another version of the protocol. */
  refused?(why: 'token' | 'version', version: number): void;
}

/** Before a listener; owns its strangers' sockets. */
export class Gate {
  readonly #options: Required<GateOptions>;
  readonly #events: GateEvents;
  /** In the order in which they came, with what stops listening to each. */
  readonly #strangers = new Map<Socket, () => void>();
  #trimming = false;

  constructor(options: GateOptions, events: GateEvents) {
    this.#options = { maxStrangers: defaultStrangers, limitMs: greetingLimitMs, ...options };
    this.#events = events;
  }

  /** Connections that have not shown who they are. */
  get strangers(): number {
    return this.#strangers.size;
  }

  /** Somebody has connected. */
  receive(socket: Socket): void {
    const { roles, token, limitMs } = this.#options;
    let came: Buffer = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      const missing = greetingBytes - came.length;
      came = Buffer.concat([came, chunk.subarray(0, missing)]);
      if (!beginsGreeting(came, roles)) socket.destroy();
      else if (came.length === greetingBytes) {
        socket.pause();
        forget();
        this.#judge(socket, came, chunk.subarray(missing), token);
      }
    };
    const timer = setTimeout(() => {
      socket.destroy();
    }, limitMs).unref();
    const forget = (): void => {
      clearTimeout(timer);
      this.#strangers.delete(socket);
      socket.off('data', read).off('close', forget);
    };
    this.#strangers.set(socket, forget);
    // A stranger does not keep this process alive, and how its socket ends is nobody's business.
    socket.unref().on('data', read).on('close', forget);
    socket.on('error', () => undefined);
    if (this.#strangers.size > this.#options.maxStrangers) this.#trimSoon();
  }

  /** Nobody is listened to any more. */
  close(): void {
    for (const socket of [...this.#strangers.keys()]) socket.destroy();
  }

  #judge(socket: Socket, greeting: Buffer, rest: Buffer, token: string): void {
    const known = readGreeting(greeting, token);
    if (!known) {
      socket.destroy();
      this.#events.refused?.('token', 0);
    } else if (known.version !== protocolVersion) {
      endWith(socket, encodeAnswer('version'));
      this.#events.refused?.('version', known.version);
    } else {
      socket.ref();
      if (rest.length > 0) socket.unshift(rest);
      socket.write(encodeAnswer('admitted'));
      this.#events.admitted(socket, known.role);
    }
  }

  /**
   * One of ours speaks at once, so those that have waited longest go, not those that come: nobody keeps ours out by
   * sitting there. What has come from the newest is read before; they come in the same turn of the loop as connections.
   */
  #trimSoon(): void {
    if (this.#trimming) return;
    this.#trimming = true;
    setImmediate(() => {
      setImmediate(() => {
        this.#trimming = false;
        const excess = this.#strangers.size - this.#options.maxStrangers;
        for (const [socket, forget] of [...this.#strangers].slice(0, Math.max(0, excess))) {
          forget();
          endWith(socket, encodeAnswer('busy'));
        }
      });
    });
  }
}

/** The last word to somebody who may never read it: what fits the system's buffer goes, and nothing is waited for. */
function endWith(socket: Socket, bytes: Buffer): void {
  socket.write(bytes);
  socket.destroy();
}
