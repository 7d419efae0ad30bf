/**
 * Calls on values of any kind: `broadcastObject`, `gatherObject`, `allgatherObject`, `scatterObject`, `allreduceObject`.
 * A value is encoded as a task's arguments are; its bytes go as a block of any length.
 */
import { counted } from '../grammar.js';
import { types } from 'node:util';
import type { CallArguments } from '../backend/call-arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { Operation } from '../operations/operation.js';
import { decodeValue, encodeForRanks } from '../protocol/values.js';
import { dtypeId } from '../types/dtype.js';
import { Call } from './call.js';
import type { Form } from './call-options.js';
import { GivenOptions } from './call-options.js';
import type { GroupCalls } from './group-calls.js';
import { unsaid } from './ragged/ragged-counts.js';
import { raggedStages } from './ragged/ragged-stages.js';
import { checkName, checkRoot, checkSignal, checkTimeout, emptyArguments } from './validate.js';

/** What a caller gives. */
export interface GivenObject {
  readonly value: unknown;
  /** Of a reduction. */
  readonly fn: unknown;
  readonly options: unknown;
}

type Fold = (before: unknown, next: unknown) => unknown;

/** Owned by the collectives of a group. */
export class ObjectCalls {
  readonly #calls: GroupCalls;

  constructor(calls: GroupCalls) {
    this.#calls = calls;
  }

  /** The blocking form. */
  run(operation: Operation, given: GivenObject): unknown {
    return this.#calls.runCall(this.#accept(operation, given, 'blocking'));
  }

  /** The awaited form. */
  start(operation: Operation, given: GivenObject): Promise<unknown> {
    try {
      return this.#calls.startCall(this.#accept(operation, given, 'awaited'));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #accept(operation: Operation, given: GivenObject, form: Form): Call {
    return this.#calls.accept(operation, form, (what) => {
      const options = new GivenOptions();
      options.read(operation, form, given.options);
      const signal = checkSignal(what, options.signal);
      const call = this.#make(what, operation, given, options);
      call.signal = signal;
      return call;
    });
  }

  #make(what: string, operation: Operation, { value, fn }: GivenObject, options: GivenOptions): Call {
    const { group, setting } = this.#calls;
    const { rank, size } = setting;
    const name = checkName(what, options.name);
    const timeoutMs = checkTimeout(what, options.timeoutMs, setting.timeoutMs);
    const root = checkRoot(what, options.root, size);
    if (operation.reduces && typeof fn !== 'function') {
      throw new InvalidArgumentError(`${what}: expected fn to be a function of two values, received ${show(fn)}`);
    }
    const receives = operation.receives(rank, root);
    const { blocks, counts } = encoded(what, operation, value, rank, size, root);
    let output = new Uint8Array(0);
    let lengths: readonly number[] = [];
    const base: CallArguments = {
      ...emptyArguments(operation),
      root,
      name,
      timeoutMs,
      dtype: dtypeId('uint8'),
      input: blocks,
    };
    const args: CallArguments = {
      ...base,
      // Decoded once, when the caller goes on: what a caller's function throws is that caller's own.
      get result(): unknown {
        if (receives) return decoded(operation, output, lengths, fn as Fold);
        return operation.isRooted ? undefined : value;
      },
    };
    const sides = {
      sent: { counts, starts: operation.brings === 'one' ? counts.map(() => 0) : undefined },
      expected: { counts: Array<number>(size).fill(receives ? unsaid : 0), starts: undefined },
      room: unsaid,
      outputOf: (length: number, received: readonly number[]): Uint8Array => {
        lengths = received;
        return (output = new Uint8Array(length));
      },
    };
    return new Call(group, args, undefined, raggedStages(what, base, sides, setting));
  }
}

/** What this rank sends: one block for all who get something, or one for each rank. */
function encoded(
  what: string,
  operation: Operation,
  value: unknown,
  rank: number,
  size: number,
  root: number,
): { blocks: Uint8Array | undefined; counts: number[] } {
  const ranks = Array.from({ length: size }, (_, each) => each);
  if (!operation.sends(rank, root)) return { blocks: undefined, counts: ranks.map(() => 0) };
  if (operation.brings === 'one') {
    const blocks = encodeForRanks(what, value, 'value');
    return { blocks, counts: ranks.map((to) => (operation.receives(to, root) ? blocks.length : 0)) };
  }
  if (!Array.isArray(value) || value.length !== size) {
    const received = Array.isArray(value) ? counted(value.length, 'value') : show(value);
    throw new InvalidArgumentError(
      `${what}: expected values to be a list of ${size}, one for each rank, received ${received}`,
    );
  }
  const each = ranks.map((to) => encodeForRanks(what, (value as readonly unknown[])[to], `values[${to}]`));
  return { blocks: Buffer.concat(each), counts: each.map(({ length }) => length) };
}

/** What a caller gets of the bytes of all ranks. */
function decoded(operation: Operation, bytes: Uint8Array, lengths: readonly number[], fn: Fold): unknown {
  let start = 0;
  const values = lengths.flatMap((length) => {
    start += length;
    return length === 0 ? [] : [decodeValue(bytes.subarray(start - length, start))];
  });
  if (operation.reduces) return values.reduce((before, next) => folded(fn(before, next)));
  return operation.gets === 'each' ? values : values[0];
}

/** What the caller's function gives, which the next call of it takes. @throws {@link InvalidArgumentError} */
function folded(value: unknown): unknown {
  if (!types.isPromise(value)) return value;
  // Nobody else waits for it.
  value.catch(() => undefined);
  throw new InvalidArgumentError(
    'allreduceObject: expected fn to return a value, received a promise; fn cannot be async, await before the call',
  );
}
