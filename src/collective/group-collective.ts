/** The collectives of one group: from a call's arguments to its queue, and the arrays of its task. */
import { nowMs, queueMicrotask } from '../clock.js';
import { onAbort } from '../abort-listeners.js';
import type { Algorithm } from '../operations/index.js';
import { allreduce, barrier, broadcast } from '../operations/index.js';
import { ClosedError, InvalidArgumentError, show, ShoalError } from '../errors.js';
import type { Float16ArrayLike, NumericBuffer, TypedArray, TypedArrayClass } from '../types/buffers.js';
import { BuffersInUse } from '../operands/buffers-in-use.js';
import { callSite } from '../calls/call-site.js';
import { Call } from '../calls/call.js';
import type {
  AllreduceOptions,
  BroadcastOptions,
  Collective,
  CollectiveOptions,
  CollectiveSyncOptions,
} from './collective.js';
import type { Group } from '../calls/group.js';
import { lostBuffer } from '../backend/piece-bytes.js';
import type { CallArguments } from '../backend/call-arguments.js';
import { viewOf } from '../operands/tensor.js';
import { trusted } from '../operands/trusted-array.js';
import type { CallOptions, Setting } from '../calls/validate.js';
import { emptyArguments, validate } from '../calls/validate.js';

/** Binds the collectives to a group. */
export class GroupCollective implements Collective {
  readonly #group: Group;
  readonly #setting: Setting;
  /** Fill freed memory with 0xFF, so that a use after free shows. */
  readonly #poison: boolean;
  readonly #inUse = new BuffersInUse<CallArguments>();
  /** Calls under way, since when, and the time until then. */
  #underWay = 0;
  #since = 0;
  #elapsedMs = 0;

  constructor(group: Group, timeoutMs: number, poison: boolean) {
    this.#group = group;
    this.#poison = poison;
    this.#setting = { arrays: group.engine.backend.arrays, rank: group.rank, size: group.members.length, timeoutMs };
  }

  /** Milliseconds during which at least one call of this rank was under way; calls together count once. */
  get elapsedMs(): number {
    return this.#elapsedMs + (this.#underWay > 0 ? nowMs() - this.#since : 0);
  }

  allreduce<T extends NumericBuffer>(buffer: T, options?: AllreduceOptions<T> & CollectiveOptions): Promise<T> {
    return this.#start(allreduce, buffer, options);
  }
  allreduceSync<T extends NumericBuffer>(buffer: T, options?: AllreduceOptions<T> & CollectiveSyncOptions): T {
    return this.#run(allreduce, buffer, options);
  }
  broadcast<T extends NumericBuffer>(buffer: T, options?: BroadcastOptions & CollectiveOptions): Promise<T> {
    return this.#start(broadcast, buffer, options);
  }
  broadcastSync<T extends NumericBuffer>(buffer: T, options?: BroadcastOptions & CollectiveSyncOptions): T {
    return this.#run(broadcast, buffer, options);
  }
  barrier(options?: CollectiveOptions): Promise<void> {
    return this.#start(barrier, undefined, options);
  }
  barrierSync(options?: CollectiveSyncOptions): void {
    this.#run(barrier, undefined, options);
  }

  empty<T extends TypedArray | Float16ArrayLike>(arrayClass: TypedArrayClass<T>, count: number): T {
    this.#assertOpen();
    const itemBytes = (arrayClass as { BYTES_PER_ELEMENT?: number } | undefined)?.BYTES_PER_ELEMENT;
    if (typeof arrayClass !== 'function' || typeof itemBytes !== 'number') {
      throw new InvalidArgumentError(
        `empty: expected a typed array class such as Float32Array, received ${show(arrayClass)}`,
      );
    }
    if (!Number.isInteger(count) || count < 0) {
      throw new InvalidArgumentError(`empty: expected count to be an integer >= 0, received ${show(count)}`);
    }
    const sizeBytes = count * itemBytes;
    const array = this.#setting.arrays.make(arrayClass, count, sizeBytes);
    // What a class says of itself may not be so: its array must be as long as the memory that it was given.
    const made = viewOf(array)?.array ?? trusted('empty: expected the array', array);
    if (made?.byteLength === sizeBytes) return array;
    throw new InvalidArgumentError(
      `empty: expected a class whose ${count} elements take ${sizeBytes} bytes, as its BYTES_PER_ELEMENT says; ` +
        `received ${show(arrayClass)}, whose array has ${made ? `${made.byteLength} bytes` : 'none'}`,
    );
  }

  free(given: TypedArray | Float16ArrayLike): void {
    const array = viewOf(given)?.array ?? trusted('free: expected the array', given);
    if (!array) {
      throw new InvalidArgumentError(`free: expected an array of collective.empty, received ${show(given)}`);
    }
    this.#assertOpen();
    if (this.#inUse.userOf([array])) {
      throw new InvalidArgumentError('free: the array is in use by a collective in flight; await it first');
    }
    this.#setting.arrays.free(array, this.#poison);
  }

  current(): Collective {
    return this;
  }

  /** Free all arrays of the task. */
  releaseArrays(): void {
    this.#setting.arrays.release(this.#poison);
  }

  #start<B>(algorithm: Algorithm, buffer: B, options: CallOptions | undefined): Promise<B> {
    return new Promise((resolve, reject) => {
      const accepted = this.#accept(algorithm, buffer, options, false);
      if (accepted instanceof Error) {
        reject(accepted);
        return;
      }
      const { args, release } = accepted;
      const { signal } = args;
      let unbind: (() => void) | undefined;
      const settled = (): void => {
        this.#countEnd();
        unbind?.();
        // Not before the caller's await goes on: whether a buffer is free must not depend on how fast the others were.
        queueMicrotask(release);
      };
      const call = new Call(this.#group, args, {
        resolve: () => {
          settled();
          const lost = putBack(args);
          if (lost) reject(lost);
          else resolve(args.result as B);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      if (this.#poison) call.madeAt = callSite();
      const cancel = (): void => {
        call.abort('cancelled');
        this.#group.engine.start();
      };
      if (signal && !signal.aborted) unbind = onAbort(signal, cancel);
      this.#countStart();
      this.#group.add(call);
      if (signal?.aborted) call.abort('cancelled');
      this.#group.engine.start();
    });
  }

  #run<B>(algorithm: Algorithm, buffer: B, options: CallOptions | undefined): B {
    const accepted = this.#accept(algorithm, buffer, options, true);
    if (accepted instanceof Error) throw accepted;
    const { args, release } = accepted;
    let failure: { error: unknown } | undefined;
    const call = new Call(this.#group, args, {
      resolve: () => undefined,
      reject: (error) => {
        failure = { error };
      },
    });
    this.#countStart();
    this.#group.add(call);
    try {
      this.#group.engine.wait(call);
    } finally {
      release();
      this.#countEnd();
    }
    if (failure) throw failure.error;
    const lost = putBack(args);
    if (lost) throw lost;
    return args.result as B;
  }

  #countStart(): void {
    if (this.#underWay++ === 0) this.#since = nowMs();
  }

  #countEnd(): void {
    if (--this.#underWay === 0) this.#elapsedMs += nowMs() - this.#since;
  }

  /** Validate and take the buffers; a bad call is announced to the peers and returned as its error. */
  #accept(
    algorithm: Algorithm,
    buffer: unknown,
    options: CallOptions | undefined,
    blocking: boolean,
  ): { args: CallArguments; release: () => void } | Error {
    const { failure } = this.#group;
    if (failure) return failure;
    try {
      if (blocking) this.#group.engine.assertBlocking();
      const args = validate(algorithm, buffer, options, blocking, this.#setting);
      this.#checkFree(args);
      return { args, release: this.#inUse.take(args.memory, args) };
    } catch (error) {
      // Getters and proxies in options can throw anything: to the peers that is a bad argument.
      const refusal =
        error instanceof ShoalError ? error : new InvalidArgumentError(String(error), {}, { cause: error });
      const ignore = { resolve: () => undefined, reject: () => undefined };
      this.#group.add(new Call(this.#group, emptyArguments(algorithm), ignore, refusal));
      this.#group.engine.start();
      return refusal;
    }
  }

  #checkFree({ memory, algorithm }: CallArguments): void {
    const user = this.#inUse.userOf(memory);
    if (!user) return;
    throw new InvalidArgumentError(
      `${algorithm.name}: the buffer is still in use by ${user.algorithm.name} on the same rank; await that call first`,
    );
  }

  #assertOpen(): void {
    const { failure } = this.#group;
    if (failure instanceof ClosedError) throw failure;
  }
}

/** Put a packed result where it belongs. */
function putBack({ algorithm, packed, memory }: CallArguments): InvalidArgumentError | undefined {
  if (packed && !packed.usable) return lostBuffer(algorithm.name, memory.at(-1)?.byteLength ?? 0);
  try {
    packed?.scatter();
    return undefined;
  } catch {
    return lostBuffer(algorithm.name, memory.at(-1)?.byteLength ?? 0); // lost under way
  }
}
