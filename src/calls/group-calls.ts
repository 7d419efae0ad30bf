/** The calls of one group: from a caller's arguments to a start, in each of the three forms. */
import { onAbort } from '../abort-listeners.js';
import { runForCaller, toCaller } from '../caller-lines.js';
import type { CallArguments } from '../backend/call-arguments.js';
import { lostBuffer } from '../backend/piece-bytes.js';
import { nowMs } from '../clock.js';
import { InvalidArgumentError, ShoalError } from '../errors.js';
import type { PreparedCall } from '../operations/call-options.js';
import type { Operation } from '../operations/operation.js';
import { BufferUsers } from './buffer-users.js';
import { CallCache } from './call-cache.js';
import type { Form } from './call-options.js';
import { GivenOptions, methodName } from './call-options.js';
import { callSite } from './call-site.js';
import { checkedCall, isIntact } from './checked-call.js';
import { Call } from './call.js';
import type { Group } from './group.js';
import { Prepared } from './prepared.js';
import { TimeInCalls } from './time-in-calls.js';
import { isKept, readList } from './steady-buffers.js';
import type { Setting } from './validate.js';
import { checkSignal, emptyArguments } from './validate.js';

/** Calls on so few bytes are not measured each. */
const shortBytes = 65_536;

/** What the calls of a task have in common, whichever of its groups they are in. */
export class CallsOfTask {
  readonly buffers: BufferUsers = new BufferUsers();
  readonly time: TimeInCalls = new TimeInCalls();
  /** Collective calls that were started. */
  calls = 0;
  /** Of each what a rank brings or what it gets, whichever is more. */
  bytes = 0;
}

/** Owned by the collectives of the group. */
export class GroupCalls {
  readonly group: Group;
  readonly setting: Setting;
  /** Note the line that made an awaited call. */
  readonly notesLines: boolean;
  /** What the calls of all groups of the task have in common. */
  readonly ofTask: CallsOfTask;
  readonly buffers: BufferUsers;
  readonly time: TimeInCalls;
  readonly #cache = new CallCache();
  /** Read into at each call, and taken by one that is new. */
  #given: GivenOptions | undefined;

  constructor(group: Group, timeoutMs: number, notesLines: boolean, ofTask: CallsOfTask = new CallsOfTask()) {
    this.group = group;
    this.notesLines = notesLines;
    this.ofTask = ofTask;
    this.buffers = ofTask.buffers;
    this.time = ofTask.time;
    const { engine, rank, members, number } = group;
    this.setting = { arrays: engine.backend.arrays, rank, size: members.length, timeoutMs, group: number };
  }

  /** The blocking form. */
  run(operation: Operation, buffer: unknown, options: unknown): unknown {
    return this.runCall(this.#accept(operation, buffer, options, 'blocking'));
  }

  /** The awaited form. */
  start(operation: Operation, buffer: unknown, options: unknown): Promise<unknown> {
    try {
      const call = this.#accept(operation, buffer, options, 'awaited');
      return this.startCall(call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The prepared form: checked now, and nothing is sent before it is started. */
  prepare(operation: Operation, buffer: unknown, options: unknown): PreparedCall<unknown> {
    const { group, setting } = this;
    if (group.failure) throw toCaller(group.failure);
    const given = new GivenOptions();
    const check = (): Call => checkedCall(group, setting, operation, buffer, given, 'prepared');
    const first = runForCaller(() => {
      given.read(operation, 'prepared', options);
      return check();
    });
    return new Prepared(this, first, check);
  }

  /** Start a call that is ready and block until it has ended. */
  runCall(call: Call): unknown {
    const { group } = this;
    const { args } = call;
    call.signal = undefined;
    const isShort = this.#note(args) <= shortBytes;
    const weight = this.time.weight(isShort);
    if (weight > 0) this.#ask(call, weight, isShort);
    const begun = weight > 0 ? nowMs() : 0;
    args.packedInput?.gather();
    if (group.start(call, group.engine.turns)) {
      if (weight > 0) this.time.add(nowMs() - begun, weight);
    } else {
      this.time.begin();
      group.engine.wait(call);
      this.time.end();
    }
    const error = endOf(call);
    if (error) throw toCaller(error);
    return call.result;
  }

  /** Start a call that is ready, with its signal; the promise settles when it has ended. */
  startCall(call: Call): Promise<unknown> {
    const { group } = this;
    const { engine } = group;
    const { args, signal } = call;
    this.buffers.take(call);
    call.isHeld = true;
    if (this.notesLines) call.madeAt = callSite();
    const isShort = this.#note(args) <= shortBytes;
    const weight = this.time.weight(isShort);
    if (weight > 0) this.#ask(call, weight, isShort);
    const begun = weight > 0 ? nowMs() : 0;
    args.packedInput?.gather();
    if (signal?.aborted) call.abort('cancelled');
    if (group.start(call, engine.asyncTurns)) {
      if (weight > 0) this.time.add(nowMs() - begun, weight);
      call.error = endOf(call);
      return call.ended.then(this.#giveBack);
    }
    return this.#waitFor(call);
  }

  /** A sampled call tells for how long it copied and reduced. */
  #ask(call: Call, weight: number, isShort: boolean): void {
    call.asker = this.time;
    call.askedWeight = this.time.askedWeight(weight, isShort);
  }

  /** Count a call. Returns its bytes. */
  #note({ count, itemBytes, blocksIn, blocksOut }: CallArguments): number {
    const bytes = count * itemBytes * Math.max(blocksIn, blocksOut);
    const { ofTask } = this;
    ofTask.calls++;
    ofTask.bytes += bytes;
    return bytes;
  }

  /** In a function of its own: closures would cost a call that completes at once some memory. */
  #waitFor(call: Call): Promise<unknown> {
    const { signal } = call;
    this.time.begin();
    const unbind = signal && !signal.aborted ? onAbort(signal, () => this.#cancel(call)) : undefined;
    const ended = new Promise<Call>((resolve) => {
      call.onSettled = () => {
        call.onSettled = undefined;
        this.time.end();
        unbind?.();
        call.error = endOf(call);
        resolve(call);
      };
    });
    this.group.engine.waitAsync(call);
    return ended.then(this.#giveBack);
  }

  /**
   * What an awaited call gives its caller, when that goes on and not before. Whether a buffer is free must not depend
   * on how fast the others were. Calls come here in the order in which they have ended.
   */
  readonly #giveBack = (call: Call): unknown => {
    this.buffers.giveBack(call);
    call.isHeld = false;
    if (call.error) throw toCaller(call.error);
    return call.result;
  };

  /** Whether a call that was checked before can start as it is. */
  isReady(call: Call): boolean {
    if (call.isHeld) return false;
    // Most calls take this way: what is known since arrays were last freed is still so.
    const isKnown = !call.canLose && call.checkedAt === this.setting.arrays.frees;
    if (!isKnown && !isIntact(call, this.setting)) return false;
    return !this.buffers.areInUse(call.ranges);
  }

  /** The same, of a group that is open and a thread that may block. */
  canRun(call: Call): boolean {
    return this.group.isOpen && this.group.engine.canBlock && this.isReady(call);
  }

  /** Announce a bad call to the peers, who are to stay in step. Returns the error to throw. */
  refuse(operation: Operation, error: unknown): unknown {
    const { group } = this;
    // A group that has failed says that first.
    if (group.failure) return toCaller(group.failure);
    // Getters and proxies in options can throw anything: to the peers that is a bad argument.
    const refusal = error instanceof ShoalError ? error : new InvalidArgumentError(String(error), {}, { cause: error });
    group.start(new Call(group, emptyArguments(operation), refusal), 0);
    group.engine.start();
    return toCaller(refusal);
  }

  /**
   * Read and check what a caller gives. What is thrown then is announced to the peers, who are to stay in step.
   *
   * @param read - Makes what is to be started; it is given the method, for errors.
   */
  accept<T>(operation: Operation, form: Form, read: (what: string) => T): T {
    const { group } = this;
    if (!group.isOpen && group.failure) throw toCaller(group.failure);
    try {
      if (form === 'blocking') group.engine.assertBlocking();
      return read(methodName(operation, form));
    } catch (error) {
      throw this.refuse(operation, error);
    }
  }

  /** As `accept`, for calls that are made again and again: it allocates nothing where the call is known. */
  #accept(operation: Operation, buffer: unknown, options: unknown, form: Form): Call {
    const { group } = this;
    if (!group.isOpen && group.failure) throw toCaller(group.failure);
    try {
      if (form === 'blocking') group.engine.assertBlocking();
      const given = this.#given ?? new GivenOptions();
      this.#given = undefined; // a getter may make a call of its own
      given.read(operation, form, options);
      const known = this.#cache.find(operation, buffer, given);
      if (known && this.isReady(known)) {
        this.#given = given;
        known.signal = checkSignal(operation.name, given.signal);
        // The same arrays may come in another list than before.
        if (Array.isArray(known.args.result)) known.list = given.out ?? buffer;
        return known;
      }
      return this.#make(operation, buffer, given, form);
    } catch (error) {
      throw this.refuse(operation, error);
    }
  }

  #make(operation: Operation, buffer: unknown, given: GivenOptions, form: Form): Call {
    const what = methodName(operation, form);
    const signal = checkSignal(what, given.signal);
    // A list is read once: what is kept of it is what was checked.
    const [read, { out }] = [readList(buffer), given];
    given.out = readList(out);
    const call = checkedCall(this.group, this.setting, operation, read, given, form);
    const { args } = call;
    this.buffers.assertFree(what, call.ranges);
    if (Array.isArray(args.result)) call.list = out ?? buffer;
    call.signal = signal;
    // Counts may change between two calls.
    if (operation.takes === 'blocks') return call;
    if (operation.takes === 'nothing') this.#cache.add(operation, undefined, given, call);
    else if (isKept(read, given.out, args)) this.#cache.add(operation, read, given, call);
    return call;
  }

  #cancel(call: Call): void {
    call.abort('cancelled');
    this.group.engine.start();
  }
}

/** Put a packed result where it belongs. Returns why the start failed, if it did. */
function endOf(call: Call): ShoalError | undefined {
  const { args, error } = call;
  if (error || !args.packedOutput) return error;
  try {
    if (args.packedOutput.usable) {
      args.packedOutput.scatter();
      return undefined;
    }
  } catch {
    // It was lost under way.
  }
  return lostBuffer(args.operation.name, call.bytesLeft);
}
