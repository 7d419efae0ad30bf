/** A call that its caller has prepared: `PreparedCall` of `operations/call-options.ts`. */
import { lostBuffer } from '../backend/piece-bytes.js';
import { toCaller } from '../caller-lines.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { PreparedCall } from '../operations/call-options.js';
import type { Operation } from '../operations/operation.js';
import type { BufferUsers } from './buffer-users.js';
import { methodName } from './call-options.js';
import type { Call } from './call.js';
import type { Group } from './group.js';
import { checkSignal } from './validate.js';

/** What a prepared call asks of the calls of its group. */
export interface Starter {
  readonly group: Group;
  readonly buffers: BufferUsers;
  isReady(call: Call): boolean;
  /** The same, of a group that is open and a thread that may block. */
  canRun(call: Call): boolean;
  runCall(call: Call): unknown;
  startCall(call: Call): Promise<unknown>;
  refuse(operation: Operation, error: unknown): unknown;
}

/** See above. */
export class Prepared implements PreparedCall<unknown> {
  readonly #starter: Starter;
  readonly #operation: Operation;
  /** Checks the arguments again as they are now. */
  readonly #check: () => unknown;
  /** Undefined once it was freed. */
  #call: Call | undefined;

  constructor(starter: Starter, call: Call, check: () => unknown) {
    this.#starter = starter;
    this.#operation = call.args.operation;
    this.#call = call;
    this.#check = check;
  }

  startSync(): unknown {
    const call = this.#call;
    const starter = this.#starter;
    if (call !== undefined && starter.canRun(call)) return starter.runCall(call);
    return starter.runCall(this.#ready('startSync', undefined));
  }

  start(options?: { readonly signal?: AbortSignal }): Promise<unknown> {
    try {
      const call = this.#ready('start', options);
      return this.#starter.startCall(call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  free(): void {
    if (this.#call?.isHeld) {
      throw toCaller(new InvalidArgumentError(`${this.#what('free')}: the call is under way; await it first`));
    }
    this.#call = undefined;
  }

  #ready(method: 'start' | 'startSync', options: unknown): Call {
    const { group } = this.#starter;
    if (!group.isOpen && group.failure) throw toCaller(group.failure);
    try {
      if (method === 'startSync') group.engine.assertBlocking();
      const call = this.#call;
      if (call) call.signal = options === undefined ? undefined : signalOf(this.#what(method), options);
      if (call && this.#starter.isReady(call)) return call;
      throw this.#problem(method, call);
    } catch (error) {
      throw this.#starter.refuse(this.#operation, error);
    }
  }

  /** Why a call cannot start. */
  #problem(method: string, call: Call | undefined): Error {
    const what = this.#what(method);
    if (!call) return new InvalidArgumentError(`${what}: the call was freed; prepare another`);
    if (call.isHeld) return new InvalidArgumentError(`${what}: the call is under way already; await it first`);
    this.#starter.buffers.assertFree(what, call.ranges);
    this.#check();
    return lostBuffer(this.#operation.name, call.bytesLeft);
  }

  #what(method: string): string {
    return `${methodName(this.#operation, 'prepared')}().${method}`;
  }
}

function signalOf(what: string, options: unknown): AbortSignal | undefined {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(`${what}: expected options to be an object, received ${show(options)}`);
  }
  const unknown = Object.keys(options).find((key) => key !== 'signal');
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`${what}: expected options among signal, received ${show(unknown)}`, {
      option: unknown,
    });
  }
  return checkSignal(what, (options as { signal?: unknown }).signal);
}
