/** The methods of the operations, made from their rows. */
import { toCaller } from '../caller-lines.js';
import type { ArrayCalls } from '../calls/array-calls.js';
import type { GroupCalls } from '../calls/group-calls.js';
import type { MessageCalls } from '../calls/messages/message-calls.js';
import type { GivenObject, ObjectCalls } from '../calls/object-calls.js';
import type { PromptCalls } from '../calls/messages/prompt-calls.js';
import { operations } from '../operations/index.js';
import type { MessageOperation } from '../operations/message-operation.js';
import { messageOperations } from '../operations/messages.js';
import type { Operation } from '../operations/operation.js';
import { aliases } from '../operations/operation.js';

/** What they are methods of. */
export interface CallsOfGroup {
  readonly calls: GroupCalls;
  readonly arrayCalls: ArrayCalls;
  readonly objectCalls: ObjectCalls;
  readonly messageCalls: MessageCalls;
  readonly promptCalls: PromptCalls;
}

type Form = (this: CallsOfGroup, ...args: unknown[]) => unknown;

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
      try {
        return this.messageCalls.run(operation, args);
      } catch (error) {
        throw toCaller(error);
      }
    },
  };
}

/** What most programs send one after another: without a list of arguments. */
const promptForms: Readonly<Record<string, Form>> = {
  send(buffer, dest, options) {
    return this.promptCalls.startSend(buffer, dest, options);
  },
  sendSync(buffer, dest, options) {
    try {
      return this.promptCalls.sendSync(buffer, dest, options);
    } catch (error) {
      throw toCaller(error);
    }
  },
  recvSync(buffer, source, options) {
    try {
      return this.promptCalls.recvSync(buffer, source, options);
    } catch (error) {
      throw toCaller(error);
    }
  },
  sendrecvSync(buffer, dest, into, source, options) {
    try {
      return this.promptCalls.sendrecvSync(buffer, dest, into, source, options);
    } catch (error) {
      throw toCaller(error);
    }
  },
};

/** Give a class the methods of all operations. */
export function addForms(prototype: object): void {
  for (const forms of [...operations.map(formsOf), ...messageOperations.map(messageFormsOf), promptForms]) {
    for (const [form, value] of Object.entries(forms)) {
      Object.defineProperty(prototype, form, { value, configurable: true, writable: true });
    }
  }
  for (const [alias, name] of Object.entries(aliases)) {
    Object.defineProperty(prototype, alias, Object.getOwnPropertyDescriptor(prototype, name) ?? {});
  }
}
