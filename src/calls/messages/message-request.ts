/** A message call of one rank, from its start to its end: what sends, receives and probes have in common. */
import type { Waiting } from '../../backend/carrier.js';
import type { ShoalError } from '../../errors.js';
import { errorNumber } from '../../errors.js';
import type { MemoryRange, MemoryUser } from '../../operands/buffers-in-use.js';
import type { CallWork } from '../../records/call-work.js';
import type { MessageKind } from '../../records/record-layout.js';
import type { Recorder } from '../../records/recorder.js';

/** Ended by whoever carries it out; its caller waits for `settled` or `onSettled`. */
export abstract class MessageRequest implements MemoryUser {
  /** The method, for errors. */
  readonly what: string;
  readonly timeoutMs: number;
  abstract readonly ranges: readonly MemoryRange[];
  settled = false;
  error: ShoalError | undefined;
  result: unknown;
  /** Called once it has ended, where it did not end at once. */
  onSettled: (() => void) | undefined;
  signal: AbortSignal | undefined;
  /** When it began to wait; deadlines count from here. */
  startedAt = 0;
  deadline: number = Infinity;
  /** A warning has said that it waits. */
  warned = false;
  /** Among the message calls of this rank, from 1. */
  number = 0;
  /** The line that made the call, where it is noted. */
  madeAt: string | undefined;
  /** Number of its record; set before it starts when it has begun already. */
  record = 0;
  #recorder: Recorder | undefined;
  /** What a trace is told of; set before it starts when it has begun already. */
  work: CallWork | undefined;
  #place = { group: 0, rank: 0 };
  /** The call that it is a part of, in words; undefined: it is the whole call. */
  partOf: string | undefined;

  constructor(what: string, timeoutMs: number) {
    this.what = what;
    this.timeoutMs = timeoutMs;
  }

  /** What this rank waits for while it is open. */
  abstract get waiting(): Waiting;
  /** Such as `recv(source 1, tag 3)`. */
  abstract get text(): string;
  /** What is noted of it. */
  protected abstract get kind(): MessageKind;
  protected abstract readonly dtype: number;
  protected abstract get sizeBytes(): number;

  /** The message that it is of, as far as that is known. */
  protected get carried(): { peer: number; tag: number; sizeBytes: number } {
    const { peer = -1, tag = -1 } = this.waiting;
    return { peer, tag, sizeBytes: this.sizeBytes };
  }

  /** What the caller gets once it has ended well. */
  get given(): unknown {
    return this.result;
  }

  /** Note that it begins. */
  begin(recorder: Recorder, group: number, rank: number): void {
    this.#recorder = recorder;
    const { tracer } = recorder;
    if (tracer) {
      this.work ??= tracer.begin();
      this.#place = { group, rank };
    }
    if (this.record !== 0) return;
    const { peer = -1, tag = -1 } = this.waiting;
    this.record = recorder.beginMessage(this.kind, peer, tag, this.dtype, this.sizeBytes, group);
  }

  beginWait(now: number): void {
    this.startedAt = now;
    this.deadline = now + this.timeoutMs;
    this.#recorder?.wait(this.record, now);
  }

  settle(error: ShoalError | undefined): void {
    if (this.settled) return;
    this.settled = true;
    this.error = error;
    if (this.startedAt === 0 && !error) this.#recorder?.endMessage(this.record);
    else this.#recorder?.settleMessage(this.record, this.startedAt, error ? errorNumber(error) : 0);
    if (this.work && this.#recorder) this.#tellTrace(this.#recorder, this.work, error);
    this.onSettled?.();
  }

  #tellTrace({ tracer, lease }: Recorder, work: CallWork, error: ShoalError | undefined): void {
    const { dtype } = this;
    const failed = error ? errorNumber(error) : 0;
    tracer?.endMessage(this.kind, { ...this.carried, dtype, lease, failed, ...this.#place }, work);
  }
}
