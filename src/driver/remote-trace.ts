/** A trace of a pool in another process, as it comes. */
import { ProtocolError } from '../errors.js';
import type { TraceDocument } from '../head/trace-document.js';

/** From its order to its last byte. */
export class RemoteTrace {
  /** Resolves when the pool has begun. */
  readonly begun: Promise<void>;
  /** Resolves with all of it. */
  readonly document: Promise<TraceDocument>;
  /** Its end was asked for. */
  isEnding = false;
  #hasBegun = false;
  readonly #parts: Uint8Array[] = [];
  #begin!: () => void;
  #refuse!: (error: Error) => void;
  #end!: (document: TraceDocument) => void;
  #fail!: (error: Error) => void;

  constructor() {
    this.begun = new Promise((resolve, reject) => {
      this.#begin = resolve;
      this.#refuse = reject;
    });
    this.document = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Whoever asks for it hears of it.
    this.begun.catch(() => undefined);
    this.document.catch(() => undefined);
  }

  /** Something of the pool is waited for. */
  get isAsked(): boolean {
    return !this.#hasBegun || this.isEnding;
  }

  receive(part: Uint8Array, isLast: boolean): void {
    this.#hasBegun = true;
    this.#begin();
    this.#parts.push(part);
    if (!isLast) return;
    try {
      this.#end(JSON.parse(Buffer.concat(this.#parts).toString()) as TraceDocument);
    } catch (cause) {
      this.#fail(new ProtocolError('the pool has sent a trace that is no JSON', {}, { cause }));
    }
  }

  fail(error: Error): void {
    this.#hasBegun = true;
    this.isEnding = false;
    this.#refuse(error);
    this.#fail(error);
  }
}
