/** Task functions with blocking message calls, and with messages that are left over. */
import { anySource, anyTag, collective, context } from 'shoal/worker';

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
