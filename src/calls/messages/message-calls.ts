/** The message calls of one group, in each of the two forms: requests are made, started and waited for. */
import { onAbort } from '../../abort-listeners.js';
import { toCaller } from '../../caller-lines.js';
import type { MessageOperation } from '../../operations/message-operation.js';
import { probe } from '../../operations/probe.js';
import { recvObject } from '../../operations/recv-object.js';
import { sendrecv } from '../../operations/sendrecv.js';
import type { BufferUsers } from '../buffer-users.js';
import type { Waited } from '../engine.js';
import type { GroupCalls } from '../group-calls.js';
import type { Made } from './message-arguments.js';
import { MessageArguments } from './message-arguments.js';
import type { MessageRequest } from './message-request.js';
import type { Probe } from './probe-request.js';
import type { Receive } from './receive-request.js';
import { Send } from './send-request.js';

/** Owned by the collectives of a group. */
export class MessageCalls {
  readonly arguments: MessageArguments;
  readonly #calls: GroupCalls;

  /** @param hasBorders - Of a grid: a rank that is undefined is nobody, beyond its border. */
  constructor(calls: GroupCalls, hasBorders: boolean) {
    this.#calls = calls;
    this.arguments = new MessageArguments(calls, hasBorders);
  }

  /** The blocking form. */
  run(operation: MessageOperation, args: readonly unknown[]): unknown {
    const given = this.arguments.open(operation, 'blocking', args[argumentCount(operation)]);
    return this.runMade(this.arguments.requestsOf(operation, args, given, 'blocking'));
  }

  /** The awaited form. */
  start(operation: MessageOperation, args: readonly unknown[]): Promise<unknown> {
    try {
      const given = this.arguments.open(operation, 'awaited', args[argumentCount(operation)]);
      return this.startMade(this.arguments.requestsOf(operation, args, given, 'awaited'));
    } catch (error) {
      return Promise.reject(toCaller(error));
    }
  }

  /** Start requests that are ready, and block until all have ended. */
  runMade(made: Made): unknown {
    const { group } = this.#calls;
    const { requests, result } = made;
    this.#start(made);
    const [first = result] = requests;
    const call = requests.length > 1 ? all(requests) : first;
    if (!call.settled) this.#waitFor(call);
    for (const request of requests) if (request.error) throw toCaller(request.error);
    if (group.failure && !result.settled) throw group.failure;
    return result.given;
  }

  /** Start requests that are ready; the promise settles when all have ended. */
  startMade(made: Made): Promise<unknown> {
    const { requests, result } = made;
    const calls = this.#calls;
    take(calls.buffers, requests);
    const { signal } = result;
    if (signal?.aborted) calls.group.messages.cancel(result.text);
    try {
      this.#start(made);
    } catch (error) {
      giveBack(calls.buffers, requests);
      throw error;
    }
    const end = (): unknown => {
      giveBack(calls.buffers, requests);
      for (const request of requests) if (request.error) throw toCaller(request.error);
      return result.given;
    };
    const open = requests.filter(({ settled }) => !settled);
    if (open.length === 0) return Promise.resolve().then(end);
    const unbind = signal && !signal.aborted ? onAbort(signal, () => this.#cancel(result)) : undefined;
    calls.time.begin();
    let left = open.length;
    const ended = new Promise<void>((resolve) => {
      for (const request of open) {
        request.onSettled = () => {
          if (--left > 0) return;
          calls.time.end();
          unbind?.();
          resolve();
        };
      }
    });
    for (const request of open) calls.group.engine.waitLater(request);
    return ended.then(end);
  }

  /** Block until it has ended. */
  #waitFor(call: Waited): void {
    const { group, time } = this.#calls;
    time.begin();
    group.step(group.engine.turns);
    if (!call.settled) group.engine.wait(call);
    time.end();
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
}

function argumentCount(operation: MessageOperation): number {
  if (operation === sendrecv) return 4;
  return operation === probe || operation === recvObject ? 1 : 2;
}

/** What has ended when all have. */
function all(requests: readonly MessageRequest[]): Waited {
  return {
    get settled() {
      return requests.every(({ settled }) => settled);
    },
  };
}

/** Sends may share memory, since they only read it. */
function take(buffers: BufferUsers, requests: readonly MessageRequest[]): void {
  for (const request of requests) {
    if (request instanceof Send) buffers.takeToRead(request);
    else buffers.take(request);
  }
}

function giveBack(buffers: BufferUsers, requests: readonly MessageRequest[]): void {
  for (const request of requests) {
    if (request instanceof Send) buffers.giveBackRead(request);
    else buffers.giveBack(request);
  }
}
