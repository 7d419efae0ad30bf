/** The collectives of one group as task code has them, and the arrays of its task. */
import { ArrayCalls } from '../calls/array-calls.js';
import type { Group } from '../calls/group.js';
import { GroupCalls } from '../calls/group-calls.js';
import type { GivenObject } from '../calls/object-calls.js';
import { ObjectCalls } from '../calls/object-calls.js';
import { MessageCalls } from '../calls/message-calls.js';
import { ClosedError, InvalidArgumentError, show } from '../errors.js';
import { arrayBytes, checkMade } from '../operands/array-class.js';
import type { TaskArrays } from '../operands/task-arrays.js';
import { viewOf } from '../operands/tensor.js';
import { trusted } from '../operands/trusted-array.js';
import { operations } from '../operations/index.js';
import type { MessageOperation } from '../operations/message-operation.js';
import { messageOperations } from '../operations/messages.js';
import type { Operation } from '../operations/operation.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';
import type { Collective } from './collective.js';

/** Binds the collectives to a group. The methods of the operations are added below, from their rows. */
class OwnCollective {
  readonly calls: GroupCalls;
  readonly arrayCalls: ArrayCalls;
  readonly objectCalls: ObjectCalls;
  readonly messageCalls: MessageCalls;
  readonly #group: Group;
  readonly #arrays: TaskArrays;
  /** Fill freed memory with 0xFF, so that a use after free shows. */
  readonly #poison: boolean;

  constructor(group: Group, timeoutMs: number, poison: boolean) {
    this.calls = new GroupCalls(group, timeoutMs, poison);
    this.arrayCalls = new ArrayCalls(this.calls);
    this.objectCalls = new ObjectCalls(this.calls);
    this.messageCalls = new MessageCalls(this.calls);
    this.#group = group;
    this.#poison = poison;
    this.#arrays = group.engine.backend.arrays;
  }

  /** Milliseconds during which at least one call of this rank was under way; calls together count once. */
  get elapsedMs(): number {
    return this.calls.elapsedMs;
  }

  empty<T extends TypedArray | Float16ArrayLike>(arrayClass: TypedArrayClass<T>, count: number): T {
    this.#assertOpen();
    const sizeBytes = arrayBytes('empty', arrayClass, count);
    const array = this.#arrays.make(arrayClass, count, sizeBytes);
    checkMade('empty', arrayClass, array, count, sizeBytes);
    return array;
  }

  free(given: TypedArray | Float16ArrayLike): void {
    const array = viewOf(given)?.array ?? trusted('free: expected the array', given);
    if (!array) {
      throw new InvalidArgumentError(
        `free: expected an array of collective.empty or emptyShared, received ${show(given)}`,
      );
    }
    this.#assertOpen();
    if (this.calls.isInUse(array)) {
      throw new InvalidArgumentError('free: the array is in use by a collective in flight; await it first');
    }
    this.#arrays.free(array, this.#poison);
  }

  current(): Collective {
    return this as unknown as Collective;
  }

  /** Free all arrays of the task. */
  releaseArrays(): void {
    this.#arrays.release(this.#poison);
  }

  #assertOpen(): void {
    const { failure } = this.#group;
    if (failure instanceof ClosedError) throw failure;
  }
}

type Form = (this: OwnCollective, ...args: unknown[]) => unknown;

/** The methods of an operation. */
function formsOf(operation: Operation): Readonly<Record<string, Form>> {
  const { name, takes, reduces } = operation;
  const takesBuffer = takes !== 'nothing';
  if (takes === 'class') {
    return {
      [name](arrayClass, count, options) {
        return this.arrayCalls.start(operation, arrayClass, count, options);
      },
      [`${name}Sync`](arrayClass, count, options) {
        return this.arrayCalls.run(operation, arrayClass, count, options);
      },
    };
  }
  if (takes === 'object') {
    const given = (value: unknown, second: unknown, third: unknown): GivenObject =>
      reduces ? { value, fn: second, options: third } : { value, fn: undefined, options: second };
    return {
      [name](first, second, third) {
        return this.objectCalls.start(operation, given(first, second, third));
      },
      [`${name}Sync`](first, second, third) {
        return this.objectCalls.run(operation, given(first, second, third));
      },
    };
  }
  // An operation without a buffer has its options first.
  return {
    [name](first, second) {
      return takesBuffer ? this.calls.start(operation, first, second) : this.calls.start(operation, undefined, first);
    },
    [`${name}Sync`](first, second) {
      return takesBuffer ? this.calls.run(operation, first, second) : this.calls.run(operation, undefined, first);
    },
    [`${name}Init`](first, second) {
      return takesBuffer
        ? this.calls.prepare(operation, first, second)
        : this.calls.prepare(operation, undefined, first);
    },
  };
}

/** The methods of a message call. */
function messageFormsOf(operation: MessageOperation): Readonly<Record<string, Form>> {
  const { name } = operation;
  return {
    [name](...args) {
      return this.messageCalls.start(operation, args);
    },
    [`${name}Sync`](...args) {
      return this.messageCalls.run(operation, args);
    },
  };
}

for (const forms of [...operations.map(formsOf), ...messageOperations.map(messageFormsOf)]) {
  for (const [form, value] of Object.entries(forms)) {
    Object.defineProperty(OwnCollective.prototype, form, { value, configurable: true, writable: true });
  }
}

/** The collectives of one rank in one group. */
export type GroupCollective = Collective & OwnCollective;

/** What makes them. */
export const GroupCollective: new (group: Group, timeoutMs: number, poison: boolean) => GroupCollective =
  OwnCollective as unknown as new (group: Group, timeoutMs: number, poison: boolean) => GroupCollective;
