/** Task functions with blocking message calls, and with messages that are left over. */
import { anySource, anyTag, collective, context } from 'shoal/worker';
import { randomOf } from '../../support/random.js';

/** Two ranks throw a message of each length to one another. */
export function pingPong(lengths: readonly number[], rounds: number): string[] {
  const { rank } = context;
  const wrong: string[] = [];
  for (const [tag, length] of lengths.entries()) {
    const array = tag % 2 === 0 ? new Float64Array(length) : collective.empty(Float64Array, length);
    for (let round = 0; round < rounds; round++) {
      if (rank === 0) {
        array.fill(round);
        collective.sendSync(array, 1, { tag });
        const { count } = collective.recvSync(array, 1, { tag });
        if (count !== length || !array.every((x) => x === round + 1)) wrong.push(`${length}, round ${round}`);
      } else {
        const { source } = collective.recvSync(array, anySource, { tag: anyTag });
        for (let i = 0; i < length; i++) array[i]!++;
        collective.sendSync(array, source, { tag });
      }
    }
  }
  return wrong;
}

const lengths = [0, 1, 2, 5, 12, 40, 250, 700, 1_024, 1_100, 3_000, 9_000, 40_000];

interface DrawnMessage {
  readonly tag: number;
  /** Index of the array that it is sent from. */
  readonly from: number;
  readonly serial: number;
}

/**
 * Two ranks send each other what is drawn, from a few arrays and into a few arrays: blocking, again and again, so that
 * each array is known from earlier calls. Receives come in the order of the sends, or with two tags exchanged.
 */
export function again(seed: number, rounds: number): string[] {
  const { rank } = context;
  const other = 1 - rank;
  const random = randomOf(seed);
  const own = randomOf(seed + rank + 1);
  const wrong: string[] = [];
  const make = (i: number): Float64Array => {
    const length = lengths[i % lengths.length]! + 1;
    if (i % 3 === 0) return collective.empty(Float64Array, length);
    return new Float64Array(new ArrayBuffer(length * 8 + 16), (i % 2) * 8, length);
  };
  const arrays = lengths.map((_, i) => make(i));
  const targets = lengths.map((_, i) => make(i + 1)).concat(new Float64Array(50_000));
  const longest = targets.length - 1;
  const draw = (serial: number): DrawnMessage => ({ tag: random(2), from: random(arrays.length), serial });
  const fill = ({ from, serial }: DrawnMessage): Float64Array => arrays[from]!.fill(serial);
  const check = (
    message: DrawnMessage,
    into: Float64Array,
    got: { tag: number; count: number; source: number },
  ): void => {
    const { length } = arrays[message.from]!;
    const isWhole = into.every((x, i) => x === (i < length ? message.serial : -1));
    if (!isWhole || got.count !== length || got.tag !== message.tag || got.source !== other)
      wrong.push(`rank ${rank}, message ${JSON.stringify(message)}: ${JSON.stringify({ ...got, data: into[0] })}`);
  };
  const targetOf = ({ from }: DrawnMessage): Float64Array => {
    const fitting = targets.filter(({ length }) => length >= arrays[from]!.length);
    return (own(2) === 0 ? fitting[own(fitting.length)]! : targets[longest]!).fill(-1);
  };
  let serial = 0;
  for (let round = 0; round < rounds; round++) {
    const sender = random(3);
    const batch = Array.from({ length: 1 + random(6) }, () => draw(++serial));
    if (sender === 2) {
      // Both at once: each has a message of its own.
      const [zero, one] = [draw(++serial), draw(++serial)];
      const [mine, theirs] = rank === 0 ? [zero, one] : [one, zero];
      const into = targetOf(theirs);
      const options = { sendTag: mine.tag, recvTag: theirs.tag };
      check(theirs, into, collective.sendrecvSync(fill(mine), other, into, other, options));
      continue;
    }
    // What is short may be taken in another order than it was sent in; what is long would keep its sender.
    const isShort = batch.every(({ from }) => arrays[from]!.length <= 300);
    const order = isShort && random(2) === 0 ? [...batch].sort((a, b) => b.tag - a.tag) : batch;
    if (rank === sender) {
      for (const message of batch) collective.sendSync(fill(message), other, { tag: message.tag });
    } else {
      for (const message of order) {
        const into = targetOf(message);
        check(message, into, collective.recvSync(into, other, { tag: message.tag }));
      }
    }
  }
  return wrong.slice(0, 5);
}

/** What an array that was sent or received before can have become. */
export async function becomesBad(): Promise<string[]> {
  const { rank } = context;
  const other = 1 - rank;
  const seen: string[] = [];
  const attempt = (run: () => unknown): void => {
    try {
      run();
      seen.push('nothing');
    } catch (error) {
      seen.push((error as { code: string }).code);
    }
  };
  const [long, short, detached] = [new Float64Array(9).fill(rank), new Float64Array(3), new Float64Array(4)];
  const freed = collective.empty(Float64Array, 4);
  for (const array of [long, short, detached, freed]) {
    collective.sendSync(array, other);
    collective.recvSync(array, other);
  }
  // Longer than the target, then of another dtype: lost, and the next is whole.
  collective.sendSync(long, other);
  collective.sendSync(Float32Array.of(1, 2), other);
  collective.sendSync(short.fill(7 + rank), other);
  attempt(() => collective.recvSync(short, other));
  attempt(() => collective.recvSync(short, other));
  seen.push(collective.recvSync(long, other).data.subarray(0, 3).join());
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  collective.free(freed);
  for (const array of [detached, freed]) {
    attempt(() => {
      collective.sendSync(array, other);
    });
    attempt(() => collective.recvSync(array, other));
    attempt(() => collective.sendrecvSync(array, other, long, other));
  }
  attempt(() => collective.sendrecvSync(long, other, long.subarray(1), other));
  attempt(() => collective.sendrecvSync(long, other, long, other));
  // A call under way holds its array.
  const coming = collective.recv(long, other, { tag: 5 });
  attempt(() => collective.recvSync(long, other));
  attempt(() => {
    collective.sendSync(long, other);
  });
  collective.sendSync(short, other, { tag: 5 });
  await coming;
  return seen;
}

/** Blocking exchanges in a ring, and with itself. */
export function ringSync(length: number): number[] {
  const { rank, size } = context;
  let token = new Float64Array(length).fill(rank);
  const seen: number[] = [];
  for (let step = 0; step < size; step++) {
    const into = new Float64Array(length);
    collective.sendrecvSync(token, (rank + 1) % size, into, (rank + size - 1) % size);
    token = into;
    seen.push(token[length - 1]!);
  }
  collective.sendSync(Int8Array.of(5), rank, { tag: 2 });
  seen.push(collective.probeSync(rank, { tag: 2 }).count, collective.recvSync(Int8Array, rank, { tag: 2 }).data[0]!);
  return seen;
}

/** A blocking send of a rank to itself that could never end. */
export function sendSelfSync(): string {
  const { rank } = context;
  try {
    collective.sendSync(new Float64Array(10_000), rank);
    return 'nothing';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Rank 0 sends three messages to rank 1, which receives one. */
export async function leavesMessages(): Promise<number> {
  const { rank } = context;
  if (rank === 0) for (let i = 0; i < 3; i++) await collective.send(Float64Array.of(1), 1, { tag: i });
  await collective.barrier();
  if (rank === 1) await collective.recv(Float64Array, 0, { tag: 1 });
  return rank;
}

/** Rank 1 has returned when rank 0 sends. */
export async function sendsLate(): Promise<number> {
  const { rank } = context;
  if (rank === 0) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await collective.send(Float64Array.of(1), 1);
  }
  return rank;
}

/** A receive is open when the function of rank 1 returns; rank 0 sends later. */
export async function forgetsReceive(): Promise<number> {
  const { rank } = context;
  if (rank === 1) void collective.recv(new Float64Array(1), 0, { tag: 6 });
  else {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await collective.send(Float64Array.of(1), 1, { tag: 6 });
  }
  return rank;
}

/** Rank 1 returns with a receive that nobody serves, and that has no deadline. */
export function forgetsForGood(): number {
  const { rank } = context;
  if (rank === 1) void collective.recv(new Float64Array(1), 0, { timeoutMs: null }).catch(() => undefined);
  return rank;
}

/** A rank that sleeps in a receive sends itself what it waits for, and then throws. */
export async function servesItself(): Promise<void> {
  const { rank } = context;
  const waiting = collective.recv(Float64Array, rank);
  await new Promise((resolve) => setTimeout(resolve, 20));
  void collective.send(Float64Array.of(1), rank);
  await waiting;
  throw new RangeError('after its own message');
}

/** The first message of a task is its own. */
export async function firstMessage(): Promise<number> {
  const { rank } = context;
  if (rank === 0) {
    await collective.send(Float64Array.of(99), 1, { tag: 0 });
    return 99;
  }
  const { data } = await collective.recv(Float64Array, anySource, { tag: anyTag });
  return data[0]!;
}

/** Rank 1 waits for rank 0, which ends its process or its thread. */
export async function diesWhileAwaited(): Promise<void> {
  const { rank } = context;
  if (rank !== 0) {
    await collective.recv(Float64Array, 0);
    return;
  }
  await collective.send(new Float64Array(10), 1, { tag: 3 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.exit(3);
}
