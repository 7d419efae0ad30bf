/** The message calls of one group: from a caller's arguments to a request, in each of the two forms. */
import { onAbort } from '../abort-listeners.js';
import { toCaller } from '../caller-lines.js';
import { nowMs } from '../clock.js';
import { errorNumber, InvalidArgumentError, ShoalError, show } from '../errors.js';
import { arrayBytes, dtypeOfClass } from '../operands/array-class.js';
import { overlap } from '../operands/buffers-in-use.js';
import { checkDtype } from '../operands/numeric.js';
import { assertWritable, readOperand } from '../operands/operand.js';
import type { MessageOperation } from '../operations/message-operation.js';
import { anySource, anyTag } from '../operations/message-options.js';
import { probe } from '../operations/probe.js';
import { recvObject } from '../operations/recv-object.js';
import { recv } from '../operations/recv.js';
import { sendObject } from '../operations/send-object.js';
import { send } from '../operations/send.js';
import { sendrecv } from '../operations/sendrecv.js';
import type { MessageKind } from '../records/record-layout.js';
import type { Recorder } from '../records/recorder.js';
import type { CallWork } from '../records/call-work.js';
import type { TypedArray } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import { dtypeId, objectId } from '../types/dtype.js';
import type { Form } from './call-options.js';
import { GivenOptions, methodName } from './call-options.js';
import type { ReadyArray } from './known-arrays.js';
import { KnownArrays } from './known-arrays.js';
import { PromptMessages } from './prompt-messages.js';
import { callSite } from './call-site.js';
import type { BufferUser, GroupCalls } from './group-calls.js';
import type { MessageRequest } from './message-request.js';
import type { Target } from './receive-request.js';
import { Pattern } from './message-pattern.js';
import { Probe } from './probe-request.js';
import { Receive } from './receive-request.js';
import { Send } from './send-request.js';
import { encodedValue, objectTarget, ReceiveObject } from './object-messages.js';
import { checkSignal, checkTimeout } from './validate.js';

type ArrayClass = new (buffer: ArrayBuffer, byteOffset: number, length: number) => TypedArray;

const largestTag = 2 ** 31 - 1;
/** Of a call without any. */
const noOptions = new GivenOptions();

/** Requests of one call, and which of them says what the caller gets. */
export interface Made {
  readonly requests: readonly MessageRequest[];
  readonly result: MessageRequest;
}

/** Owned by the collectives of a group. */
export class MessageCalls {
  readonly #calls: GroupCalls;
  readonly #known: KnownArrays;
  readonly #prompt: PromptMessages;
  /** Of calls of known arrays that a trace is told of. */
  #sending: CallWork | undefined;
  #receiving: CallWork | undefined;

  constructor(calls: GroupCalls) {
    this.#calls = calls;
    this.#known = new KnownArrays(calls.setting.arrays);
    this.#prompt = new PromptMessages(calls);
  }

  /** The blocking form of `send`. */
  sendSync(buffer: unknown, dest: unknown, options: unknown): unknown {
    const given = this.#open(send, 'blocking', options);
    const { tag = 0 } = given;
    const from = this.#isPlain(dest, tag, given) ? this.#known.source(buffer) : undefined;
    if (!from) return this.#runAll(send, [buffer, dest], given);
    if (this.#calls.isUnused && this.#sendNow(dest as number, tag as number, from)) return undefined;
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
    const given = this.#open(recv, 'blocking', options);
    const { tag = 0 } = given;
    const into = this.#isPlain(source, tag, given) ? this.#known.target(buffer) : undefined;
    if (!into) return this.#runAll(recv, [buffer, source], given);
    this.#begin('recv', source as number, tag as number, into);
    const sizeBytes = this.#prompt.receive(source as number, tag as number, into);
    if (sizeBytes < 0) return this.#runLeft(recv, [buffer, source], given, undefined, into);
    this.#end('recv', source as number, tag as number, into, sizeBytes);
    return { data: buffer, source, tag, count: sizeBytes / into.itemBytes };
  }

  /** The blocking form of `sendrecv`. */
  sendrecvSync(buffer: unknown, dest: unknown, target: unknown, source: unknown, options: unknown): unknown {
    const given = this.#open(sendrecv, 'blocking', options);
    const { sendTag = 0, recvTag = 0 } = given;
    const isPlain = this.#isPlain(dest, sendTag, given) && this.#isPlain(source, recvTag, given);
    const from = isPlain ? this.#known.source(buffer) : undefined;
    const into = isPlain ? this.#known.target(target) : undefined;
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
      const given = this.#open(send, 'awaited', options);
      const { tag = 0, signal } = given;
      const isPlain = signal === undefined && this.#isPlain(dest, tag, given);
      const from = isPlain ? this.#known.source(buffer) : undefined;
      if (from) {
        const user = { what: 'send', ranges: from.ranges };
        this.#calls.assertReadable(user.what, user.ranges);
        if (this.#sendNow(dest as number, tag as number, from)) {
          this.#calls.take(user, true);
          return Promise.resolve(user).then(this.#giveBackSent);
        }
      }
      return this.startMade(this.#accept(send, [buffer, dest], given, 'awaited'));
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
    this.#calls.giveBack(user, true);
  };

  /** The blocking form. */
  run(operation: MessageOperation, args: readonly unknown[]): unknown {
    return this.#runAll(operation, args, this.#open(operation, 'blocking', args[argumentCount(operation)]));
  }

  #runAll(operation: MessageOperation, args: readonly unknown[], given: GivenOptions): unknown {
    return this.runMade(this.#accept(operation, args, given, 'blocking'));
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
    const { requests, result } = this.#accept(operation, args, given, 'blocking');
    const left = requests.filter((request) => !(request instanceof Send ? isSent : isReceived));
    for (const request of left) {
      request.record = (request instanceof Send ? from?.sent : into?.received)?.record ?? 0;
      request.work = request instanceof Send ? this.#sending : this.#receiving;
      if (request instanceof Send) request.outgoing = outgoing;
      else if (request instanceof Receive && incoming) request.match(incoming, this.#calls.group.rank);
    }
    const [first = result] = left;
    return this.runMade({ requests: left, result: left.includes(result) ? result : first });
  }

  /** Start requests that are ready, and block until all have ended. */
  runMade(made: Made): unknown {
    const { group } = this.#calls;
    const { requests, result } = made;
    this.#start(made);
    const call = requests.length === 1 ? result : all(requests);
    if (!call.settled) this.#calls.waitFor(call);
    for (const request of requests) if (request.error) throw toCaller(request.error);
    if (group.failure && !result.settled) throw group.failure;
    return result.given;
  }

  /** The awaited form. */
  start(operation: MessageOperation, args: readonly unknown[]): Promise<unknown> {
    try {
      const given = this.#open(operation, 'awaited', args[argumentCount(operation)]);
      return this.startMade(this.#accept(operation, args, given, 'awaited'));
    } catch (error) {
      return Promise.reject(toCaller(error));
    }
  }

  /** Start requests that are ready; the promise settles when all have ended. */
  startMade(made: Made): Promise<unknown> {
    const { requests, result } = made;
    const calls = this.#calls;
    for (const request of requests) calls.take(request, request instanceof Send);
    const { signal } = result;
    if (signal?.aborted) calls.group.messages.cancel(result.text);
    try {
      this.#start(made);
    } catch (error) {
      for (const request of requests) calls.giveBack(request, request instanceof Send);
      throw error;
    }
    const giveBack = (): unknown => {
      for (const request of requests) calls.giveBack(request, request instanceof Send);
      for (const request of requests) if (request.error) throw toCaller(request.error);
      return result.given;
    };
    const open = requests.filter(({ settled }) => !settled);
    if (open.length === 0) return Promise.resolve().then(giveBack);
    const unbind = signal && !signal.aborted ? onAbort(signal, () => this.#cancel(result)) : undefined;
    calls.beginTime();
    let left = open.length;
    const ended = new Promise<void>((resolve) => {
      for (const request of open) {
        request.onSettled = () => {
          if (--left > 0) return;
          calls.endTime();
          unbind?.();
          resolve();
        };
      }
    });
    for (const request of open) calls.group.engine.waitLater(request);
    return ended.then(giveBack);
  }

  #cancel({ text }: MessageRequest): void {
    const { group } = this.#calls;
    group.messages.cancel(text);
    group.engine.start();
  }

  /** Receives first: what a rank sends itself then finds them. */
  #start({ requests }: Made): void {
    const { group } = this.#calls;
    for (const request of requests) {
      if (request instanceof Send) group.messages.send(request);
      else group.messages.receive(request as Receive | Probe);
      if (!request.settled) group.follow(request);
    }
    group.restIfIdle();
  }

  /** Whether a call can be made; returns its options. */
  #open(operation: MessageOperation, form: Form, options: unknown): GivenOptions {
    const { group } = this.#calls;
    const { failure } = group;
    if (failure) throw failure;
    if (form === 'blocking') group.engine.assertBlocking();
    if (options === undefined) return noOptions;
    const given = new GivenOptions();
    given.read(operation, form, options);
    return given;
  }

  /** A call gives another rank and a tag, and nothing else, as far as is known without errors. */
  #isPlain(rank: unknown, tag: unknown, given: GivenOptions): boolean {
    const { group, setting } = this.#calls;
    if (given.timeoutMs !== undefined || given.dtype !== undefined) return false;
    return isRankOf(setting.size, rank) && rank !== group.rank && isTag(tag);
  }

  #accept(operation: MessageOperation, args: readonly unknown[], given: GivenOptions, form: Form): Made {
    const { notesLines } = this.#calls;
    const what = methodName(operation, form);
    const made = this.#make(operation, what, args, given, form);
    const signal = checkSignal(what, given.signal);
    const madeAt = notesLines && form === 'awaited' ? callSite() : undefined;
    for (const request of made.requests) {
      request.signal = signal;
      request.madeAt = madeAt;
    }
    return made;
  }

  #make(operation: MessageOperation, what: string, args: readonly unknown[], given: GivenOptions, form: Form): Made {
    const timeoutMs = checkTimeout(what, given.timeoutMs, this.#calls.setting.timeoutMs);
    switch (operation) {
      case send: {
        const [buffer, dest] = args;
        const request = this.#send(what, timeoutMs, [buffer, dest, given.tag, 'tag'], given.dtype);
        this.#assertCanEnd(request, form);
        return { requests: [request], result: request };
      }
      case recv: {
        const [buffer, source] = args;
        const request = this.#receive(what, timeoutMs, [buffer, source, given.tag, 'tag'], given.dtype);
        return { requests: [request], result: request };
      }
      case sendrecv: {
        const [buffer, dest, into, source] = args;
        const sent = this.#send(what, timeoutMs, [buffer, dest, given.sendTag, 'sendTag'], undefined);
        const received = this.#receive(what, timeoutMs, [into, source, given.recvTag, 'recvTag'], undefined);
        if (overlap(sent.ranges, received.ranges)) {
          throw new InvalidArgumentError(`${what}: expected two buffers that do not overlap; copy one of them first`);
        }
        return { requests: [received, sent], result: received };
      }
      case probe: {
        const [source] = args;
        const pattern = this.#pattern(what, source, given.tag, 'tag');
        const request = new Probe(what, timeoutMs, pattern);
        return { requests: [request], result: request };
      }
      case sendObject: {
        const [value, givenDest] = args;
        const [dest, tag] = [this.#rank(what, 'dest', givenDest), checkTag(what, 'tag', given.tag)];
        const operand = encodedValue(what, value, this.#calls.setting.arrays);
        const request = new Send(what, timeoutMs, operand, dest, tag, objectId);
        this.#assertCanEnd(request, form);
        return { requests: [request], result: request };
      }
      case recvObject: {
        const [source] = args;
        const target = objectTarget(what, this.#calls.setting.arrays);
        const pattern = this.#pattern(what, source, given.tag, 'tag');
        const request = new ReceiveObject(what, timeoutMs, pattern, target);
        return { requests: [request], result: request };
      }
    }
    throw new RangeError(operation.name);
  }

  #send(
    what: string,
    timeoutMs: number,
    [buffer, givenDest, givenTag, tagName]: readonly [unknown, unknown, unknown, string],
    givenDtype: unknown,
  ): Send {
    const operand = this.#known.read(what, buffer);
    const dtype = checkDtype(what, operand, givenDtype);
    const dest = this.#rank(what, 'dest', givenDest);
    const tag = checkTag(what, tagName, givenTag);
    const request = new Send(what, timeoutMs, operand, dest, tag, dtypeId(dtype));
    this.#calls.assertReadable(what, request.ranges);
    return request;
  }

  #receive(
    what: string,
    timeoutMs: number,
    [buffer, source, tag, tagName]: readonly [unknown, unknown, unknown, string],
    dtype: unknown,
  ): Receive {
    const target = this.#target(what, buffer, dtype);
    const request = new Receive(what, timeoutMs, this.#pattern(what, source, tag, tagName), target);
    this.#calls.assertFree(what, request.ranges);
    return request;
  }

  #target(what: string, buffer: unknown, givenDtype: unknown): Target {
    const { arrays } = this.#calls.setting;
    if (typeof buffer === 'function') {
      const itemSize = arrayBytes(what, buffer, 1);
      const Class = buffer as ArrayClass;
      const make = (sizeBytes: number): ReturnType<Target['make']> => {
        const data = new Class(new ArrayBuffer(sizeBytes), 0, sizeBytes / itemSize);
        return { operand: readOperand(what, 'buffer', data, arrays), data };
      };
      const own = dtypeOfClass(what, buffer as never);
      const dtype = givenDtype === undefined ? own : checkDtype(what, make(16).operand, givenDtype);
      return { dtype: dtypeId(dtype), operand: undefined, data: undefined, make };
    }
    const operand = this.#known.read(what, buffer);
    const dtype: Dtype = checkDtype(what, operand, givenDtype);
    assertWritable(what, 'buffer', operand);
    if (arrays.sharedPlace(operand.memory)) {
      throw new InvalidArgumentError(
        `${what}: expected the buffer to be an array of this rank's own, but it lies in one of emptyShared, which ` +
          `collectives alone write`,
      );
    }
    this.#known.noteTarget(buffer);
    const make = (): never => {
      throw new RangeError(what);
    };
    return { dtype: dtypeId(dtype), operand, data: buffer, make };
  }

  #pattern(what: string, source: unknown, tag: unknown, tagName: string): Pattern {
    return new Pattern(
      source === anySource ? undefined : this.#rank(what, 'source', source, ', or anySource'),
      tag === anyTag ? undefined : checkTag(what, tagName, tag, ', or anyTag'),
    );
  }

  #rank(what: string, role: string, rank: unknown, or: string = ''): number {
    const { size } = this.#calls.setting;
    if (isRankOf(size, rank)) return rank;
    throw new InvalidArgumentError(
      `${what}: expected ${role} to be a rank from 0 to ${size - 1}${or}, received ${show(rank)}`,
    );
  }

  /** A blocking send of a rank to itself keeps it from receiving. */
  #assertCanEnd(request: Send, form: Form): void {
    const { group } = this.#calls;
    if (form !== 'blocking' || request.dest !== group.rank || !group.messages.wouldWaitForItself(request)) return;
    throw new InvalidArgumentError(
      `${request.what}: ${request.operand.array.byteLength} bytes from rank ${group.rank} to itself have to be received ` +
        `before they are sent, since so many are not kept. Call recv first, without awaiting it, or await send later`,
    );
  }
}

function argumentCount(operation: MessageOperation): number {
  if (operation === sendrecv) return 4;
  return operation === probe || operation === recvObject ? 1 : 2;
}

function isRankOf(size: number, rank: unknown): rank is number {
  return typeof rank === 'number' && Number.isInteger(rank) && rank >= 0 && rank < size;
}

function isTag(tag: unknown): tag is number {
  return typeof tag === 'number' && Number.isInteger(tag) && tag >= 0 && tag <= largestTag;
}

function checkTag(what: string, name: string, tag: unknown, or: string = ''): number {
  if (tag === undefined) return 0;
  if (isTag(tag)) return tag;
  throw new InvalidArgumentError(
    `${what}: expected ${name} to be an integer from 0 to ${largestTag}${or}, received ${show(tag)}`,
    { option: name },
  );
}

/** What has ended when all have. */
function all(requests: readonly MessageRequest[]): { readonly settled: boolean } {
  return {
    get settled() {
      return requests.every(({ settled }) => settled);
    },
  };
}
