/** Calls of two ranks that fail, in all ways: the first line of each error is to be the one below that waits for it. */
import { collective, context } from 'shoal/worker';
import type { Collective, CollectiveGroup } from 'shoal/worker';
import * as ray from 'shoal/ray';
import { lineProblem } from '../../support/first-line.js';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

const file = 'tasks/caller-lines';
const timeoutMs = 20;
const bad = Symbol('no argument');
const ones = (count = 4): Float32Array => new Float32Array(count).fill(1);
const long = 1_000_000;
const other = (): number => 1 - context.rank;
/** Methods that calls are made with. */
const names = Object.keys(collective).filter((name) => !['rank', 'size', 'current'].includes(name));

/** What is wrong with the lines of some calls. */
async function problems(calls: readonly (readonly [string, () => unknown])[]): Promise<string[]> {
  const found: string[] = [];
  for (const [name, call] of calls) {
    const problem = await lineProblem(name, file, call);
    if (problem !== undefined) found.push(problem);
  }
  return found;
}

/** Every method of something, with arguments that it does not take. */
function all(what: string, of: object, methods: readonly string[] = names): (readonly [string, () => unknown])[] {
  return methods.map((name) => [`${what}.${name}`, async () => await (of as Methods)[name]!(bad, bad, bad, bad, bad)]);
}

export async function badArguments(): Promise<string[]> {
  const group = await collective.split(0);
  const cart = (await collective.cart([2]))!;
  const bucket = group.bucket();
  const ofCart = ['coordsOf', 'rankAt', 'shift', 'sub', 'subSync', 'row', 'rowSync', 'column', 'columnSync'];
  const found = await problems([
    ...all('collective', collective),
    ...all('current()', collective.current()),
    ...all('group', group),
    ...all('cart', cart, ofCart),
    ...all('bucket', bucket, ['add']),
    ...all(
      'ray',
      ray,
      Object.keys(ray).filter((name) => !['ReduceOp', 'isGroupInitialized'].includes(name)),
    ),
    ['post', () => context.post(() => bad)],
    ['start', async () => await collective.allreduceInit(ones()).start(bad as never)],
    [
      'close',
      async () => {
        const sent = group.send(ones(long), other());
        try {
          group.close();
        } finally {
          await group.recv(Float32Array, other());
          await sent;
        }
      },
    ],
  ]);
  return found;
}

/** A group that a deadline has failed, and one that was closed. */
export async function deadGroups(): Promise<string[]> {
  const [failed, closed] = [await collective.split(0), await collective.split(0)];
  const [prepared, bucket] = [failed.allreduceInit(ones()), failed.bucket()];
  const first = async (): Promise<unknown> => {
    if (context.rank === 0) {
      await failed.barrier({ timeoutMs });
      return;
    }
    return await failed.recv(ones(), 0);
  };
  const found = await problems([['first', first]]);
  closed.close();
  const local = ['empty', 'free', 'bucket'];
  const calls = names.filter((name) => !local.includes(name));
  const again: [string, () => unknown][] = [
    ['bucket.add', async () => await bucket.add(ones())],
    [
      'bucket.flush',
      async () => {
        void bucket.add(ones());
        await bucket.flush();
      },
    ],
    ['start', async () => await prepared.start()],
    ['startSync', () => prepared.startSync()],
    ['two at once', async () => await Promise.all([failed.barrier(), failed.recv(ones(), 0)])],
  ];
  found.push(...(await problems([...all('failed', failed, calls), ...again, ...all('closed', closed)])));
  return found;
}

/** Calls that end at their deadline, on rank 0 alone: each in a group of its own. */
const late: Readonly<Record<string, (group: CollectiveGroup) => unknown>> = {
  allreduce: async (group) => await group.allreduce(ones(), { timeoutMs }),
  allreduceSync: (group) => group.allreduceSync(ones(), { timeoutMs }),
  start: async (group) => await group.allreduceInit(ones(), { timeoutMs }).start(),
  startSync: (group) => group.allreduceInit(ones(), { timeoutMs }).startSync(),
  list: async (group) => await group.allreduce([ones(), ones(2)], { timeoutMs }),
  number: async (group) => await group.allreduce(1, { timeoutMs }),
  allgatherv: async (group) => await group.allgatherv(ones(), { timeoutMs }),
  object: async (group) => await group.allreduceObject(1, (a) => a, { timeoutMs }),
  objectSync: (group) => group.allreduceObjectSync(1, (a) => a, { timeoutMs }),
  emptyShared: async (group) => await group.emptyShared(Float32Array, 4, { timeoutMs }),
  split: async (group) => await group.split(0, 0, { timeoutMs }),
  splitSync: (group) => group.splitSync(0, 0, { timeoutMs }),
  cart: async (group) => await group.cart([2], { timeoutMs }),
  group: async (group) => await group.group([0, 1], { timeoutMs }),
  groupSync: (group) => group.groupSync([0, 1], { timeoutMs }),
  add: async (group) => await group.bucket({ timeoutMs }).add(ones()),
  flush: async (group) => {
    const bucket = group.bucket({ timeoutMs });
    void bucket.add(ones());
    await bucket.flush();
  },
  send: async (group) => await group.send(ones(long), 1, { timeoutMs }),
  sendSync: (group) => group.sendSync(ones(long), 1, { timeoutMs }),
  recv: async (group) => await group.recv(ones(), 1, { timeoutMs }),
  recvSync: (group) => group.recvSync(ones(), 1, { timeoutMs }),
  sendrecv: async (group) => await group.sendrecv(ones(), 1, ones(), 1, { timeoutMs }),
  probe: async (group) => await group.probe(1, { timeoutMs }),
  sendObject: async (group) => await group.sendObject(ones(long), 1, { timeoutMs }),
  recvObject: async (group) => await group.recvObject(1, { timeoutMs }),
  'two at once': async (group) => await Promise.all([group.recv(ones(), 1, { timeoutMs }), group.recv(ones(), 1)]),
  signal: async (group) => await group.allreduce(ones(), { signal: AbortSignal.timeout(timeoutMs) }),
  'signal of recv': async (group) => await group.recv(ones(), 1, { signal: AbortSignal.timeout(timeoutMs) }),
};

export async function deadlines(): Promise<string[]> {
  const groups = new Map<string, CollectiveGroup>();
  for (const name of Object.keys(late)) groups.set(name, await collective.split(0));
  // All at once: an error may be made in the stack of another call.
  const rows = context.rank === 0 ? Object.entries(late) : [];
  const found = await Promise.all(
    rows.map(([name, call]) => lineProblem(name, `${name} (`, () => call(groups.get(name)!))),
  );
  await collective.barrier();
  return found.filter((problem) => problem !== undefined);
}

/** Calls of which the other rank has another one. */
export async function mismatches(): Promise<string[]> {
  const calls: Readonly<Record<string, readonly [(c: Collective) => unknown, (c: Collective) => unknown]>> = {
    'another call': [async (c) => await c.allreduce(ones()), async (c) => await c.barrier()],
    'another call, blocking': [(c) => c.allreduceSync(ones()), (c) => c.barrierSync()],
    'other lists': [async (c) => await c.allreduce([ones()]), async (c) => await c.allreduce([ones(), ones(2)])],
    refused: [async (c) => await c.allreduce(ones()), async (c) => await c.allreduce(bad as never)],
    'other grids': [async (c) => await c.cart([2]), async (c) => await c.cart([1, 2])],
  };
  const found: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    found.push(...(await problems([[name, () => call[context.rank]!(collective)]])));
  }
  if (context.rank === 1) await collective.send(ones(), 0);
  else found.push(...(await problems([['another dtype', async () => await collective.recv(new Int8Array(4), 1)]])));
  if (context.rank === 0) await collective.send(ones(), 1);
  else found.push(...(await problems([['a longer message', () => collective.recvSync(ones(2), 0)]])));
  return found;
}

export function throws(): never {
  throw new RangeError('nothing to read');
}

export async function waits(): Promise<void> {
  await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
}

export function nothing(): void {
  return undefined;
}

export class Model {
  throws(): never {
    throw new RangeError('nothing to read');
  }
}
