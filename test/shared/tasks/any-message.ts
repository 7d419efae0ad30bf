/**
 * Random programs of messages, drawn from a seed that all ranks have: each rank makes its part of a round in an order
 * of its own, and checks what it gets against the model. The model is the round's list: the k-th message of a source and
 * tag goes to the k-th receive that fits it.
 */
import { anySource, anyTag, collective, context } from 'shoal/worker';
import type { Received, Source, TagPattern, TypedArray } from 'shoal/worker';
import { randomOf } from '../../support/random.js';

const lengths = [0, 1, 3, 60, 500, 520, 1_030, 2_000, 9_000, 20_000, 140_000];
/** How the receives of a rank name their messages in a round. */
const modes = ['exact', 'anySource', 'anyTag', 'any'] as const;

interface Message {
  readonly source: number;
  readonly dest: number;
  readonly tag: number;
  readonly length: number;
  /** Among all of the program. */
  readonly serial: number;
  /** Its array goes as a value; of all messages of a round to one rank, or of none. */
  readonly isObject: boolean;
}

type Step = () => Promise<void>;

/** Run it; returns what was wrong, in words. `stop` makes the last rank throw in a round. */
export async function program(seed: number, rounds: number, stop: number = -1): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const shared = randomOf(seed);
  const own = randomOf(seed + 7919 * (rank + 1));
  let serial = 0;
  for (let round = 0; round < rounds; round++) {
    const takesObjects = Array.from({ length: size }, () => shared(3) === 0);
    const messages: Message[] = Array.from({ length: shared(6 * size) }, () => {
      const dest = shared(size);
      return {
        source: shared(size),
        dest,
        tag: shared(3),
        length: lengths[shared(lengths.length)]!,
        serial: serial++,
        isObject: takesObjects[dest]!,
      };
    });
    const roundModes = Array.from({ length: size }, () => modes[shared(modes.length)]!);
    const collectives = shared(3);
    if (round === stop && rank === size - 1) throw new RangeError('stopped');
    const steps = interleave(own, [
      sendsOf(messages, own),
      receivesOf(messages, roundModes[rank]!, own, wrong),
      sumsOf(collectives, size, wrong),
    ]);
    const running: Promise<void>[] = [];
    for (const step of steps) {
      const run = step();
      run.catch(() => undefined); // awaited below, where this rank has not thrown before
      running.push(run);
      if (own(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(running);
    await collective.barrier(); // a receive from anybody must not get a message of the next round
  }
  return wrong.slice(0, 5);
}

/** Each list keeps its order. */
function interleave(random: (limit: number) => number, lists: readonly Step[][]): Step[] {
  const left = lists.map((list) => [...list]);
  const steps: Step[] = [];
  for (;;) {
    const some = left.filter((list) => list.length > 0);
    if (some.length === 0) return steps;
    steps.push(some[random(some.length)]!.shift()!);
  }
}

function sendsOf(messages: readonly Message[], random: (limit: number) => number): Step[] {
  return messages
    .filter(({ source }) => source === context.rank)
    .map(({ dest, tag, length, serial, isObject }) => {
      const inWindow = random(2) === 0;
      return async () => {
        const array = inWindow ? collective.empty(Float64Array, length + 2) : new Float64Array(length + 2);
        array.set([serial, length]);
        array.fill(serial + 0.5, 2);
        await (isObject ? collective.sendObject(array, dest, { tag }) : collective.send(array, dest, { tag }));
        if (inWindow) collective.free(array);
      };
    });
}

function receivesOf(
  messages: readonly Message[],
  mode: (typeof modes)[number],
  random: (limit: number) => number,
  wrong: string[],
): Step[] {
  const mine = messages.filter(({ dest }) => dest === context.rank);
  /** By source and tag, the messages in their order: receives take them in theirs. */
  const got = new Map<string, number[]>();
  const places = mine.map(() => 0);
  const order = mine.map((_, i) => i);
  // Exact receives of different sources and tags may come in any order.
  for (let i = order.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const longest = Math.max(0, ...mine.map(({ length }) => length)) + 2;
  const results: (Received<TypedArray> | undefined)[] = places.map(() => undefined);
  let left = mine.length;
  return order.map((index, place) => async () => {
    const { source, tag } = mine[index]!;
    const from = mode === 'exact' || mode === 'anyTag' ? source : anySource;
    const which = mode === 'exact' || mode === 'anySource' ? tag : anyTag;
    const result = mine[index]!.isObject
      ? await receiveObject(from, which)
      : await receiveArray(random(2) === 0 ? undefined : longest, from, which);
    results[place] = result;
    const { data, count } = result;
    const isWhole = data[1] === count - 2 && data.subarray(2, count).every((x) => x === data[0]! + 0.5);
    if (!isWhole) wrong.push(`rank ${context.rank}: message ${data[0]} has ${count} elements, other ones`);
    if (--left > 0) return;
    for (const each of results) {
      const key = `${each!.source} ${each!.tag}`;
      got.set(key, [...(got.get(key) ?? []), (each!.data as Float64Array)[0]!]);
    }
    for (const [key, serials] of got) {
      const want = mine.filter((message) => `${message.source} ${message.tag}` === key).map(({ serial }) => serial);
      if (serials.join() !== want.join())
        wrong.push(`rank ${context.rank} from ${key}: ${serials.join()} for ${want.join()}`);
    }
  });
}

async function receiveObject(source: Source, tag: TagPattern): Promise<Received<Float64Array>> {
  const got = await collective.recvObject<Float64Array>(source, { tag });
  return { ...got, count: got.data.length };
}

/** @param longest - Elements of a buffer; undefined: into a new array. */
async function receiveArray(
  longest: number | undefined,
  source: Source,
  tag: TagPattern,
): Promise<Received<Float64Array>> {
  const into = longest === undefined ? Float64Array : (new Float64Array(longest) as never);
  return await collective.recv(into, source, { tag });
}

function sumsOf(count: number, size: number, wrong: string[]): Step[] {
  return Array.from({ length: count }, () => async () => {
    const sum = await collective.allreduce(Float64Array.of(context.rank + 1));
    if (sum[0] !== (size * (size + 1)) / 2) wrong.push(`a sum is ${sum[0]}`);
  });
}
