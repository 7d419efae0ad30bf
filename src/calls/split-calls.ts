/** `split`: every rank of a group says a color, and those that said the same are a group of their own. */
import type { CallArguments } from '../backend/call-arguments.js';
import type { GroupOffer } from '../backend/backend.js';
import { CollectiveMismatchError, InvalidArgumentError, WindowExhaustedError } from '../errors.js';
import { show } from '../show.js';
import type { Operation } from '../operations/operation.js';
import { Call } from './call.js';
import type { Form } from './call-options.js';
import { GivenOptions } from './call-options.js';
import { countsStage } from './ragged/counts-stage.js';
import type { GroupCalls } from './group-calls.js';
import { openGroup } from './group-place.js';
import { offerWords, wordsOf } from './offer-words.js';
import type { Group } from './group.js';
import { checkName, checkSignal, checkTimeout, emptyArguments } from './validate.js';

const largestColor = 2 ** 31 - 1;
/** What a rank says that is to be in no group. */
const noColor = -1;

/** How many numbers a rank says. */
const saidWords = 3;

/** What a caller gives. */
export interface GivenSplit {
  readonly color: unknown;
  readonly key: unknown;
  readonly options: unknown;
  /** What all ranks must agree on, in a number: of a grid. */
  readonly shape: number;
}

/** Owned by the collectives of a group. */
export class SplitCalls {
  readonly #calls: GroupCalls;

  constructor(calls: GroupCalls) {
    this.#calls = calls;
  }

  /**
   * The blocking form. Undefined for a rank that gives no color.
   *
   * @param read - The caller's arguments; what it throws is announced to the others, as any bad argument.
   */
  run(operation: Operation, read: () => GivenSplit): Group | undefined {
    return this.#calls.runCall(this.#accept(operation, read, 'blocking')) as Group | undefined;
  }

  /** The awaited form. */
  start(operation: Operation, read: () => GivenSplit): Promise<Group | undefined> {
    try {
      return this.#calls.startCall(this.#accept(operation, read, 'awaited')) as Promise<Group | undefined>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #accept(operation: Operation, read: () => GivenSplit, form: Form): Call {
    return this.#calls.accept(operation, form, (what) => {
      const { color, key, options, shape } = read();
      const given = new GivenOptions();
      given.read(operation, form, options);
      const call = this.#make(operation, what, [checkColor(what, color), checkKey(what, key), shape], given);
      call.signal = checkSignal(what, given.signal);
      return call;
    });
  }

  #make(
    operation: Operation,
    what: string,
    words: [color: number, key: number, shape: number],
    given: GivenOptions,
  ): Call {
    const { group, setting } = this.#calls;
    const { rank, size } = setting;
    let made: Group | WindowExhaustedError | undefined;
    const base: CallArguments = {
      ...emptyArguments(operation),
      name: checkName(what, given.name),
      timeoutMs: checkTimeout(what, given.timeoutMs, setting.timeoutMs),
    };
    const args: CallArguments = {
      ...base,
      get result(): Group | undefined {
        if (made instanceof WindowExhaustedError) throw made;
        return made;
      },
    };
    const stages = function* (): Generator<CallArguments, void, undefined> {
      const [color] = words;
      const said = new Float64Array(saidWords * size);
      yield countsStage(base, Float64Array.from(words), said);
      checkShapes(what, said);
      const ranks = color === noColor ? [] : membersOf(said, color);
      const offer: GroupOffer | undefined =
        ranks.length > 0 ? group.taskChannel.offerGroup(ranks.length, ranks[0] === rank) : undefined;
      const told = new Float64Array(offerWords * size);
      yield countsStage(base, wordsOf(offer), told);
      if (!offer) return;
      const toldOf = ranks.map((each) => told.subarray(each * offerWords, (each + 1) * offerWords));
      made = openGroup(what, group, ranks, offer, toldOf);
    };
    return new Call(group, args, undefined, stages);
  }
}

/** The ranks that have said a color, in the order of their keys; of equal keys, of their ranks. */
function membersOf(said: Float64Array, color: number): number[] {
  const ranks = Array.from({ length: said.length / saidWords }, (_, rank) => rank);
  const keyOf = (rank: number): number => said[saidWords * rank + 1] ?? 0;
  return ranks.filter((rank) => said[saidWords * rank] === color).sort((a, b) => keyOf(a) - keyOf(b) || a - b);
}

/** @throws {@link CollectiveMismatchError}, on all ranks alike. */
function checkShapes(what: string, said: Float64Array): void {
  const ranks = Array.from({ length: said.length / saidWords }, (_, rank) => rank);
  const other = ranks.find((rank) => said[saidWords * rank + 2] !== said[2]);
  if (other === undefined) return;
  throw new CollectiveMismatchError(
    `${what}: expected the same dimensions, and the same of them periodic or kept, on every rank; rank ${other} gives ` +
      `others than rank 0. No group was made`,
    { calls: [] },
  );
}

function checkColor(what: string, color: unknown): number {
  if (color === undefined) return noColor;
  if (typeof color === 'number' && Number.isInteger(color) && color >= 0 && color <= largestColor) return color;
  throw new InvalidArgumentError(
    `${what}: expected color to be an integer from 0 to ${largestColor}, or undefined for a rank that is to be in no ` +
      `group, received ${show(color)}`,
  );
}

function checkKey(what: string, key: unknown): number {
  if (key === undefined) return 0;
  if (typeof key === 'number' && Number.isSafeInteger(key)) return key;
  throw new InvalidArgumentError(`${what}: expected key to be an integer, received ${show(key)}`);
}
