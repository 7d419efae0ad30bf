/** The traces that one user of a started pool has asked for. */
import { InvalidArgumentError } from '../errors.js';
import type { Head } from '../head/head.js';
import type { TraceRecording } from '../head/trace-recording.js';
import type { Connection } from '../protocol/connection.js';
import type { FromPool, ToPool } from '../protocol/pool-messages.js';
import { fillTrace } from './trace.js';

/** At a time: each takes memory of the pool's process. */
const mostTraces = 4;
const partBytes = 1024 * 1024;

/** They end with the session. */
export class SessionTraces {
  readonly #head: Head;
  readonly #connection: Connection<ToPool, FromPool>;
  readonly #recordings = new Map<number, TraceRecording>();

  constructor(head: Head, connection: Connection<ToPool, FromPool>) {
    this.#head = head;
    this.#connection = connection;
  }

  /** @throws {@link InvalidArgumentError} for too many at a time. */
  start(id: number, maxEvents: number): void {
    if (this.#recordings.size >= mostTraces || this.#recordings.has(id)) {
      throw new InvalidArgumentError(`trace: expected at most ${mostTraces} traces at a time; stop one of them first`);
    }
    this.#recordings.set(id, this.#head.startTrace(fillTrace({ maxEvents })));
  }

  /** End one, and send it. @throws {@link InvalidArgumentError} for one that does not run. */
  async end(id: number): Promise<undefined> {
    const recording = this.#recordings.get(id);
    this.#recordings.delete(id);
    if (!recording) throw new InvalidArgumentError('trace: expected a trace of this session that runs');
    const bytes = Buffer.from(JSON.stringify(await this.#head.endTrace(recording)));
    for (let at = 0; at < bytes.length; at += partBytes) {
      this.#connection.send({ type: 'traced', id, part: bytes.subarray(at, at + partBytes) });
    }
  }

  /** Nobody wants them. */
  close(): void {
    for (const recording of this.#recordings.values()) void this.#head.endTrace(recording);
    this.#recordings.clear();
  }
}
