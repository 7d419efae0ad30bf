/**
 * `group(ranks)`: a group of the ranks that are listed, made by these alone. They tell the lowest of them by messages
 * what their part is, and that tells them all. Their list goes along, for the error where another one waits for ever.
 */
import type { GroupOffer } from '../backend/backend.js';
import { nowMs } from '../clock.js';
import { InvalidArgumentError, WindowExhaustedError } from '../errors.js';
import { show } from '../show.js';
import { readOperand } from '../operands/operand.js';
import { group as row } from '../operations/split.js';
import { dtypeId } from '../types/dtype.js';
import type { Form } from './call-options.js';
import { GivenOptions, methodName } from './call-options.js';
import { callSite } from './call-site.js';
import { isRankOf } from './check-rank.js';
import type { GroupCalls } from './group-calls.js';
import { openGroup } from './group-place.js';
import { offerWords, wordsOf } from './offer-words.js';
import type { Group } from './group.js';
import type { Made } from './messages/message-arguments.js';
import type { MessageCalls } from './messages/message-calls.js';
import type { MessageRequest } from './messages/message-request.js';
import type { Target } from './messages/receive-request.js';
import { Pattern } from './messages/message-pattern.js';
import { Receive } from './messages/receive-request.js';
import { Send } from './messages/send-request.js';
import { checkSignal, checkTimeout } from './validate.js';

const hashPrime = 16_777_619;
const float64 = dtypeId('float64');

/** One that is being made. */
interface Making {
  readonly what: string;
  readonly ranks: readonly number[];
  readonly offer: GroupOffer;
  readonly timeoutMs: number;
  readonly startedAt: number;
  readonly signal: AbortSignal | undefined;
  readonly madeAt: string | undefined;
  /** What each member has told, in the order of the ranks: of the teller all, of others their own. */
  readonly told: Float64Array;
  /** The same of all members, from the teller. */
  answer: Float64Array;
}

/** Owned by the collectives of a group. */
export class ListedGroups {
  readonly #calls: GroupCalls;
  readonly #messages: MessageCalls;

  constructor(calls: GroupCalls, messages: MessageCalls) {
    this.#calls = calls;
    this.#messages = messages;
  }

  /** The blocking form. */
  run(ranks: unknown, options: unknown): Group {
    const making = this.#accept(ranks, options, 'blocking');
    for (const made of this.#steps(making)) this.#messages.runMade(made);
    return this.#end(making);
  }

  /** The awaited form. */
  async start(ranks: unknown, options: unknown): Promise<Group> {
    const making = this.#accept(ranks, options, 'awaited');
    for (const made of this.#steps(making)) await this.#messages.startMade(made);
    return this.#end(making);
  }

  #accept(given: unknown, options: unknown, form: Form): Making {
    const { group, setting, notesLines } = this.#calls;
    const { failure } = group;
    if (failure) throw failure;
    if (form === 'blocking') group.engine.assertBlocking();
    const read = new GivenOptions();
    read.read(row, form, options);
    const what = methodName(row, form);
    const ranks = checkRanks(what, given, setting.rank, setting.size);
    const timeoutMs = checkTimeout(what, read.timeoutMs, setting.timeoutMs);
    const signal = checkSignal(what, read.signal);
    const offer = group.taskChannel.offerGroup(ranks.length, ranks[0] === setting.rank);
    const told = new Float64Array(offerWords * ranks.length);
    told.set(wordsOf(offer), offerWords * ranks.indexOf(setting.rank));
    const madeAt = notesLines && form === 'awaited' ? callSite() : undefined;
    return { what, ranks, offer, timeoutMs, startedAt: nowMs(), signal, madeAt, told, answer: told };
  }

  /** The messages of this rank, in rounds. */
  *#steps(making: Making): Generator<Made, void, undefined> {
    const { ranks, told } = making;
    const { rank } = this.#calls.setting;
    const teller = Math.min(...ranks);
    if (ranks.length === 1) return;
    if (rank !== teller) {
      const own = [...wordsAt(told, ranks.indexOf(rank)), ...ranks];
      const answer = this.#receive(making, teller);
      yield made([answer, this.#send(making, teller, Float64Array.from(own))]);
      making.answer = wordsOfMessage(answer);
      return;
    }
    const others = ranks.filter((other) => other !== teller);
    const said = others.map((other) => this.#receive(making, other));
    yield made(said);
    for (const [i, other] of others.entries()) {
      const words = said[i] ? wordsOfMessage(said[i]) : told;
      wordsAt(told, ranks.indexOf(other)).set(words.subarray(0, offerWords));
    }
    yield made(others.map((other) => this.#send(making, other, told)));
  }

  #end({ what, ranks, offer, answer }: Making): Group {
    const { group } = this.#calls;
    if (group.failure) throw group.failure;
    const words = ranks.map((_, index) => wordsAt(answer, index));
    const opened = openGroup(what, group, ranks, offer, words);
    if (opened instanceof WindowExhaustedError) throw opened;
    return opened;
  }

  #send(making: Making, dest: number, words: Float64Array): Send {
    const operand = readOperand(making.what, 'ranks', words, this.#calls.setting.arrays);
    return withTerms(new Send(making.what, leftOf(making), operand, dest, tagOf(making.ranks), float64), making);
  }

  #receive(making: Making, source: number): Receive {
    const make = (sizeBytes: number): ReturnType<Target['make']> => {
      const data = new Float64Array(sizeBytes / Float64Array.BYTES_PER_ELEMENT);
      return { operand: readOperand(making.what, 'ranks', data, this.#calls.setting.arrays), data };
    };
    const target = { dtype: float64, operand: undefined, data: undefined, make };
    const pattern = new Pattern(source, tagOf(making.ranks));
    return withTerms(new Receive(making.what, leftOf(making), pattern, target), making);
  }
}

function wordsOfMessage(receive: Receive): Float64Array {
  return (receive.result as { readonly data: Float64Array }).data;
}

/** Requests that belong together. */
function made(requests: readonly MessageRequest[]): Made {
  const [result] = requests;
  if (!result) throw new RangeError('no request');
  return { requests, result };
}

function withTerms<R extends MessageRequest>(request: R, { what, ranks, signal, madeAt }: Making): R {
  request.partOf = `${what}([${ranks.join(', ')}])`;
  request.signal = signal;
  request.madeAt = madeAt;
  return request;
}

/** Milliseconds that are left of the whole call. */
function leftOf({ timeoutMs, startedAt }: Making): number {
  return Math.max(1, startedAt + timeoutMs - nowMs());
}

function wordsAt(told: Float64Array, index: number): Float64Array {
  return told.subarray(index * offerWords, (index + 1) * offerWords);
}

/**
 * The messages of two groups that are made at a time have other tags, below those of users and of `anyTag`. Groups of
 * the same ranks in another order are two, too.
 */
function tagOf(ranks: readonly number[]): number {
  let hash = 2_166_136_261;
  for (const rank of ranks) hash = Math.imul(hash ^ rank, hashPrime);
  return -2 - (hash >>> 2);
}

function checkRanks(what: string, given: unknown, rank: number, size: number): readonly number[] {
  const ranks: readonly unknown[] = Array.isArray(given) ? Array.from(given as readonly unknown[]) : [];
  const isRank = (each: unknown): each is number => isRankOf(size, each);
  if (ranks.length === 0 || !ranks.every(isRank) || new Set(ranks).size !== ranks.length) {
    throw new InvalidArgumentError(
      `${what}: expected ranks to be a list of different ranks from 0 to ${size - 1}, received ${show(given)}`,
    );
  }
  if (ranks.includes(rank)) return ranks;
  throw new InvalidArgumentError(
    `${what}: expected ranks to have this rank, ${rank}, among them, received ${ranks.join(', ')}: the members of a group ` +
      `alone make it`,
  );
}
