/**
 * Which array differs where lists do. What ranks compare of their lists is a hash. So ranks whose lists differ tell one
 * another their arrays, some at a time, until they come to one that is not the same everywhere.
 */
import type { CallArguments } from '../../backend/call-arguments.js';
import { CollectiveMismatchError } from '../../errors.js';
import { counted } from '../../grammar.js';
import type { Operation } from '../../operations/operation.js';
import { dtypeId, dtypeNames, itemBytes } from '../../types/dtype.js';
import { countsStage } from '../ragged/counts-stage.js';
import type { GroupView } from '../failures.js';
import type { Item } from './list-items.js';
import { emptyArguments } from '../validate.js';

const arraysAtATime = 256;
/** Of an array: its dtype and its elements. */
const words = 2;
const none = -1;

/** The arrays of one rank, and the call that they are of. */
export interface Listed {
  /** The method, for errors. */
  readonly what: string;
  readonly operation: Operation;
  readonly timeoutMs: number;
  readonly items: readonly Item[];
  /** What the ranks expect of one another. */
  readonly expected: string;
  /** Number of the first of them in what the user has given. */
  readonly first: number;
}

/** Stages that end with the error, on all ranks alike. @throws {@link CollectiveMismatchError} */
export function* listDifference(listed: Listed, size: number): Generator<CallArguments, void, undefined> {
  const { operation, timeoutMs, items } = listed;
  const { name } = emptyArguments(operation);
  for (let first = 0; ; first += arraysAtATime) {
    const said = new Float64Array(words * arraysAtATime).fill(none);
    items.slice(first, first + arraysAtATime).forEach(({ source, dtype }, i) => {
      said.set([dtypeId(dtype), source.array.byteLength / itemBytes[dtype]], words * i);
    });
    const all = new Float64Array(size * said.length);
    yield countsStage({ operation, name, timeoutMs }, said, all);
    const told = Array.from({ length: size }, (_, rank) => all.subarray(rank * said.length, (rank + 1) * said.length));
    const wordAt = told[0]?.findIndex((_, i) => told.some((each) => each[i] !== told[0]?.[i])) ?? none;
    if (wordAt >= 0) throw difference(listed, first + Math.floor(wordAt / words), told, first);
    if (told.every((each) => each.includes(none))) return;
  }
}

function difference(listed: Listed, index: number, told: readonly Float64Array[], first: number): Error {
  const { what, expected, operation } = listed;
  const texts = told.map((each) => {
    const [dtype = none, count] = each.subarray(words * (index - first));
    return dtype === none ? undefined : `${dtypeNames[dtype]} × ${count}`;
  });
  const other = texts.findIndex((text) => text !== texts[0]);
  const number = listed.first + index;
  const onRank = (rank: number): string =>
    texts[rank] === undefined
      ? `missing on rank ${rank}, which has ${counted(number, 'array')}`
      : `${texts[rank]} on rank ${rank}`;
  return new CollectiveMismatchError(
    `${what}: expected ${expected}, but array ${number}, counted from 0, is ${onRank(0)} and ${onRank(other)}. ` +
      `Nothing was written`,
    {
      calls: texts.map((text, rank) => ({ rank, call: `${operation.name}(array ${number}: ${text ?? 'missing'})` })),
    },
  );
}

/** Whether all ranks have made the same call, but for their lists. All of them know the same. */
export function haveOtherLists({ members, channel }: GroupView, sequence: number): boolean {
  const all = members.map(({ rank }) => channel.descriptor(rank, sequence));
  const [first] = all;
  if (!first) return false;
  const isAlike = all.every((each) => {
    if (each?.list === undefined) return false;
    const { operation, op, root, name } = each;
    return operation === first.operation && op === first.op && root === first.root && name === first.name;
  });
  return isAlike && all.some((each) => each?.list !== first.list);
}
