/** The traces that one user of a started pool has asked for. */
import { InvalidArgumentError } from '../errors.js';
import type { Head } from '../head/head.js';
import type { TraceRecording } from '../head/trace-recording.js';
import type { Connection } from '../protocol/connection.js';
import { encodeError } from '../protocol/error-value.js';
import type { FromPool, ToPool } from '../protocol/pool-messages.js';
import { fillTrace } from './trace.js';

/** At a time: each takes memory of the pool's process. */
const mostTraces = 4;
const partBytes = 1024 * 1024;
const nothing = new Uint8Array(0);

/** They end with the session. */
export class SessionTraces {
  readonly #head: Head;
  readonly #connection: Connection<ToPool, FromPool>;
  readonly #recordings = new Map<number, TraceRecording>();

  constructor(head: Head, connection: Connection<ToPool, FromPool>) {
    this.#head = head;
    this.#connection = connection;
  }

  start(id: number, maxEvents: number): void {
    try {
      if (this.#recordings.size >= mostTraces || this.#recordings.has(id)) {
        throw new InvalidArgumentError(
          `trace: expected at most ${mostTraces} traces at a time; stop one of them first`,
        );
      }
      this.#recordings.set(id, this.#head.startTrace(fillTrace({ maxEvents })));
      this.#send(id, nothing, false);
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  /** End one, and send it. */
  async end(id: number): Promise<void> {
    const recording = this.#recordings.get(id);
    this.#recordings.delete(id);
    try {
      if (!recording) throw new InvalidArgumentError('trace: expected a trace of this session that runs');
      const bytes = Buffer.from(JSON.stringify(await this.#head.endTrace(recording)));
      for (let at = 0; at < bytes.length; at += partBytes) {
        this.#send(id, bytes.subarray(at, at + partBytes), at + partBytes >= bytes.length);
      }
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  /** Nobody wants them. */
  close(): void {
    for (const recording of this.#recordings.values()) void this.#head.endTrace(recording);
    this.#recordings.clear();
  }

  #send(id: number, part: Uint8Array, isLast: boolean): void {
    this.#connection.send({ type: 'traced', id, part, isLast });
  }

  #refuse(id: number, error: unknown): void {
    this.#connection.send({ type: 'traced', id, part: nothing, isLast: true, error: encodeError(error) });
  }
}
