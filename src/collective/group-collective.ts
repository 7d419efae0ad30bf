/** The collectives of one group: from a call's arguments to its queue, and the arrays of its task. */
import type { Algorithm } from '../algorithms/index.js';
import { allreduce, barrier, broadcast } from '../algorithms/index.js';
import { ClosedError, InvalidArgumentError, show, ShoalError } from '../errors.js';
import type { Float16ArrayLike, NumericBuffer, TypedArray, TypedArrayClass } from '../types/buffers.js';
import { callSite } from './call-site.js';
import { Call } from './call.js';
import type {
  AllreduceOptions,
  BroadcastOptions,
  Collective,
  CollectiveOptions,
  CollectiveSyncOptions,
} from './collective.js';
import type { Group } from './group.js';
import { overlap } from './operand.js';
import { lostBuffer } from './piece-bytes.js';
import type { Request } from './request.js';
import { viewOf } from './tensor.js';
import type { CallOptions, Setting } from './validate.js';
import { emptyRequest, validate } from './validate.js';

/** Binds the collectives to a group. */
export class GroupCollective implements Collective {
  readonly #group: Group;
  readonly #setting: Setting;
  /** Fill freed memory with 0xFF, so that a use after free shows. */
  readonly #poison: boolean;
  readonly #inFlight = new Set<Request>();
  /** Milliseconds that this rank's calls took so far. */
  elapsedMs = 0;

  constructor(group: Group, timeoutMs: number, poison: boolean) {
    this.#group = group;
    this.#poison = poison;
    this.#setting = { arrays: group.engine.links.arrays, rank: group.rank, size: group.members.length, timeoutMs };
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
    return this.#setting.arrays.make(arrayClass, count, count * itemBytes);
  }

  free(given: TypedArray | Float16ArrayLike): void {
    const array = (viewOf(given)?.array ?? given) as TypedArray;
    if (!ArrayBuffer.isView(array)) {
      throw new InvalidArgumentError(`free: expected an array of collective.empty, received ${show(given)}`);
    }
    this.#assertOpen();
    for (const { memory } of this.#inFlight) {
      if (memory.some((used) => overlap(used, array))) {
        throw new InvalidArgumentError('free: the array is in use by a collective in flight; await it first');
      }
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
      const request = this.#request(algorithm, buffer, options, false);
      if (request instanceof Error) {
        reject(request);
        return;
      }
      const { signal } = request;
      const settled = (): void => {
        this.elapsedMs += performance.now() - call.startedAt;
        signal?.removeEventListener('abort', cancel);
        // Not before the caller's await goes on: whether a buffer is free must not depend on how fast the others were.
        queueMicrotask(() => this.#inFlight.delete(request));
      };
      const call = new Call(this.#group, request, {
        resolve: () => {
          settled();
          const lost = putBack(request);
          if (lost) reject(lost);
          else resolve(request.result as B);
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
      signal?.addEventListener('abort', cancel);
      this.#group.add(call);
      if (signal?.aborted) call.abort('cancelled');
      this.#group.engine.start();
    });
  }

  #run<B>(algorithm: Algorithm, buffer: B, options: CallOptions | undefined): B {
    const request = this.#request(algorithm, buffer, options, true);
    if (request instanceof Error) throw request;
    let failure: { error: unknown } | undefined;
    const call = new Call(this.#group, request, {
      resolve: () => undefined,
      reject: (error) => {
        failure = { error };
      },
    });
    this.#group.add(call);
    try {
      this.#group.engine.wait(call);
    } finally {
      this.#inFlight.delete(request);
      this.elapsedMs += performance.now() - call.startedAt;
    }
    if (failure) throw failure.error;
    const lost = putBack(request);
    if (lost) throw lost;
    return request.result as B;
  }

  /** Validate; a bad call is announced to the peers and returned as its error. */
  #request(
    algorithm: Algorithm,
    buffer: unknown,
    options: CallOptions | undefined,
    blocking: boolean,
  ): Request | Error {
    const { failure } = this.#group;
    if (failure) return failure;
    try {
      if (blocking) this.#group.engine.assertBlocking();
      const request = validate(algorithm, buffer, options, blocking, this.#setting);
      this.#checkFree(request);
      this.#inFlight.add(request);
      return request;
    } catch (error) {
      // Getters and proxies in options can throw anything: to the peers that is a bad argument.
      const refusal =
        error instanceof ShoalError ? error : new InvalidArgumentError(String(error), {}, { cause: error });
      const ignore = { resolve: () => undefined, reject: () => undefined };
      this.#group.add(new Call(this.#group, emptyRequest(algorithm), ignore, refusal));
      this.#group.engine.start();
      return refusal;
    }
  }

  #checkFree({ memory, algorithm }: Request): void {
    for (const used of this.#inFlight) {
      if (!memory.some((mine) => used.memory.some((theirs) => overlap(mine, theirs)))) continue;
      throw new InvalidArgumentError(
        `${algorithm.name}: the buffer is still in use by ${used.algorithm.name} on the same rank; await that call first`,
      );
    }
  }

  #assertOpen(): void {
    const { failure } = this.#group;
    if (failure instanceof ClosedError) throw failure;
  }
}

/** Put a packed result where it belongs. */
function putBack({ algorithm, packed, memory }: Request): InvalidArgumentError | undefined {
  if (packed && !packed.usable) return lostBuffer(algorithm.name, memory.at(-1)?.byteLength ?? 0);
  packed?.scatter();
  return undefined;
}
