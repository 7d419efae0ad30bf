/** A program of three ranks with one bug each, on rank 1 where it is one rank's. */
import { collective, context } from 'shoal/worker';

const isWrong = (): boolean => context.rank === 1;
const timeoutMs = 250;
const ones = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count).fill(1);
const next = (): number => (context.rank + 1) % context.size;
const previous = (): number => (context.rank + context.size - 1) % context.size;

/** More than a sender puts down before its receiver comes. */
const long = 1_000_000;

/** What all ranks do first. */
export async function begin(): Promise<void> {
  await collective.allreduce(ones(4), { timeoutMs: 20_000 });
}

export async function skippedCall(): Promise<void> {
  await begin();
  if (!isWrong()) await collective.broadcast(ones(8), { timeoutMs });
  await collective.barrier({ timeoutMs });
}

export async function swappedOrder(): Promise<void> {
  await begin();
  const [a, b] = [ones(5), ones(6)];
  await collective.allreduce(isWrong() ? b : a, { timeoutMs });
  await collective.allreduce(isWrong() ? a : b, { timeoutMs });
}

export async function wrongRoot(): Promise<void> {
  await begin();
  await collective.broadcast(ones(8), { root: isWrong() ? 1 : 0, timeoutMs });
}

export async function wrongOp(): Promise<void> {
  await begin();
  await collective.allreduce(ones(8), { op: isWrong() ? 'max' : 'sum', timeoutMs });
}

export async function wrongDtype(): Promise<void> {
  await begin();
  await collective.allreduce(isWrong() ? new Float64Array(8) : ones(8), { timeoutMs });
}

export async function wrongSize(): Promise<void> {
  await begin();
  await collective.allreduce(ones(isWrong() ? 7 : 8), { timeoutMs });
}

export async function wrongName(): Promise<void> {
  await begin();
  await collective.allreduce(ones(8), { name: isWrong() ? 'gradients' : 'loss', timeoutMs });
}

export async function otherLists(): Promise<void> {
  await begin();
  await collective.allreduce(isWrong() ? [ones(3)] : [ones(3), ones(4)], { timeoutMs });
}

export async function cycleOfSends(): Promise<void> {
  await begin();
  await collective.send(ones(long), next(), { timeoutMs });
  await collective.recv(ones(long), previous(), { timeoutMs });
}

export async function cycleOfReceives(): Promise<void> {
  await begin();
  await collective.recv(ones(4), next(), { timeoutMs: 1_000 });
}

export async function unservedReceive(): Promise<void> {
  await begin();
  if (isWrong()) await collective.recv(ones(4), 2, { tag: 7, timeoutMs });
  await collective.barrier({ timeoutMs: 10_000 });
}

export async function wrongTag(): Promise<void> {
  await begin();
  if (context.rank === 0) await collective.send(ones(4), 1, { tag: 3, timeoutMs });
  if (isWrong()) await collective.recv(ones(4), 0, { tag: 4, timeoutMs });
  await collective.barrier({ timeoutMs: 10_000 });
}

/** What only the root needs is computed by a call that all have to make. */
export async function rankBranch(): Promise<void> {
  await begin();
  if (context.rank !== 1) await collective.allreduce(ones(8), { timeoutMs });
}

export async function infiniteLoop(): Promise<void> {
  await begin();
  for (let turns = 0; isWrong(); turns++) Math.sqrt(turns);
  await collective.barrier({ timeoutMs });
}

/** It sits where no signal of the task reaches it. */
export async function stopped(): Promise<void> {
  await begin();
  if (isWrong() && process.env.SHOAL_TRANSPORT === 'mpi') process.kill(process.pid, 'SIGSTOP');
  // Another thread may take the signal, a moment later.
  if (isWrong()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
  await collective.barrier({ timeoutMs });
}

/** A process is killed; the thread of a worker is ended by an error that nobody catches. */
export async function killed(): Promise<void> {
  await begin();
  if (isWrong() && process.env.SHOAL_TRANSPORT === 'mpi') process.kill(process.pid, 'SIGKILL');
  else if (isWrong()) {
    setImmediate(() => {
      throw new Error('the thread is lost');
    });
    await new Promise(() => undefined);
  }
  await collective.barrier({ timeoutMs: 10_000 });
}

export async function exits(): Promise<void> {
  await begin();
  if (isWrong()) process.exit(3);
  await collective.barrier({ timeoutMs: 10_000 });
}

export async function throwsFirst(): Promise<void> {
  if (isWrong()) throw new RangeError('nothing to read');
  await begin();
}

export async function throwsBetween(): Promise<void> {
  await begin();
  if (isWrong()) throw new RangeError('no such column');
  await collective.barrier({ timeoutMs: 10_000 });
}

export async function returnsEarly(): Promise<void> {
  await begin();
  if (isWrong()) return;
  await collective.broadcast(ones(8), { timeoutMs: 10_000 });
}

export async function splitNotByAll(): Promise<void> {
  await begin();
  if (isWrong()) await collective.barrier({ timeoutMs });
  else await collective.split(context.rank % 2, undefined, { timeoutMs });
}

export async function missingMember(): Promise<void> {
  await begin();
  if (!isWrong()) await collective.group([0, 1, 2], { timeoutMs });
  await collective.barrier({ timeoutMs: 10_000 });
}

/** Its sum is not there yet when it goes on, and when it returns. */
export async function forgottenAwait(): Promise<void> {
  await begin();
  // What the others do is late, so that the call is still in flight.
  if (!isWrong()) await new Promise((resolve) => setTimeout(resolve, 150));
  const sum = collective.allreduce(ones(8), { timeoutMs: 10_000 });
  if (!isWrong()) await sum;
}

/** Rank 1 makes the two groups in another order than rank 0. */
export async function otherGroupOrder(): Promise<void> {
  await begin();
  const lists = isWrong()
    ? [
        [1, 2],
        [0, 1],
      ]
    : context.rank === 0
      ? [[0, 1]]
      : [[1, 2]];
  const groups = await Promise.all(lists.map((ranks) => collective.group(ranks, { timeoutMs: 10_000 })));
  if (!isWrong()) for (const group of groups) group.barrierSync({ timeoutMs });
  // It waits for a call in the one group that its peer makes only after another in the other.
  else {
    groups[0]?.broadcastSync(ones(3), { timeoutMs });
    groups[1]?.barrierSync({ timeoutMs });
  }
}

/** Rank 1 spins until it is ended. */
export async function waitsForOne(): Promise<void> {
  await begin();
  for (let turns = 0; isWrong(); turns++) Math.sqrt(turns);
  await collective.barrier({ timeoutMs: 60_000 });
}
