/**
 * Calls that make an array for all ranks: `emptyShared`.
 *
 * Such a call is a small allreduce of three words. They are the array's address, which the root alone knows, how many
 * ranks have no room, and how much the root has. Its name says dtype and count, which the ranks must agree on.
 */
import { showCallers } from '../caller-lines.js';
import type { CallArguments } from '../backend/call-arguments.js';
import { ClosedError, CollectiveMismatchError, WindowExhaustedError } from '../errors.js';
import { arrayBytes, checkMade, dtypeOfClass } from '../operands/array-class.js';
import type { SharedOffer } from '../operands/task-arrays.js';
import type { Operation } from '../operations/operation.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';
import { dtypeId } from '../types/dtype.js';
import { reduceOpId } from '../types/reduce-op.js';
import { Call } from './call.js';
import type { Form } from './call-options.js';
import { GivenOptions } from './call-options.js';
import type { GroupCalls } from './group-calls.js';
import { checkName, checkRoot, checkSignal, checkTimeout, emptyArguments } from './validate.js';

type AnyArray = TypedArray | Float16ArrayLike;

/** A call under way, and what comes of it. */
interface Making {
  readonly call: Call;
  readonly what: string;
  readonly arrayClass: TypedArrayClass<AnyArray>;
  readonly count: number;
  readonly sizeBytes: number;
  readonly root: number;
  readonly words: Uint32Array;
  readonly offer: SharedOffer;
}

/** Owned by the collectives of a group. */
export class ArrayCalls {
  static {
    showCallers(this.prototype);
  }
  readonly #calls: GroupCalls;

  constructor(calls: GroupCalls) {
    this.#calls = calls;
  }

  /** The blocking form. */
  run(operation: Operation, arrayClass: unknown, count: unknown, options: unknown): AnyArray {
    const making = this.#accept(operation, arrayClass, count, options, 'blocking');
    try {
      this.#calls.runCall(making.call);
    } catch (error) {
      giveUp(making, error);
      throw error;
    }
    return this.#end(making);
  }

  /** The awaited form. */
  async start(operation: Operation, arrayClass: unknown, count: unknown, options: unknown): Promise<AnyArray> {
    const making = this.#accept(operation, arrayClass, count, options, 'awaited');
    try {
      await this.#calls.startCall(making.call);
    } catch (error) {
      giveUp(making, error);
      throw error;
    }
    return this.#end(making);
  }

  #accept(operation: Operation, arrayClass: unknown, count: unknown, options: unknown, form: Form): Making {
    const { group, setting } = this.#calls;
    return this.#calls.accept(operation, form, (what) => {
      const given = new GivenOptions();
      given.read(operation, form, options);
      const signal = checkSignal(what, given.signal);
      const sizeBytes = arrayBytes(what, arrayClass, count);
      const known = arrayClass as TypedArrayClass<AnyArray>;
      const dtype = dtypeOfClass(what, known);
      checkName(what, given.name);
      const name = given.name === undefined ? '' : `, name ${JSON.stringify(given.name)}`;
      const root = checkRoot(what, given.root, setting.size);
      const timeoutMs = checkTimeout(what, given.timeoutMs, setting.timeoutMs);
      const { arrays, rank, size, group: number } = setting;
      const offer = arrays.offer({ sizeBytes, root, rank, size, group: number });
      const words = Uint32Array.of(offer.address, offer.isMissing ? 1 : 0, offer.largestFreeBytes);
      const args: CallArguments = {
        ...emptyArguments(operation),
        dtype: dtypeId('uint32'),
        op: reduceOpId('sum'),
        root,
        count: words.length,
        itemBytes: words.BYTES_PER_ELEMENT,
        name: checkName(what, `${dtype} × ${String(count)}${name}`),
        input: words,
        output: words,
        memory: [words],
        timeoutMs,
      };
      const call = new Call(group, args);
      call.signal = signal;
      return { call, what, arrayClass: known, count: count as number, sizeBytes, root, words, offer };
    });
  }

  #end({ call, what, arrayClass, count, sizeBytes, root, words, offer }: Making): AnyArray {
    const { failure } = this.#calls.group;
    if (failure instanceof ClosedError) throw failure;
    const [address = 0, missing = 0, largestFreeBytes = 0] = words;
    if (missing > 0) {
      offer.withdraw();
      throw new WindowExhaustedError(
        `${what}: ${sizeBytes} bytes do not fit rank ${root}'s part of the window. Its largest free range has ` +
          `${largestFreeBytes} (without a window: what some process can allocate at once). Nothing was made. Free arrays, ` +
          `launch with a larger window, or give another root`,
        { requestedBytes: sizeBytes, largestFreeBytes },
      );
    }
    const array = offer.take(arrayClass, count, address, call.sequence);
    checkMade(what, arrayClass, array, count, sizeBytes);
    return array;
  }
}

/** Where the group has failed, another rank may have the array all the same: then its memory stays. */
function giveUp({ offer }: Making, error: unknown): void {
  if (error instanceof CollectiveMismatchError) offer.withdraw();
}
