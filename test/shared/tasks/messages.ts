/** Task functions of the messages suite: each returns what was wrong, in words, or what it has seen. */
import { anySource, anyTag, collective, context } from 'shoal/worker';
import type { TypedArray } from 'shoal/worker';
import { classOf, dtypes, fill } from './oracle.js';
import type { TestDtype } from './oracle.js';

/** Around the sizes at which messages take another way: in the ring, over the wire, through chunks and pieces. */
const counts = [0, 1, 7, 8, 31, 500, 1_024, 1_025, 4_097, 40_000, 400_003];

export type Place = 'plain' | 'window' | 'odd';

export function make(place: Place, dtype: TestDtype, count: number): TypedArray {
  const Class = classOf[dtype] as typeof Float32Array;
  if (place === 'window') return collective.empty(Class, count);
  const offset = place === 'odd' ? Class.BYTES_PER_ELEMENT : 0;
  return new Class(new ArrayBuffer(count * Class.BYTES_PER_ELEMENT + 2 * offset), offset, count);
}

/** Every dtype to the next rank and from the one before, from and to each place, in all forms. */
export async function ring(from: Place, to: Place): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  for (const dtype of dtypes) {
    for (const count of dtype === 'float32' ? counts : [1, 40, 5_000]) {
      const [mine, theirs, want] = [make(from, dtype, count), make(to, dtype, count), make('plain', dtype, count)];
      fill(mine, dtype, rank);
      fill(want, dtype, before);
      const coming = collective.recv(theirs, before, { tag: count });
      await collective.send(mine, next, { tag: count });
      const got = await coming;
      const facts = got.data === theirs && got.source === before && got.tag === count && got.count === count;
      if (!facts) wrong.push(`${dtype} × ${count}: ${JSON.stringify([got.source, got.tag, got.count])}`);
      if (!same(theirs, want)) wrong.push(`${dtype} × ${count}: other elements`);
      if (from === 'window') collective.free(mine);
      if (to === 'window') collective.free(theirs);
    }
  }
  return wrong;
}

export function same(a: TypedArray, b: TypedArray): boolean {
  const bytes = (x: TypedArray): Buffer => Buffer.from(x.buffer as ArrayBuffer, x.byteOffset, x.byteLength);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}

/** Rank 0 takes messages of all in whatever order they come; each of one rank in its order. */
export async function fromAnybody(count: number): Promise<number[][]> {
  const { rank, size } = context;
  if (rank !== 0) {
    for (let i = 0; i < count; i++) await collective.send(Float64Array.of(rank, i), 0, { tag: i % 3 });
    return [];
  }
  const seen: number[][] = Array.from({ length: size }, () => []);
  for (let i = 0; i < count * (size - 1); i++) {
    const { data, source, tag } = await collective.recv(Float64Array, anySource, { tag: anyTag });
    if (data[0] !== source || tag !== data[1]! % 3) throw new Error(`rank ${source} tag ${tag}: ${data.join()}`);
    seen[source]!.push(data[1]!);
  }
  return seen;
}

/** `ERR_SHOAL_…`, or `nothing`. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

const dtypeClasses = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const;

/** Rank 0 sends each of the 15 dtypes to the last, which knows them by probe, and receives arrays and classes. */
export async function everyDtype(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  for (const [dtype, Class] of Object.entries(dtypeClasses)) {
    const options = { dtype: dtype as keyof typeof dtypeClasses, tag: 5 };
    const bytes = Uint8Array.from({ length: 48 }, (_, i) => i * 5);
    const sent = new Class(bytes.slice().buffer) as Float32Array;
    const coming = rank === size - 1 ? collective.probe(0, { tag: 5 }) : undefined;
    const own = rank === 0 ? collective.send(sent, size - 1, options) : undefined;
    if (coming) {
      const seen = await coming;
      const perElement = dtype.startsWith('complex') ? 2 : 1;
      if (seen.dtype !== dtype || seen.count !== sent.length / perElement) wrong.push(JSON.stringify(seen));
      const { data } = await collective.recv(Class as typeof Float32Array, 0, options);
      if (!same(data, sent) || data.constructor !== Class)
        wrong.push(`${dtype}: ${data.constructor.name} ${data.join()}`);
    }
    await own;
  }
  return wrong;
}

/** Messages of several tags and lengths, received in another order than they were sent in. */
export async function otherOrder(lengths: readonly number[]): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const to = (rank + 1) % size;
  const from = (rank + size - 1) % size;
  const arrays = lengths.map((length, i) => new Float64Array(length).fill(rank * 1000 + i));
  const sends = arrays.map((array, tag) => collective.send(array, to, { tag }));
  for (const [tag, length] of [...lengths.entries()].reverse()) {
    const into = new Float64Array(length + 3).fill(-1);
    const { count } = await collective.recv(into, from, { tag });
    const isRight = count === length && into.every((x, i) => x === (i < length ? from * 1000 + tag : -1));
    if (!isRight) wrong.push(`tag ${tag}: ${count} of ${length}`);
  }
  await Promise.all(sends);
  return wrong;
}

/** A message that is too long, or of another dtype, is lost; the next is right, and the sender notices nothing. */
export async function misfits(length: number): Promise<unknown[]> {
  const { rank, size } = context;
  const [to, from] = [(rank + 1) % size, (rank + size - 1) % size];
  const sends = [7, 8, 9].map((x) => collective.send(new Float32Array(length).fill(x), to));
  const short = new Float32Array(length - 1).fill(3);
  const error = (await collective.recv(short, from).catch((each: unknown) => each)) as Record<string, unknown>;
  const other = await codeOf(collective.recv(new Int32Array(length), from));
  const { data, count } = await collective.recv(new Float32Array(length), from);
  await Promise.all(sends);
  const untouched = short.every((x) => x === 3);
  return [error.code, error.source === from, error.count, error.capacity, untouched, other, data[length - 1], count];
}

/** Arrays that are detached while a message is awaited: the message is lost, the next one is whole. */
export async function detachedTargets(length: number): Promise<string[]> {
  const { rank, size } = context;
  const [to, from] = [(rank + 1) % size, (rank + size - 1) % size];
  const arrays = [new Float64Array(length), new Float64Array(length), new Float64Array(length)];
  const [plain, strided, last] = arrays as [Float64Array, Float64Array, Float64Array];
  const axes = { shape: [length / 2], strides: [2] };
  const calls = [
    collective.recv(plain, from),
    collective.recv({ data: strided, ...axes } as never, from),
    collective.recv(last, from),
  ];
  const texts = calls.slice(0, 2).map((call) => call.then(String, (error: Error) => error.message));
  const codes = calls.slice(0, 2).map(codeOf);
  for (const { buffer } of [plain, strided]) structuredClone(buffer, { transfer: [buffer] });
  await collective.barrier(); // nobody has sent before
  const mine = [1, length / 2, length].map((count, i) => collective.send(new Float64Array(count).fill(i), to));
  const wrong = (await Promise.all(codes)).filter((code) => code !== 'ERR_SHOAL_INVALID_ARGUMENT');
  wrong.push(...(await Promise.all(texts)).filter((text) => !text.includes('recv: expected the buffer to stay')));
  wrong.push(...(await Promise.all(texts)).filter((text) => !text.includes('but it was detached.')));
  const { count } = await calls[2]!;
  await Promise.all(mine);
  return count === length && last.every((x) => x === 2) ? wrong : [...wrong, `${count} elements, ${last[0]}`];
}

/** Each sends itself. */
export async function toSelf(): Promise<unknown[]> {
  const { rank } = context;
  const short = Float64Array.of(1, 2, 3);
  await collective.send(short, rank);
  short.fill(0);
  const first = (await collective.recv(Float64Array, rank)).data.join();
  const long = new Float64Array(50_000).fill(5);
  const send = collective.send(long, rank, { tag: 1 });
  const { data } = await collective.recv(Float64Array, anySource, { tag: anyTag });
  await send;
  const posted = collective.recv(Float64Array, rank);
  await collective.send(long, rank);
  const third = (await posted).count;
  const { data: halo } = await collective.sendrecv(Float64Array.of(8), rank, Float64Array, rank);
  return [first, data.length, data[49_999], third, halo.join()];
}

/** Halves of a ring shifted to both sides, long and short. */
export async function shifts(length: number): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const [right, left] = [(rank + 1) % size, (rank + size - 1) % size];
  const mine = new Float32Array(length).fill(rank + 1);
  for (let step = 0; step < 5; step++) {
    const into = new Float32Array(length);
    const got = await collective.sendrecv(mine, right, into, left, { sendTag: step, recvTag: step });
    if (got.data !== into || got.source !== left || !into.every((x) => x === left + 1)) wrong.push(`step ${step}`);
    const back = await collective.sendrecv(mine, left, Float32Array, anySource, { sendTag: 9, recvTag: 9 });
    if (back.source !== right || !back.data.every((x) => x === right + 1)) wrong.push(`back ${step}`);
  }
  return wrong;
}

/** Bad arguments: each is refused on its rank alone, nobody waits, and the group stays usable. */
export async function badArguments(): Promise<string[]> {
  const { size, rank } = context;
  const good = new Float32Array(4);
  const detached = new Float32Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const freed = collective.empty(Float32Array, 4);
  collective.free(freed);
  const shared = await collective.emptyShared(Float32Array, 4);
  const { send, recv, sendrecv, probe } = collective as unknown as Record<
    string,
    (...args: unknown[]) => Promise<unknown>
  >;
  const codes: string[] = [];
  const calls = (): Promise<unknown>[] => [
    send!(),
    send!(good),
    send!(good, size),
    send!(good, -1),
    send!(good, 0.5),
    send!(good, '0'),
    send!([1], 0),
    send!(detached, 0),
    send!(freed, 0),
    send!(good, 0, 7),
    send!(good, 0, { tag: -1 }),
    send!(good, 0, { tag: 2 ** 31 }),
    send!(good, 0, { tag: anyTag }),
    send!(good, anySource),
    send!(good, 0, { root: 0 }),
    send!(good, 0, { name: 'x' }),
    send!(good, 0, { timeoutMs: 0 }),
    send!(good, 0, { signal: {} }),
    send!(good, 0, { dtype: 'float64' }),
    recv!(),
    recv!(good),
    recv!(good, size),
    recv!(good, anyTag),
    recv!(good, 0, { tag: 1.5 }),
    recv!(good, 0, { tag: anySource }),
    recv!(Map, 0),
    recv!(detached, 0),
    recv!(freed, 0),
    recv!(shared, 0),
    recv!({ data: good, shape: [4], strides: [0] }, 0),
    sendrecv!(good, 0, good, 0),
    sendrecv!(good, 0, good.subarray(3), 0),
    sendrecv!(good, 0, new Float32Array(4), 0, { tag: 1 }),
    probe!(size),
    probe!(0, { dtype: 'int8' }),
  ];
  for (const call of calls()) codes.push(await codeOf(call));
  const receives = collective.recv(good, rank, { tag: 1 });
  codes.push(await codeOf(collective.recv(good, rank, { tag: 2 })), await codeOf(collective.send(good, rank)));
  codes.push(await codeOf(collective.allreduce(good)));
  await collective.send(new Float32Array(4), rank, { tag: 1 });
  await receives;
  const others = codes.filter((code) => code !== 'ERR_SHOAL_INVALID_ARGUMENT');
  // Of the array that was freed.
  if (others.splice(0, 2).join() !== 'ERR_SHOAL_CLOSED,ERR_SHOAL_CLOSED') others.push('freed');
  const sum = await collective.allreduce(Float64Array.of(1));
  if (sum[0] !== size) others.push('the group is not usable');
  return others;
}

/** One array is sent to all at once, and by several calls. */
export async function sameArrayToAll(): Promise<number> {
  const { rank, size } = context;
  const mine = new Float64Array(30_000).fill(rank + 1);
  const sends = Array.from({ length: size }, (_, dest) => collective.send(mine, dest));
  let sum = 0;
  for (let source = 0; source < size; source++) sum += (await collective.recv(Float64Array, source)).data[29_999]!;
  await Promise.all(sends);
  return sum;
}

/** Views with strides: every second element goes to every third. */
export async function strided(): Promise<string[]> {
  const { rank, size } = context;
  const [to, from] = [(rank + 1) % size, (rank + size - 1) % size];
  const wrong: string[] = [];
  for (const length of [5, 3_000]) {
    const data = Float32Array.from({ length: 2 * length }, (_, i) => i + rank);
    const into = new Float32Array(3 * length + 3).fill(-1);
    const coming = collective.recv({ data: into, shape: [length + 1], strides: [3] }, from);
    await collective.send({ data, shape: [length], strides: [2] }, to);
    const { count } = await coming;
    const want = into.map((_, i) => (i % 3 === 0 && i < 3 * length ? (i / 3) * 2 + from : -1));
    if (count !== length || !same(into, want)) wrong.push(`${length}: ${into.slice(0, 12).join()}`);
  }
  return wrong;
}

/** Rank 0 sends messages of so many elements, rank 1 receives them from the last to the first. */
export async function fromTheLast(messages: number, length: number): Promise<unknown> {
  const { rank } = context;
  const tags = Array.from({ length: messages }, (_, tag) => tag);
  if (rank === 0) {
    const arrays = tags.map((tag) => new Float64Array(length).fill(tag));
    await Promise.all(arrays.map((array, tag) => collective.send(array, 1, { tag })));
  }
  if (rank !== 1) return 'all';
  const into = new Float64Array(length);
  for (const tag of tags.reverse()) {
    await collective.recv(into, 0, { tag });
    if (!into.every((element) => element === tag)) return `message ${tag} has ${into[0]} … ${into.at(-1)}`;
  }
  return 'all';
}

/** Rank 0 sends more than rank 1 keeps, and that waits for what comes last. */
export async function beyondRoom(messages: number, timeoutMs: number): Promise<unknown> {
  const { rank } = context;
  const wait = async (): Promise<void> => {
    if (rank > 1) await collective.barrier();
    if (rank === 1) await collective.recv(Float64Array, 0, { tag: messages, timeoutMs });
    if (rank > 0) return;
    const array = new Float64Array(1_024);
    const sends = Array.from({ length: messages + 1 }, (_, tag) => collective.send(array, 1, { tag }));
    await Promise.all(sends);
  };
  const { code, message, cycle } = (await wait().catch((error: unknown) => error)) as Error & Record<string, unknown>;
  return { code, message, cycle };
}

/** Who waits for whom. */
export async function deadlock(how: 'ring' | 'chain' | 'anybody' | 'send', timeoutMs: number): Promise<unknown> {
  const { rank, size } = context;
  const array = new Float32Array(how === 'send' ? 100_000 : 1);
  const to = (rank + 1) % size;
  const longer = { timeoutMs: rank === 0 ? timeoutMs : 60_000 };
  const wait = (): Promise<unknown> => {
    if (how === 'send') return collective.send(array, to, longer);
    if (how === 'anybody') return collective.recv(array, anySource, { ...longer, tag: anyTag });
    // The last of a chain is in a collective.
    if (how === 'chain' && rank === size - 1) return collective.barrier({ timeoutMs: 60_000 });
    return collective.recv(array, to, { ...longer, tag: 3 });
  };
  const error = (await wait().catch((each: unknown) => each)) as Error & {
    code: string;
    cycle?: number[];
    missing?: { rank: number }[];
  };
  const later = [await codeOf(collective.send(array, to)), await codeOf(collective.barrier())];
  return {
    code: error.code,
    message: error.message,
    cycle: error.cycle,
    missing: error.missing?.map((m) => m.rank),
    later,
  };
}

/** A signal on rank 0 while all wait for a message. */
export async function signalled(before: boolean): Promise<unknown[]> {
  const { rank, size } = context;
  const controller = new AbortController();
  if (before && rank === 0) controller.abort('early');
  const options = rank === 0 ? { signal: controller.signal, tag: 4 } : {};
  const waiting = collective.recv(Float32Array, (rank + 1) % size, options);
  if (!before && rank === 0) setTimeout(() => controller.abort('late'), 20);
  const error = (await waiting.catch((each: unknown) => each)) as Error & { code: string };
  return [error.code, error.cause, error.message];
}

/** Rank 0 receives what nobody sends any more, and sends what nobody receives. */
export async function afterReturn(): Promise<string[]> {
  const { rank, size } = context;
  if (rank !== 0) {
    await collective.send(Float32Array.of(rank), 0, { tag: 1 });
    return [];
  }
  const codes: string[] = [];
  codes.push(await codeOf(collective.recv(Float32Array, 1, { tag: 2 })));
  codes.push(await codeOf(collective.send(new Float32Array(100_000), 1)));
  for (let i = 1; i < size; i++) codes.push(await codeOf(collective.recv(Float32Array, anySource, { tag: 1 })));
  codes.push(await codeOf(collective.recv(Float32Array, anySource, { tag: 1 })));
  return codes;
}

/** Rank 0 sends more than rank 1 keeps, which it receives late and last first. */
export async function flood(messages: number, length: number): Promise<unknown> {
  const { rank } = context;
  if (rank > 1) return undefined;
  if (rank === 1) {
    await collective.recv(Float64Array, 0, { tag: 9 });
    for (let i = 0; i < messages; i++) {
      const { data } = await collective.recv(Float64Array, 0);
      if (data[0] !== i || data.length !== length) return `message ${i} is ${data[0]}`;
    }
    return 'all';
  }
  await collective.send(Float64Array.of(1), 1, { tag: 9 });
  const sends: Promise<void>[] = [];
  for (let i = 0; i < messages; i++) sends.push(collective.send(new Float64Array(length).fill(i), 1));
  await Promise.all(sends);
  return 'all';
}

/** Rank 0 floods rank 1, which receives nothing before it is over: the deadline ends it. */
export async function floodUntil(timeoutMs: number): Promise<string> {
  const { rank } = context;
  if (rank === 1) return codeOf(collective.recv(Float64Array, 0, { tag: 1 }));
  if (rank > 1) return codeOf(collective.barrier());
  const array = new Float64Array(1_024);
  let code = 'nothing';
  for (let i = 0; i < 20_000 && code === 'nothing'; i++) {
    code = await codeOf(collective.send(array, 1, { timeoutMs }));
  }
  return code;
}

/** Rank `thrower` throws while the others wait for its message. */
export async function throwWhileAwaited(thrower: number): Promise<void> {
  const { rank, size } = context;
  if (rank !== thrower) {
    await collective.recv(Float32Array, thrower);
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, size));
  throw new RangeError('no such shard');
}
