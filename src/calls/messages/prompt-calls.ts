/**
 * Messages of arrays that were sent or received before: the blocking forms, and the awaited `send`. What ends within a
 * spin needs no request. All else goes on as the other message calls do, with what is under way of it already.
 */
import { toCaller } from '../../caller-lines.js';
import { nowMs } from '../../clock.js';
import { errorNumber, InvalidArgumentError, ShoalError } from '../../errors.js';
import type { MessageOperation } from '../../operations/message-operation.js';
import { recv } from '../../operations/recv.js';
import { send } from '../../operations/send.js';
import { sendrecv } from '../../operations/sendrecv.js';
import type { CallWork } from '../../records/call-work.js';
import type { MessageKind } from '../../records/record-layout.js';
import type { Recorder } from '../../records/recorder.js';
import type { BufferUser } from '../buffer-users.js';
import type { GivenOptions } from '../call-options.js';
import type { GroupCalls } from '../group-calls.js';
import type { ReadyArray } from './known-arrays.js';
import type { MessageArguments } from './message-arguments.js';
import type { MessageCalls } from './message-calls.js';
import { PromptMessages } from './prompt-messages.js';
import { Receive } from './receive-request.js';
import { Send } from './send-request.js';

/** Owned by the collectives of a group. */
export class PromptCalls {
  readonly #calls: GroupCalls;
  readonly #messages: MessageCalls;
  readonly #arguments: MessageArguments;
  readonly #prompt: PromptMessages;
  /** Of calls that a trace is told of. */
  #sending: CallWork | undefined;
  #receiving: CallWork | undefined;

  constructor(calls: GroupCalls, messages: MessageCalls) {
    this.#calls = calls;
    this.#messages = messages;
    this.#arguments = messages.arguments;
    this.#prompt = new PromptMessages(calls);
  }

  /** The blocking form of `send`. */
  sendSync(buffer: unknown, dest: unknown, options: unknown): unknown {
    const given = this.#arguments.open(send, 'blocking', options);
    const { tag = 0 } = given;
    const from = this.#arguments.isPlain(dest, tag, given) ? this.#arguments.known.source(buffer) : undefined;
    if (!from) return this.#runAll(send, [buffer, dest], given);
    if (this.#calls.buffers.isEmpty && this.#sendNow(dest as number, tag as number, from)) return undefined;
    this.#begin('send', dest as number, tag as number, from);
    let isSent: boolean;
    try {
      isSent = this.#prompt.send(dest as number, tag as number, from);
    } catch (error) {
      this.#recorder.settleMessage(
        from.sent.record,
        nowMs(),
        errorNumber(error instanceof ShoalError ? error : new InvalidArgumentError(String(error))),
      );
      throw error;
    }
    if (!isSent) return this.#runLeft(send, [buffer, dest], given, from);
    this.#end('send', dest as number, tag as number, from, from.memory.sizeBytes);
    return undefined;
  }

  /** The blocking form of `recv`. */
  recvSync(buffer: unknown, source: unknown, options: unknown): unknown {
    const given = this.#arguments.open(recv, 'blocking', options);
    const { tag = 0 } = given;
    const into = this.#arguments.isPlain(source, tag, given) ? this.#arguments.known.target(buffer) : undefined;
    if (!into) return this.#runAll(recv, [buffer, source], given);
    this.#begin('recv', source as number, tag as number, into);
    const sizeBytes = this.#prompt.receive(source as number, tag as number, into);
    if (sizeBytes < 0) return this.#runLeft(recv, [buffer, source], given, undefined, into);
    this.#end('recv', source as number, tag as number, into, sizeBytes);
    return { data: buffer, source, tag, count: sizeBytes / into.itemBytes };
  }

  /** The blocking form of `sendrecv`. */
  sendrecvSync(buffer: unknown, dest: unknown, target: unknown, source: unknown, options: unknown): unknown {
    const given = this.#arguments.open(sendrecv, 'blocking', options);
    const { sendTag = 0, recvTag = 0 } = given;
    const isPlain = this.#arguments.isPlain(dest, sendTag, given) && this.#arguments.isPlain(source, recvTag, given);
    const from = isPlain ? this.#arguments.known.source(buffer) : undefined;
    const into = isPlain ? this.#arguments.known.target(target) : undefined;
    const args = [buffer, dest, target, source];
    if (!from || !into || from.memory.overlaps(into.memory)) {
      return this.#runAll(sendrecv, args, given);
    }
    const ranks = { dest: dest as number, source: source as number };
    const tags = { sendTag: sendTag as number, recvTag: recvTag as number };
    this.#begin('recv', ranks.source, tags.recvTag, into);
    this.#begin('send', ranks.dest, tags.sendTag, from);
    const sizeBytes = this.#prompt.exchange(ranks, tags, from, into);
    if (this.#prompt.isSent) this.#end('send', ranks.dest, tags.sendTag, from, from.memory.sizeBytes);
    if (sizeBytes < 0) return this.#runLeft(sendrecv, args, given, from, into);
    this.#end('recv', ranks.source, tags.recvTag, into, sizeBytes);
    if (!this.#prompt.isSent) this.#runLeft(sendrecv, args, given, from, into);
    return { data: target, source, tag: recvTag, count: sizeBytes / into.itemBytes };
  }

  /** The awaited form of `send`. */
  startSend(buffer: unknown, dest: unknown, options: unknown): Promise<unknown> {
    try {
      const given = this.#arguments.open(send, 'awaited', options);
      const { tag = 0, signal } = given;
      const isPlain = signal === undefined && this.#arguments.isPlain(dest, tag, given);
      const from = isPlain ? this.#arguments.known.source(buffer) : undefined;
      if (from) {
        const user = { what: 'send', ranges: from.ranges };
        this.#calls.buffers.assertReadable(user.what, user.ranges);
        if (this.#sendNow(dest as number, tag as number, from)) {
          this.#calls.buffers.takeToRead(user);
          return Promise.resolve(user).then(this.#giveBackSent);
        }
      }
      return this.#messages.startMade(this.#arguments.requestsOf(send, [buffer, dest], given, 'awaited'));
    } catch (error) {
      return Promise.reject(toCaller(error));
    }
  }

  /**
   * Send what need not wait; false: nothing was done. It is noted when the other rank has it, which then need not wait
   * for the note.
   */
  #sendNow(dest: number, tag: number, from: ReadyArray): boolean {
    const work = this.#recorder.tracer?.begin();
    if (!this.#prompt.sendShort(dest, tag, from)) return false;
    this.#recorder.beginNoted(from.sent, 'send', dest, tag, from, this.#calls.group.number);
    this.#recorder.endNoted(from.sent);
    if (work) this.#tellTrace('send', dest, tag, from.dtype, from.memory.sizeBytes, work);
    return true;
  }

  /** Note that a message call of a known array begins. */
  #begin(kind: 'send' | 'recv', peer: number, tag: number, array: ReadyArray): void {
    const { tracer } = this.#recorder;
    if (kind === 'send') this.#sending = tracer?.begin();
    else this.#receiving = tracer?.begin();
    const noted = kind === 'send' ? array.sent : array.received;
    this.#recorder.beginNoted(noted, kind, peer, tag, array, this.#calls.group.number);
  }

  /** Note that it has ended, well and at once. */
  #end(kind: 'send' | 'recv', peer: number, tag: number, { dtype, sent, received }: ReadyArray, size: number): void {
    this.#recorder.endNoted(kind === 'send' ? sent : received);
    const work = kind === 'send' ? this.#sending : this.#receiving;
    if (work) this.#tellTrace(kind, peer, tag, dtype, size, work);
  }

  #tellTrace(kind: MessageKind, peer: number, tag: number, dtype: number, sizeBytes: number, work: CallWork): void {
    const { number: group, rank } = this.#calls.group;
    const { lease, tracer } = this.#recorder;
    tracer?.endMessage(kind, { peer, tag, dtype, sizeBytes, group, rank, lease, failed: 0 }, work);
  }

  get #recorder(): Recorder {
    return this.#calls.group.recorder;
  }

  /** Its array is free when the caller goes on, and not before. */
  readonly #giveBackSent = (user: BufferUser): void => {
    this.#calls.buffers.giveBackRead(user);
  };

  /** Make and start requests, as all other message calls do. */
  #runAll(operation: MessageOperation, args: readonly unknown[], given: GivenOptions): unknown {
    return this.#messages.runMade(this.#arguments.requestsOf(operation, args, given, 'blocking'));
  }

  /** Go on with what has begun without requests, and has not ended. */
  #runLeft(
    operation: MessageOperation,
    args: readonly unknown[],
    given: GivenOptions,
    from: ReadyArray | undefined,
    into?: ReadyArray,
  ): unknown {
    const { isSent, isReceived, outgoing, incoming } = this.#prompt;
    const { requests, result } = this.#arguments.requestsOf(operation, args, given, 'blocking');
    const left = requests.filter((request) => !(request instanceof Send ? isSent : isReceived));
    for (const request of left) {
      request.record = (request instanceof Send ? from?.sent : into?.received)?.record ?? 0;
      request.work = request instanceof Send ? this.#sending : this.#receiving;
      if (request instanceof Send) request.outgoing = outgoing;
      else if (request instanceof Receive && incoming) request.match(incoming, this.#calls.group.rank);
    }
    const [first = result] = left;
    return this.#messages.runMade({ requests: left, result: left.includes(result) ? result : first });
  }
}
