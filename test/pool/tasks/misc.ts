/** Task functions of the pool's tests. */
import { threadId } from 'node:worker_threads';
import { launch } from 'shoal';
import { collective, context } from 'shoal/worker';

let calls = 0;
let topLevel = 'nothing';
try {
  topLevel = String(context.rank);
} catch (error) {
  topLevel = (error as { code: string }).code;
}

export default async function sum(n: number): Promise<number> {
  const x = collective.empty(Float32Array, n).fill(context.rank);
  await collective.allreduce(x);
  return n === 0 ? 0 : x[0]!;
}

const noted: number[] = [];

/** Note a number, or say those that this worker has noted. */
export function note(value?: number): number[] {
  if (value !== undefined) noted.push(value);
  return noted;
}

export function facts(): Record<string, unknown> {
  const { rank, size, worldRank, localRank, node, taskId, attempt } = context;
  return {
    rank,
    size,
    worldRank,
    localRank,
    node,
    taskId,
    attempt,
    aborted: context.signal.aborted,
    topLevel,
    threadId,
  };
}
export function count(): number {
  return ++calls;
}
export function echo<T>(value: T): T {
  return value;
}
export function sleep(ms: number): Promise<number> {
  return new Promise((resolve) => setTimeout(() => resolve(context.worldRank), ms));
}
export function exit(rank: number, code: number): Promise<unknown> {
  if (context.rank === rank) process.exit(code);
  return collective.allreduce(new Float32Array(8));
}
export function reject(rank: number): Promise<unknown> {
  return context.rank === rank ? Promise.reject(new TypeError('rejected')) : collective.barrier();
}
export function unhandled(rank: number): Promise<unknown> {
  if (context.rank === rank) void Promise.reject(new TypeError('nobody handles this'));
  return collective
    .barrier({ name: 'never' })
    .then(() => collective.barrier(), undefined)
    .then(() => hang());
}
export function uncaught(rank: number): Promise<unknown> {
  if (context.rank === rank) {
    setTimeout(() => {
      throw new TypeError('thrown from a timer');
    }, 5);
    return hang();
  }
  return collective.barrier();
}
export function hang(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 1000));
}
export function spin(rank: number): Promise<unknown> | undefined {
  if (context.rank === rank) for (;;);
  return collective.barrier();
}
export function spinInWait(): void {
  if (context.rank === 0) hangSync();
  collective.barrierSync();
}
function hangSync(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
export async function politeHang(): Promise<string> {
  return new Promise((_, reject) => {
    context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
  });
}
export async function memory(): Promise<number> {
  const hoard: number[][] = [];
  await collective.barrier();
  if (context.rank === 0) for (;;) hoard.push(new Array<number>(1e5).fill(1.5));
  await collective.barrier();
  return hoard.length;
}
export const leftovers: string[] = [];
/** Leaves a timer that calls a collective of this task when another one runs. */
export function leaveTimer(ms: number): void {
  const array = collective.empty(Float32Array, 4);
  setTimeout(() => {
    collective.allreduce(new Float32Array(4)).catch((error: { code: string }) => leftovers.push(error.code));
    collective.allreduce(array).catch((error: { code: string }) => leftovers.push(error.code));
    try {
      collective.empty(Float32Array, 4);
    } catch (error) {
      leftovers.push((error as { code: string }).code);
    }
  }, ms);
}
export async function readLeftovers(ms: number): Promise<string[]> {
  await collective.barrier();
  await sleep(ms);
  await collective.barrier();
  return leftovers;
}
export function badResult(kind: string): unknown {
  switch (kind) {
    case 'function':
      return { deep: [1, { onDone: () => 1 }] };
    case 'promise':
      return [Promise.resolve(1)];
    case 'symbol':
      return new Map([['key', Symbol('s')]]);
    case 'getter':
      return Object.defineProperty({}, 'x', {
        enumerable: true,
        get: () => {
          throw new Error('no');
        },
      });
    default:
      return 'x'.repeat(20_000);
  }
}
export function windowResult(): { array: Float32Array } {
  return { array: collective.empty(Float32Array, 4).fill(context.rank + 1) };
}
export async function launchInside(): Promise<string> {
  return launch({ workers: 1 }).then(
    () => 'launched',
    (error: { code: string }) => error.code,
  );
}
export function failUntil(): never {
  throw new Error(`attempt ${context.attempt}`);
}
export async function blocking(): Promise<number[]> {
  const x = Float64Array.of(context.rank + 1);
  const results: number[] = [];
  for (let i = 0; i < 50; i++) {
    // Awaited on even ranks, blocking on odd ones: one operation.
    const value = Float64Array.of(context.rank + i);
    if ((context.rank + i) % 2 === 0) await collective.allreduce(value);
    else collective.allreduceSync(value);
    results.push(value[0]!);
  }
  collective.broadcastSync(x, { root: context.size - 1 });
  collective.barrierSync();
  results.push(x[0]!);
  return results;
}
export function syncTimeout(): string {
  if (context.rank === 0) {
    try {
      collective.barrierSync({ timeoutMs: 30 });
    } catch (error) {
      return (error as { code: string }).code;
    }
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  try {
    collective.barrierSync();
    return 'nothing';
  } catch (error) {
    return (error as { code: string }).code;
  }
}
export function uncaughtLater(): void {
  setTimeout(() => {
    throw new Error('after the task');
  }, 50);
}
/** Leaves a timer whose failing collective nobody handles. */
export function leaveUnhandled(ms: number): void {
  setTimeout(() => void collective.allreduce(new Float32Array(4)), ms);
}
/** Throws while a call that nobody awaits is under way. */
export function throwInFlight(): void {
  void collective.allreduce(new Float32Array(4));
  if (context.rank === 0) throw new Error('with a call in flight');
  void collective.barrier();
}
/** Throws while rank 0 sleeps in a call of a group inside the task, to which rank 1 never comes. */
export async function throwInGroup(): Promise<void> {
  const group = await collective.group([0, 1]);
  if (context.rank === 1) {
    await collective.recv(Float32Array, 0);
    return;
  }
  void group.barrier().catch(() => undefined);
  await sleep(50);
  throw new Error('with a call of a group in flight');
}
/** Leaves a timer that throws, or rejects without a handler. */
export function leaveError(kind: string, ms: number): void {
  setTimeout(() => {
    if (kind === 'throw') throw new Error('from a leftover');
    void Promise.reject(new Error('from a leftover'));
  }, ms);
}
