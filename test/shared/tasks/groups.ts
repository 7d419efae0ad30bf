/** Task functions of the groups suite: each returns what was wrong, in words, or what it has seen. */
import { anySource, anyTag, collective, context } from 'shoal/worker';
import type { CollectiveGroup } from 'shoal/worker';

/** Ranks of the task in a group, in the order of their ranks there. */
type Ranks = readonly number[];

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}

export async function codeIn(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'none';
  } catch (error) {
    return codeOf(error);
  }
}

/** The members whose ranks are alike, by keys that turn their order round. */
function sameRest(rest: number, by: number): Ranks {
  return Array.from({ length: context.size }, (_, rank) => rank)
    .filter((rank) => rank % by === rest)
    .reverse();
}

/** Every kind of call on a group, against what integers must give; `ranks` are its members. */
async function check(group: CollectiveGroup, ranks: Ranks, what: string): Promise<string[]> {
  const wrong: string[] = [];
  const expect = (name: string, got: unknown, want: unknown): void => {
    if (JSON.stringify(got) !== JSON.stringify(want)) {
      wrong.push(`${what} ${name}: ${JSON.stringify(got).slice(0, 80)}, not ${JSON.stringify(want).slice(0, 80)}`);
    }
  };
  const [self, size] = [ranks.indexOf(context.rank), ranks.length];
  const sum = ranks.reduce((total, rank) => total + rank + 1, 0);
  expect('rank', [group.rank, group.size], [self, size]);
  for (const count of [1, 500, 70_000]) {
    for (const place of ['plain', 'window']) {
      const make = (): Int32Array => (place === 'plain' ? new Int32Array(count) : group.empty(Int32Array, count));
      const x = make().fill(context.rank + 1);
      await group.allreduce(x);
      expect(`allreduce ${count} ${place}`, [x[0], x[count - 1]], [sum, sum]);
      x.fill(context.rank);
      await group.broadcast(x, { root: size - 1 });
      expect(`broadcast ${count} ${place}`, [x[0], x[count - 1]], [ranks[size - 1], ranks[size - 1]]);
      x.fill(context.rank);
      const all = await group.allgather(x);
      expect(
        `allgather ${count} ${place}`,
        ranks.map((_, i) => all[(i + 1) * count - 1]),
        ranks,
      );
      if (place === 'window') group.free(x);
    }
  }
  expect(
    'objects',
    await group.allgatherObject({ rank: context.rank }),
    ranks.map((rank) => ({ rank })),
  );
  const { data } = await group.sendrecv(
    Int32Array.of(context.rank),
    (self + 1) % size,
    Int32Array,
    (self + size - 1) % size,
  );
  expect('sendrecv', data[0], ranks[(self + size - 1) % size]);
  await group.barrier();
  return wrong;
}

/** Groups by the rest of each rank, with keys that turn the order round; and groups of these. */
export async function splits(by: number): Promise<string[]> {
  const rest = context.rank % by;
  const group = await collective.split(rest, -context.rank);
  const ranks = sameRest(rest, by);
  const wrong = await check(group, ranks, `color ${rest}`);
  const half = group.rank % 2;
  const inner = await group.split(half);
  wrong.push(
    ...(await check(
      inner,
      ranks.filter((_, i) => i % 2 === half),
      `color ${rest}, ${half}`,
    )),
  );
  inner.close();
  wrong.push(...(await check(group, ranks, `color ${rest} again`)));
  group.close();
  group.close();
  const closed = await codeIn(() => group.barrier());
  if (closed !== 'ERR_SHOAL_CLOSED') wrong.push(`closed: ${closed}`);
  if ((await collective.allreduce(1)) !== context.size) wrong.push('the task');
  return wrong;
}

/** Ranks that give no color are in no group. */
export async function someOnly(): Promise<string[]> {
  const isIn = context.rank % 2 === 0;
  const group = await collective.split(isIn ? 7 : undefined);
  if (!isIn) return group === undefined ? [] : ['a group without a color'];
  const wrong = group ? await check(group, sameRest(0, 2).slice().reverse(), 'even') : ['no group'];
  group?.close();
  return wrong;
}

/** Each rank is in two overlapping groups and in that of the task, with calls in flight in all of them. */
export async function overlapping(rounds: number): Promise<string[]> {
  const { rank, size } = context;
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  if (size === 1) return [];
  // Both at a time; members alone take part.
  const [up, down] = await Promise.all(
    size === 2 ? [collective.group([0, 1]), collective.group([1, 0])] : [pair(rank, next), pair(before, rank)],
  );
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const count = [1, 300, 20_000][round % 3]!;
    const [a, b, c] = [up, down, collective].map(() => new Float64Array(count).fill(rank + round));
    const calls = [() => up.allreduce(a!), () => down.allreduce(b!), () => collective.allreduce(c!)];
    // In another order on each rank.
    const order = [0, 1, 2].map((i) => (i + rank + round) % 3);
    await Promise.all(order.map((i) => calls[i]!()));
    const sums = [rank + next, before + rank, (size * (size - 1)) / 2].map(
      (sum, i) => sum + round * (i < 2 ? 2 : size),
    );
    const got = [a![count - 1], b![0], c![count - 1]];
    if (sums.join() !== got.join()) wrong.push(`round ${round}: ${got.join()}, not ${sums.join()}`);
  }
  up.close();
  down.close();
  return wrong;

  function pair(first: number, second: number): Promise<CollectiveGroup> {
    return collective.group([first, second]);
  }
}

/** Prepared and blocking calls of two groups, where a thread may block. */
export function blocking(): string[] {
  const group = collective.splitSync(context.rank % 2);
  const members = group.size;
  const x = group.empty(Float32Array, 100).fill(1);
  const sum = group.allreduceInit(x);
  for (let i = 0; i < 3; i++) sum.startSync();
  sum.free();
  const wrong = x[99] === members ** 3 ? [] : [`${x[99]}`];
  const pair = collective.groupSync([context.rank]);
  if (pair.allreduceSync(5) !== 5) wrong.push('alone');
  pair.close();
  group.barrierSync();
  group.close();
  return wrong;
}

/** A grid of 2 × 3 ranks: places, neighbours, rows and columns, and ranks beyond it. */
export async function grid(): Promise<unknown> {
  const cart = await collective.cart([2, 3], { periodic: [false, true] });
  if (!cart) return 'outside';
  const [row, column] = [await cart.row(), await cart.column()];
  const sums = [await row.allreduce(cart.rank), await column.allreduce(cart.rank)];
  const right = cart.shift(1, 1);
  const { data } = await cart.sendrecv(Int32Array.of(cart.rank), right.dest!, Int32Array, right.source!);
  const seen = {
    coords: cart.coords,
    down: cart.shift(0, 1),
    right,
    sums,
    left: data[0],
    dims: [row.dims, column.dims],
  };
  const codes = [
    await codeIn(() => cart.rankAt([2, 0])),
    await codeIn(() => cart.shift(2, 1)),
    await codeIn(() => cart.coordsOf(6)),
    await codeIn(() => row.column()),
  ];
  const outside = cart.rankAt([1, -1]);
  row.close();
  column.close();
  cart.close();
  return { ...seen, codes, outside };
}

/** Bad arguments: the same code on every rank that is concerned, and the group is usable after each. */
export async function badArguments(): Promise<string[]> {
  const { rank, size } = context;
  const any = collective as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const wrong: string[] = [];
  const expect = async (what: string, want: string, run: () => unknown): Promise<void> => {
    const got = await codeIn(run);
    if (got !== want) wrong.push(`${what}: ${got}, not ${want}`);
  };
  const invalid = 'ERR_SHOAL_INVALID_ARGUMENT';
  const mismatch = 'ERR_SHOAL_COLLECTIVE_MISMATCH';
  for (const color of [-1, 1.5, 2 ** 31, '1', null])
    await expect(`color ${String(color)}`, invalid, () => any.split!(color));
  await expect('key', invalid, () => any.split!(0, 0.5));
  await expect('option', invalid, () => any.split!(0, 0, { root: 0 }));
  await expect('dims', invalid, () => any.cart!([size + 1]));
  await expect('no dims', invalid, () => any.cart!([]));
  await expect('periodic', invalid, () => any.cart!([1], { periodic: [true, false] }));
  const alone = size === 1 ? invalid : rank === 0 ? invalid : mismatch;
  await expect('one rank gives a bad color', alone, () => any.split!(rank === 0 ? -1 : 0));
  await expect('one rank gives bad dims', alone, () => any.cart!(rank === 0 ? [0] : [1]));
  if (size > 1) {
    await expect('other dims', mismatch, () => collective.cart(rank === 0 ? [1, 2] : [2, 1]));
    await expect('another call', mismatch, () => (rank === 0 ? collective.barrier() : collective.split(0)));
    await expect('not among the ranks', invalid, () => collective.group([(rank + 1) % size]));
  }
  for (const ranks of [[], [rank, rank], [rank, size], [rank, -1], rank, undefined]) {
    await expect(`ranks ${String(ranks)}`, invalid, () => any.group!(ranks));
  }
  const group = await collective.split(0);
  const inFlight = group.recv(Int32Array, group.rank);
  await expect('in flight', invalid, () => {
    group.close();
  });
  await group.send(Int32Array.of(1), group.rank);
  await inFlight;
  group.close();
  if ((await collective.allreduce(1)) !== size) wrong.push('the task');
  return wrong;
}

/**
 * What `group` rejects with on a rank. The deadline of rank 0 is short and begins when `others` are in their calls,
 * however late they start.
 */
async function groupError(list: number[], others: number[]): Promise<unknown> {
  const { rank } = context;
  const isFirst = rank === 0;
  if (isFirst) for (const other of others) await collective.recv(Int32Array, other);
  const made = collective.group(list, { timeoutMs: isFirst ? 500 : 60_000 }).catch((error: unknown) => error);
  if (!isFirst) await collective.send(Int32Array.of(rank), 0);
  const { code, message } = (await made) as { code: string; message: string };
  return { code, message };
}

/** Each member begins the list with itself. */
export function otherOrder(): Promise<unknown> {
  const { rank, size } = context;
  const ranks = Array.from({ length: size }, (_, i) => i);
  return groupError(
    ranks.map((i) => (i + rank) % size),
    ranks.slice(1),
  );
}

/** Rank 1 leaves out one that rank 0 has. */
export async function otherRanks(): Promise<unknown> {
  const { rank } = context;
  if (rank > 1) {
    await collective.barrier().catch(() => undefined);
    return undefined;
  }
  return groupError(rank === 0 ? [0, 1, 2] : [0, 1], [1]);
}

/** The deadline of a call fails its group alone, on all members. Returns codes: of the call, of a later one, of others. */
export async function groupFails(): Promise<unknown[]> {
  const { rank, size } = context;
  const [one, other] = [await collective.split(0), await collective.split(0)];
  const last = rank === size - 1;
  const first = await codeIn(async () => {
    if (last) await collective.recv(Int32Array, 0);
    await one.allreduce(1, { timeoutMs: last ? 10_000 : 200 });
  }).finally(() => (rank === 0 ? collective.send(Int32Array.of(1), size - 1) : undefined));
  const later = await codeIn(() => one.barrier());
  one.close();
  const sum = await other.allreduce(1);
  other.close();
  return [first, later, sum, await collective.allreduce(1)];
}

/** A member leaves: who still calls hears of it. */
export async function memberLeaves(): Promise<string> {
  const group = await collective.split(0);
  if (context.rank === 0) {
    group.close();
    return 'left';
  }
  return codeIn(() => group.barrier());
}

/** Messages of one group are not received in another. */
export async function messagesApart(): Promise<unknown> {
  const { rank, size } = context;
  const [a, b] = [await collective.split(0), await collective.split(0, -rank)];
  const dest = (rank + 1) % size;
  await a.send(Int32Array.of(1), dest, { tag: 5 });
  await b.send(Int32Array.of(2), size - 1 - dest, { tag: 5 });
  await collective.send(Int32Array.of(3), dest, { tag: 5 });
  const got = [];
  for (const each of [collective, b, a]) got.push((await each.recv(Int32Array, anySource, { tag: anyTag })).data[0]);
  a.close();
  b.close();
  return got;
}

/** A node-shared array belongs to the group that made it. */
export async function sharedArrays(): Promise<unknown> {
  const group = await collective.split(context.rank % 2);
  const shared = await group.emptyShared(Float64Array, 100);
  await group.allreduce(new Float64Array(100).fill(1), { out: shared });
  const sum = shared[99];
  const elsewhere = await codeIn(() => collective.allreduce(new Float64Array(100), { out: shared }));
  group.free(shared);
  group.close();
  return [sum === group.size, elsewhere, await collective.allreduce(1)];
}

/** Groups made and closed again and again leave nothing in the window. */
export async function manyGroups(count: number): Promise<string[]> {
  const { rank, size } = context;
  for (let i = 0; i < count; i++) {
    const group =
      i % 2 === 0 ? await collective.split(i % 4 === 0 ? 0 : rank % 2) : await collective.group(everyRank(size));
    if (i % 8 === 0) await group.allreduce(new Float32Array(200));
    if (i % 16 === 3) await group.send(Int32Array.of(i), (group.rank + 1) % group.size);
    if (i % 16 === 3) await group.recv(Int32Array, anySource);
    group.close();
  }
  return [];
}

function everyRank(size: number): number[] {
  return Array.from({ length: size }, (_, rank) => rank);
}

/** So many groups that one rank has no room: the same code on all, and room again when they are closed. */
export async function noRoom(): Promise<unknown[]> {
  const hog = context.rank === 0 ? fillWindow() : [];
  const open: CollectiveGroup[] = [];
  let code = 'none';
  while (code === 'none' && open.length < 2_000) {
    code = await codeIn(async () => open.push(await collective.split(0)));
  }
  for (const group of open) group.close();
  for (const array of hog) collective.free(array);
  const again = await codeIn(async () => {
    const group = await collective.split(0);
    await group.barrier();
    group.close();
  });
  return [code, again];
}

/** Leave room for a few groups alone. */
function fillWindow(): Uint8Array[] {
  const arrays: Uint8Array[] = [];
  for (let sizeBytes = 2 ** 22; sizeBytes >= 2 ** 20;) {
    try {
      arrays.push(collective.empty(Uint8Array, sizeBytes));
    } catch {
      sizeBytes /= 2;
    }
  }
  return arrays;
}

/** One rank throws while the others wait in a group that it is not in. */
export async function throwsElsewhere(): Promise<void> {
  const group = await collective.split(context.rank === 0 ? 0 : 1);
  if (context.rank === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Error('rank 0 of the task');
  }
  if (group.rank === 0) await collective.recv(Int32Array, 0);
  else await group.barrier();
}

/** A call of a group that nobody awaits. */
export async function notAwaited(): Promise<void> {
  const group = await collective.split(0);
  if (context.rank === 0) void group.barrier();
  else await group.barrier();
}
