/** What a caller gives a message call: it is checked, and becomes the requests that are started. */
import { InvalidArgumentError } from '../../errors.js';
import { show } from '../../show.js';
import { arrayBytes, dtypeOfClass } from '../../operands/array-class.js';
import { overlap, rangesOf } from '../../operands/buffers-in-use.js';
import { checkDtype } from '../../operands/numeric.js';
import { assertWritable, readOperand } from '../../operands/operand.js';
import type { MessageOperation } from '../../operations/message-operation.js';
import type { NotReceivedObject } from '../../operations/message-options.js';
import { anySource, anyTag } from '../../operations/message-options.js';
import { probe } from '../../operations/probe.js';
import { recvObject } from '../../operations/recv-object.js';
import { recv } from '../../operations/recv.js';
import { sendObject } from '../../operations/send-object.js';
import { send } from '../../operations/send.js';
import { sendrecv } from '../../operations/sendrecv.js';
import type { TypedArray } from '../../types/buffers.js';
import type { Dtype } from '../../types/dtype.js';
import { dtypeId, objectId } from '../../types/dtype.js';
import type { Form } from '../call-options.js';
import { GivenOptions, methodName } from '../call-options.js';
import { callSite } from '../call-site.js';
import { checkRank, isRankOf } from '../check-rank.js';
import type { GroupCalls } from '../group-calls.js';
import { KnownArrays } from './known-arrays.js';
import { Pattern } from './message-pattern.js';
import type { MessageRequest } from './message-request.js';
import { NullRequest, notReceived } from './null-request.js';
import { encodedValue, objectTarget, ReceiveObject } from './object-messages.js';
import { Probe } from './probe-request.js';
import type { Target } from './receive-request.js';
import { Receive } from './receive-request.js';
import { Send } from './send-request.js';
import { checkSignal, checkTimeout } from '../validate.js';

type ArrayClass = new (buffer: ArrayBuffer, byteOffset: number, length: number) => TypedArray;

const largestTag = 2 ** 31 - 1;
/** Of a call without any. */
const noOptions = new GivenOptions();

/** Requests of one call, and which of them says what the caller gets. */
export interface Made {
  readonly requests: readonly MessageRequest[];
  readonly result: MessageRequest;
}

/** Owned by the message calls of a group. */
export class MessageArguments {
  readonly known: KnownArrays;
  readonly #calls: GroupCalls;
  readonly #hasBorders: boolean;

  /** @param hasBorders - Of a grid: a rank that is undefined is nobody, beyond its border. */
  constructor(calls: GroupCalls, hasBorders: boolean) {
    this.#calls = calls;
    this.#hasBorders = hasBorders;
    this.known = new KnownArrays(calls.setting.arrays);
  }

  /**
   * Read the options of a call.
   *
   * @throws The failure of the group; {@link InvalidArgumentError}; {@link UnsupportedError} where nobody may block.
   */
  open(operation: MessageOperation, form: Form, options: unknown): GivenOptions {
    const { group } = this.#calls;
    const { failure } = group;
    if (failure) throw failure;
    if (form === 'blocking') group.engine.assertBlocking();
    if (options === undefined) return noOptions;
    const given = new GivenOptions();
    given.read(operation, form, options);
    return given;
  }

  /** Whether a call names another rank and a tag, and has no option that decides more. Never throws. */
  isPlain(rank: unknown, tag: unknown, given: GivenOptions): boolean {
    const { group, setting } = this.#calls;
    if (given.timeoutMs !== undefined || given.dtype !== undefined) return false;
    return isRankOf(setting.size, rank) && rank !== group.rank && isTag(tag);
  }

  /** Check the arguments of a call. @throws {@link InvalidArgumentError}, {@link NotSerializableError} */
  requestsOf(operation: MessageOperation, args: readonly unknown[], given: GivenOptions, form: Form): Made {
    const { notesLines } = this.#calls;
    const what = methodName(operation, form);
    const made = this.#make(operation, what, args, given, form);
    const signal = checkSignal(what, given.signal);
    const madeAt = notesLines && form === 'awaited' ? callSite() : undefined;
    for (const request of made.requests) {
      request.signal = signal;
      request.madeAt = madeAt;
    }
    made.result.signal = signal;
    return made;
  }

  #make(operation: MessageOperation, what: string, args: readonly unknown[], given: GivenOptions, form: Form): Made {
    const timeoutMs = checkTimeout(what, given.timeoutMs, this.#calls.setting.timeoutMs);
    switch (operation) {
      case send: {
        const [buffer, dest] = args;
        const request = this.#send(what, timeoutMs, [buffer, dest, given.tag, 'tag'], given.dtype);
        if (request instanceof Send) this.#assertCanEnd(request, form);
        return madeOf([request], request);
      }
      case recv: {
        const [buffer, source] = args;
        const request = this.#receive(what, timeoutMs, [buffer, source, given.tag, 'tag'], given.dtype);
        return madeOf([request], request);
      }
      case sendrecv: {
        const [buffer, dest, into, source] = args;
        const sent = this.#send(what, timeoutMs, [buffer, dest, given.sendTag, 'sendTag'], undefined);
        const received = this.#receive(what, timeoutMs, [into, source, given.recvTag, 'recvTag'], undefined);
        if (overlap(sent.ranges, received.ranges)) {
          throw new InvalidArgumentError(`${what}: expected two buffers that do not overlap; copy one of them first`);
        }
        return madeOf([received, sent], received);
      }
      case probe: {
        const [source] = args;
        const pattern = this.#pattern(what, source, given.tag, 'tag');
        const request = new Probe(what, timeoutMs, pattern);
        return madeOf([request], request);
      }
      case sendObject: {
        const [value, givenDest] = args;
        const tag = checkTag(what, 'tag', given.tag);
        if (this.#isNobody(givenDest)) return madeOf([], new NullRequest(what, timeoutMs, [], undefined));
        const dest = this.#rank(what, 'dest', givenDest);
        const operand = encodedValue(what, value, this.#calls.setting.arrays);
        const request = new Send(what, timeoutMs, operand, dest, tag, objectId);
        this.#assertCanEnd(request, form);
        return madeOf([request], request);
      }
      case recvObject: {
        const [source] = args;
        if (this.#isNobody(source)) {
          checkTagPattern(what, 'tag', given.tag);
          const nothing: NotReceivedObject = { data: undefined, source: undefined, tag: undefined };
          return madeOf([], new NullRequest(what, timeoutMs, [], nothing));
        }
        const target = objectTarget(what, this.#calls.setting.arrays);
        const pattern = this.#pattern(what, source, given.tag, 'tag');
        const request = new ReceiveObject(what, timeoutMs, pattern, target);
        return madeOf([request], request);
      }
    }
    throw new RangeError(operation.name);
  }

  #send(
    what: string,
    timeoutMs: number,
    [buffer, givenDest, givenTag, tagName]: readonly [unknown, unknown, unknown, string],
    givenDtype: unknown,
  ): Send | NullRequest {
    const operand = this.known.read(what, buffer);
    const dtype = checkDtype(what, operand, givenDtype);
    const tag = checkTag(what, tagName, givenTag);
    const request = this.#isNobody(givenDest)
      ? new NullRequest(what, timeoutMs, rangesOf([operand.memory]), undefined)
      : new Send(what, timeoutMs, operand, this.#rank(what, 'dest', givenDest), tag, dtypeId(dtype));
    this.#calls.buffers.assertReadable(what, request.ranges);
    return request;
  }

  #receive(
    what: string,
    timeoutMs: number,
    [buffer, source, tag, tagName]: readonly [unknown, unknown, unknown, string],
    dtype: unknown,
  ): Receive | NullRequest {
    const target = this.#target(what, buffer, dtype);
    const request = this.#isNobody(source)
      ? notReceived(what, timeoutMs, target)
      : new Receive(what, timeoutMs, this.#pattern(what, source, tag, tagName), target);
    if (request instanceof NullRequest) checkTagPattern(what, tagName, tag);
    this.#calls.buffers.assertFree(what, request.ranges);
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
    const operand = this.known.read(what, buffer);
    const dtype: Dtype = checkDtype(what, operand, givenDtype);
    assertWritable(what, 'buffer', operand);
    if (arrays.sharedPlace(operand.memory)) {
      throw new InvalidArgumentError(
        `${what}: expected the buffer to be an array of this rank's own, but it lies in one of emptyShared, which ` +
          `collectives alone write`,
      );
    }
    this.known.noteTarget(buffer);
    const make = (): never => {
      throw new RangeError(what);
    };
    return { dtype: dtypeId(dtype), operand, data: buffer, make };
  }

  #pattern(what: string, source: unknown, tag: unknown, tagName: string): Pattern {
    return new Pattern(
      source === anySource ? undefined : this.#rank(what, 'source', source, ', or anySource'),
      checkTagPattern(what, tagName, tag),
    );
  }

  #isNobody(rank: unknown): boolean {
    return rank === undefined && this.#hasBorders;
  }

  #rank(what: string, role: string, rank: unknown, or?: string): number {
    return checkRank(what, role, rank, this.#calls.setting.size, or);
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

function isTag(tag: unknown): tag is number {
  return typeof tag === 'number' && Number.isInteger(tag) && tag >= 0 && tag <= largestTag;
}

function checkTagPattern(what: string, name: string, tag: unknown): number | undefined {
  return tag === anyTag ? undefined : checkTag(what, name, tag, ', or anyTag');
}

function checkTag(what: string, name: string, tag: unknown, or: string = ''): number {
  if (tag === undefined) return 0;
  if (isTag(tag)) return tag;
  throw new InvalidArgumentError(
    `${what}: expected ${name} to be an integer from 0 to ${largestTag}${or}, received ${show(tag)}`,
    { option: name },
  );
}

/** With nobody nothing has to be started. */
function madeOf(requests: readonly MessageRequest[], result: MessageRequest): Made {
  return { requests: requests.filter((request) => !(request instanceof NullRequest)), result };
}
