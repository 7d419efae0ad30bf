/**
 * One fused call of a bucket. Ranks may have added different numbers of arrays by now: the first stage says how many each
 * has, and the least number is what the call takes.
 *
 * Whoever has less has not come further in its program. So the least number is what every rank can take without waiting
 * for code that may itself wait for this call. What a rank has beyond that stays for the next call.
 */
import type { CallArguments } from '../../backend/call-arguments.js';
import { CollectiveMismatchError } from '../../errors.js';
import { packAll } from '../../operands/strides.js';
import { allreduce } from '../../operations/allreduce.js';
import { bucket } from '../../operations/bucket.js';
import { bucketText } from '../../operations/describe.js';
import type { GivenOptions } from '../call-options.js';
import { countsStage } from '../ragged/counts-stage.js';
import type { Item } from './list-items.js';
import { partsOf } from './list-items.js';
import { listDifference } from './list-difference.js';
import { areAlike, shapeWords } from './list-shape.js';
import type { StagedCall } from '../staged-transfer.js';
import type { Setting } from '../validate.js';
import { checkName, checkTimeout, emptyArguments } from '../validate.js';

/** What a rank brings into the call. */
export interface Offered {
  /** In the order in which they were added; none: the next one was refused on this rank. */
  readonly items: readonly Item[];
  /** How many were added before them. */
  readonly first: number;
  /** Called with how many of them the call takes; 0: the next one of all ranks is left out. */
  readonly agreed: (count: number) => void;
}

/** Check a call; nothing is copied yet. @param what - The method, for errors. */
export function bucketCall(
  what: string,
  { items, first, agreed }: Offered,
  given: GivenOptions,
  setting: Setting,
): StagedCall {
  const { rank, size } = setting;
  const base: CallArguments = {
    ...emptyArguments(allreduce),
    name: checkName(what, given.name),
    timeoutMs: checkTimeout(what, given.timeoutMs, setting.timeoutMs),
  };
  const packings = items.map(({ source }) => source.packed);
  let taken = 0;
  const args: CallArguments = {
    ...base,
    operation: bucket,
    // The memory is noted as in use by the bucket, from `add` on.
    memory: [],
    count: items.reduce((sum, { source }) => sum + source.array.byteLength, 0),
    packedInput: packAll(packings),
    get packedOutput() {
      return packAll(packings.slice(0, taken));
    },
  };
  const exchange = function* (some: readonly Item[]): Generator<CallArguments, Float64Array, undefined> {
    const said = shapeWords(some);
    const all = new Float64Array(size * said.length);
    yield countsStage({ ...base, operation: bucket }, said, all);
    return all;
  };
  const stages = function* (): Generator<CallArguments, void, undefined> {
    let all = yield* exchange(items);
    const counts = Array.from({ length: size }, (_, each) => all[(each * all.length) / size] ?? 0);
    taken = Math.min(...counts);
    agreed(taken);
    if (taken === 0) throw refusedAdd(what, counts);
    const common = items.slice(0, taken);
    if (counts.some((count) => count !== taken)) all = yield* exchange(common);
    if (!areAlike(all, size)) {
      const expected = 'arrays of the same dtypes and lengths on every rank, in the order in which they are added';
      yield* listDifference(
        { what, operation: bucket, timeoutMs: base.timeoutMs, items: common, expected, first },
        size,
      );
    }
    yield* partsOf(what, base, common, given, rank);
  };
  return { args, stages };
}

/**
 * Where a rank has added no array when others have, the ranks disagree in calls that no user has made: say what was
 * added.
 *
 * @param first - How many arrays were added before.
 */
export function missingAdd(what: string, first: number, error: CollectiveMismatchError): CollectiveMismatchError {
  const { calls } = error;
  const others = calls.filter(({ call }) => call !== bucketText);
  const texts = others.map(({ rank, call }) => `rank ${rank} has not: ${call}`);
  return new CollectiveMismatchError(
    `${what}: expected every rank to add as many arrays, and to flush before it goes on to another collective. ` +
      `Array ${first}, counted from 0, was added here, and ${texts.join('; ')}. Nothing of it was written`,
    { calls },
    { cause: error },
  );
}

function refusedAdd(what: string, counts: readonly number[]): CollectiveMismatchError {
  const calls = counts.map((count, rank) => ({ rank, call: count === 0 ? `${what}, refused` : what }));
  const ranks = calls.filter((_, rank) => counts[rank] === 0).map(({ rank }) => rank);
  return new CollectiveMismatchError(
    `${what}: expected an array of every rank; ${ranks.length === 1 ? 'rank' : 'ranks'} ${ranks.join(', ')} ` +
      `${ranks.length === 1 ? 'has' : 'have'} none here: what was added there is nothing that an allreduce takes, or was ` +
      `detached while it waited. Nothing was written, and the next arrays go on`,
    { calls },
  );
}
