/** Task functions that go wrong, on purpose, on one rank or on all. */
import { existsSync, writeFileSync } from 'node:fs';
import { collective, context } from 'shoal/worker';

/** What a promise rejected with: its code, or `nothing`. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

/** Resolves when a rank has called {@link tell} with the same file, however late it got its core. */
async function told(file: string): Promise<void> {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 2));
}

function tell(file: string): void {
  writeFileSync(file, '');
}

/**
 * Every call of `calls` in turn; rank 1 makes the `other` one. Then one good call, to show that the group is usable.
 */
export async function disagree(
  what: string,
): Promise<{ code: string; calls: number; untouched: boolean; after: number }> {
  const odd = context.rank === 1;
  const array = new Float32Array(40).fill(context.rank);
  const call = (): Promise<unknown> => {
    switch (what) {
      case 'op':
        return collective.allreduce(array, { op: odd ? 'max' : 'sum' });
      case 'dtype':
        return collective.allreduce(odd ? new Float64Array(40) : array);
      case 'count':
        return collective.allreduce(odd ? array.subarray(1) : array);
      case 'large count':
        return collective.allreduce(new Float32Array(odd ? 100_000 : 100_001));
      case 'root':
        return collective.broadcast(array, { root: odd ? 1 : 0 });
      case 'name':
        return collective.allreduce(array, { name: odd ? 'b' : 'a' });
      case 'long name':
        return collective.allreduce(array, { name: 'x'.repeat(odd ? 300 : 301) });
      case 'end of a long name':
        return collective.allreduce(array, { name: `${'layer/'.repeat(20)}${odd ? 'kernel' : 'bias__'}` });
      case 'lone surrogate in a name':
        return collective.allreduce(array, { name: odd ? 'a\ud800' : 'a\ud801' });
      case 'operation':
        return odd ? collective.barrier() : collective.allreduce(array);
      default:
        return odd ? collective.allreduce(array, { op: 'median' as never }) : collective.allreduce(array);
    }
  };
  let code = 'nothing';
  let calls = 0;
  try {
    await call();
  } catch (error) {
    code = (error as { code: string }).code;
    calls = (error as { calls?: unknown[] }).calls?.length ?? 0;
  }
  const untouched = array.every((value) => value === context.rank);
  const after = (await collective.allreduce(Float64Array.of(1)))[0]!;
  return { code, calls, untouched, after };
}

/** Bad arguments on every rank: each rejects alone, nobody waits, the group stays usable. */
export async function badArguments(): Promise<string[]> {
  const { size } = context;
  const good = new Float32Array(4);
  const detached = new Float32Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const { allreduce, broadcast, barrier } = collective as unknown as Record<
    string,
    (...args: unknown[]) => Promise<unknown>
  >;
  const calls: Promise<unknown>[] = [
    allreduce!(),
    allreduce!([1, 2, 3]),
    allreduce!('text'),
    allreduce!(new DataView(new ArrayBuffer(8))),
    allreduce!(new Uint8ClampedArray(4)),
    allreduce!(detached),
    allreduce!(good, 7),
    allreduce!(good, { opp: 'sum' }),
    allreduce!(good, { op: 3 }),
    allreduce!(good, { dtype: 'float65' }),
    allreduce!(good, { dtype: 'float64' }),
    allreduce!(good, { out: new Float32Array(5) }),
    allreduce!(good, { out: new Float64Array(4) }),
    allreduce!(good, { out: new Float32Array(good.buffer, 4, 3) }),
    allreduce!(good, { name: 5 }),
    allreduce!(good, { timeoutMs: 0 }),
    allreduce!(good, { timeoutMs: NaN }),
    allreduce!(good, { timeoutMs: '5' }),
    allreduce!(good, { signal: {} }),
    allreduce!(good, {
      get op() {
        throw new Error('getter');
      },
    }),
    broadcast!(good, { root: size }),
    broadcast!(good, { root: -1 }),
    broadcast!(good, { root: 0.5 }),
    broadcast!(good, { root: '0' }),
    broadcast!(good, { op: 'sum' }),
    barrier!(good),
    allreduce!(good, { op: 'band' }),
    allreduce!(new Int16Array(3), { op: 'avg' }),
    allreduce!(new Uint8Array(3), { dtype: 'bool', op: 'avg' }),
    allreduce!(good, { dtype: 'bfloat16' }),
    allreduce!(new Float32Array(3), { dtype: 'complex64' }),
    allreduce!(good, { dtype: 'complex64', op: 'bxor' }),
    allreduce!(good, { accumulate: 'float32' }),
    allreduce!(new Uint16Array(3), { dtype: 'float16', op: 'max', accumulate: 'float32' }),
    allreduce!(new Uint16Array(3), { dtype: 'float16', accumulate: 'float64' }),
    allreduce!(good, { reproducible: true }),
    broadcast!(new Uint16Array(3), { dtype: 'complex64' }),
  ];
  const codes = await Promise.all(calls.map(codeOf));
  await collective.barrier();
  return codes;
}

/** A buffer in flight, used again. */
export async function busyBuffer(): Promise<string[]> {
  const array = new Float32Array(100).fill(1);
  const first = collective.allreduce(array);
  const second = codeOf(collective.allreduce(array));
  const overlapping = codeOf(collective.allreduce(array.subarray(50)));
  const out = codeOf(collective.allreduce(new Float32Array(100), { out: array }));
  await first;
  return [await second, await overlapping, await out, String(array[0])];
}

/** Only rank 0 calls; the others come when its deadline is over. */
export async function missing(
  timeoutMs: number,
  file: string,
): Promise<{ code: string; missing: number[]; later: string }> {
  const array = new Float32Array(10);
  if (context.rank !== 0) {
    await collective.barrier({ name: 'first' });
    await told(file);
    return { code: await codeOf(collective.allreduce(array)), missing: [], later: await codeOf(collective.barrier()) };
  }
  await collective.barrier({ name: 'first' });
  try {
    await collective.allreduce(array, { timeoutMs });
    return { code: 'nothing', missing: [], later: '' };
  } catch (error) {
    tell(file);
    const { code, missing: ranks } = error as { code: string; missing: { rank: number }[] };
    return { code, missing: ranks.map(({ rank }) => rank), later: await codeOf(collective.barrier()) };
  }
}

/** Rank `bad` throws while the others wait in a collective. */
export async function throwOn(bad: number, count: number): Promise<unknown> {
  await collective.barrier();
  if (context.rank === bad) throw Object.assign(new RangeError('no such shard'), { shard: 17, code: 'E_SHARD' });
  return collective.allreduce(new Float32Array(count));
}

/** As above, but the others catch what they get. */
export async function catchPeer(bad: number): Promise<unknown> {
  if (context.rank === bad) throw new RangeError('no such shard');
  try {
    await collective.allreduce(new Float32Array(10));
    return 'nothing';
  } catch (error) {
    const { code, rank, cause } = error as { code: string; rank: number; cause: Error };
    throw new Error(
      `${code} from rank ${rank}: ${cause.name} ${cause.message} ${String(cause.stack?.includes('catchPeer'))}`,
    );
  }
}

/** Names of blocking calls whose errors do not have the line of this function in their stacks. */
export function withoutMyLine(): string[] {
  const x = new Float32Array(context.rank + 1);
  const calls: Record<string, () => unknown> = {
    mismatch: () => collective.allreduceSync(x),
    mismatchOfLists: () => collective.allreduceSync([x, x]),
    mismatchOfPrepared: () => collective.allreduceInit(x).startSync(),
    wrongArgument: () => collective.broadcastSync(x, { root: 99 }),
    wrongRank: () => collective.sendSync(x, 99),
    wrongList: () => collective.allgatherSync(x, { out: [] }),
  };
  return Object.keys(calls).filter((name) => {
    try {
      calls[name]!();
      return true;
    } catch (error) {
      return !(error as Error).stack?.includes('withoutMyLine');
    }
  });
}

/** The last rank returns at once, the others make one call more. */
export async function leaveEarly(): Promise<unknown> {
  if (context.rank === context.size - 1) return 'left';
  return collective.allreduce(new Float32Array(10));
}

/** As above, but the error is caught: the ranks still end at different calls. */
export async function leaveEarlyCaught(): Promise<unknown> {
  return context.rank === context.size - 1 ? 'left' : codeOf(collective.barrier());
}

/** A signal on rank 0 fails the group everywhere. During the call: rank 1 does not come before it. */
export async function signalled(
  before: boolean,
  file: string,
): Promise<{ code: string; name: string; message: string; cause: unknown }> {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort('late');
    tell(file);
  };
  if (before) controller.abort('early');
  else if (context.rank === 0) setTimeout(abort, 20);
  try {
    if (context.rank === 0) await collective.barrier({ signal: controller.signal });
    else if (context.rank === 1 && !before) await told(file);
    await collective.barrier();
    if (context.rank !== 0) await collective.barrier();
    return { code: 'nothing', name: '', message: '', cause: undefined };
  } catch (error) {
    const { code, name, message, cause } = error as Error & { code: string };
    return { code, name, message, cause };
  }
}

/** A buffer that is transferred away while its call is under way. */
export async function detachInFlight(file: string): Promise<string> {
  const array = new Float32Array(300_000).fill(1);
  // The others come later: on rank 0 the call is under way when its buffer goes.
  if (context.rank !== 0) await told(file);
  const call = codeOf(collective.allreduce(array));
  if (context.rank === 0) {
    structuredClone(array.buffer, { transfer: [array.buffer] });
    tell(file);
  }
  return call;
}

/** The same, of one that is cut short, in the middle of its pieces. */
export async function shrinkInFlight(file: string): Promise<string> {
  const sizeBytes = 1_200_000;
  type Resizable = ArrayBuffer & { resize(sizeBytes: number): void };
  const ResizableBuffer = ArrayBuffer as unknown as new (sizeBytes: number, options: object) => Resizable;
  const buffer = new ResizableBuffer(sizeBytes, { maxByteLength: sizeBytes });
  const array = new Float32Array(buffer).fill(1);
  if (context.rank !== 0) await told(file);
  const call = codeOf(collective.allreduce(array));
  if (context.rank === 0) {
    buffer.resize(sizeBytes / 2);
    tell(file);
  }
  return call;
}

/** A collective that nobody awaits still ends before the task does. */
export async function notAwaited(): Promise<number> {
  const array = new Float32Array(10).fill(1);
  void collective.allreduce(array);
  await Promise.resolve();
  setTimeout(() => undefined, 1);
  return context.rank;
}

/** After each kind of failure the next call gets the same error; after a mismatch and a refusal it works. */
export async function callAfter(kind: string, file: string): Promise<string[]> {
  const { rank } = context;
  const array = new Float32Array(10);
  const calls: Promise<unknown>[] = [];
  switch (kind) {
    case 'mismatch':
      calls.push(rank === 0 ? collective.barrier() : collective.allreduce(array));
      break;
    case 'refusal':
      calls.push(collective.allreduce(array, { op: 'median' as never }));
      break;
    case 'timeout':
      if (rank === 0) calls.push(collective.barrier({ timeoutMs: 10 }));
      else await told(file);
      break;
    case 'signal':
      if (rank === 0) calls.push(collective.barrier({ signal: AbortSignal.abort() }));
      else await told(file);
  }
  const first = await Promise.all(calls.map(codeOf));
  if (rank === 0) tell(file);
  return [...first, await codeOf(collective.barrier()), await codeOf(collective.allreduce(array))];
}

/** Rank 1 skips a call: the next one differs by its name. */
export async function skip(): Promise<void> {
  const array = new Float32Array(10);
  if (context.rank !== 1) await collective.allreduce(array, { name: 'first' });
  await collective.allreduce(array, { name: 'second' });
}

export { codeOf };

/** An array that lies about its size is taken for what it is; what a prototype has is no option. */
export async function lying(): Promise<number[]> {
  const array = new Float32Array(10).fill(context.rank + 1);
  Object.defineProperties(array, { byteLength: { value: 4e9 }, length: { value: -1 }, byteOffset: { value: 1 } });
  Object.defineProperty(Object.prototype, 'op', { value: 'max', configurable: true });
  try {
    await collective.allreduce(array);
    await collective.allreduce(array, {});
  } finally {
    delete (Object.prototype as { op?: unknown }).op;
  }
  return [array[0]!, array[9]!];
}

/** Many calls in flight, all with one signal: the sum of their results, and how many warnings there were. */
export async function together(count: number): Promise<{ sum: number; warnings: number }> {
  let warnings = 0;
  const warned = (): void => {
    warnings++;
  };
  process.on('warning', warned);
  const { signal } = new AbortController();
  const arrays = Array.from({ length: count }, () => Int32Array.of(1));
  await Promise.all(arrays.map((array) => collective.allreduce(array, { signal })));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', warned);
  return { sum: arrays.reduce((sum, [one]) => sum + one!, 0), warnings };
}
