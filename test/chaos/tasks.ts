/** The random task: collectives that are checked on every rank, until one rank ends in the way that it is told. */
import { parentPort } from 'node:worker_threads';
import vm from 'node:vm';
import type { CollectiveGroup } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { randomOf } from '../support/random.js';
import type { Ending, EndingName } from './endings.js';
import { endings } from './endings.js';
import { checkedCollective } from './checked-collective.js';

const maxCalls = 400;

/** Rank `seed % size` ends in this way after `afterMs`; every other rank returns `right`, or fails with it. */
export default async function chaos(name: EndingName, afterMs: number, seed: number): Promise<unknown> {
  const { when }: Ending = endings[name];
  const isVictim = context.rank === seed % context.size;
  const random = randomOf(seed);
  const deadline = performance.now() + afterMs;
  let isDone = false;
  let group: CollectiveGroup | undefined;
  for (let call = 0; call < maxCalls; call++) {
    const isDue = performance.now() > deadline;
    if (isDue && isVictim && when === 'within' && !isDone) {
      isDone = true;
      endWithin(name);
    }
    // Groups of a task that are used in turn with its own; one that skips a call would wait for ever in another.
    if (name !== 'skip' && random(5) === 0) group = await otherGroup(group, random(3));
    await checkedCollective(random, random(2) === 0 ? (group ?? collective) : collective);
    // Ranks leave the loop together: the decision of rank 0 counts.
    if (when === 'after' && (await collective.broadcast(Uint8Array.of(isDue ? 1 : 0)))[0] === 1) break;
  }
  return isVictim && when === 'after' ? endAfter(name) : 'right';
}

/** Another group of this rank, in place of the one before. */
async function otherGroup(before: CollectiveGroup | undefined, kind: number): Promise<CollectiveGroup> {
  before?.close();
  const { rank, size } = context;
  if (kind < 2) return collective.split(kind === 0 ? 0 : rank % 2, -rank);
  const isLow = rank < size / 2;
  return collective.group(Array.from({ length: size }, (_, each) => each).filter((each) => each < size / 2 === isLow));
}

/** One of many that come at once: it ends at once, in this way or with `right`. */
export function short(name: EndingName): unknown {
  if (endings[name].when !== 'within') return 'right';
  endWithin(name);
  return new Promise(() => undefined);
}

function endWithin(name: EndingName): void {
  switch (name) {
    case 'throw':
      throw new Error('chaos');
    case 'exit':
      process.exit(1);
      break;
    case 'late':
      setTimeout(() => {
        throw new Error('late chaos');
      }, 1);
      return;
    case 'rejected':
      void Promise.reject(new Error('nobody handles this'));
      return;
    case 'spin':
      for (;;) if (context.rank < 0) break;
      return;
    case 'skip':
      collective.barrierSync();
  }
}

function nested(depth: number): unknown {
  let list: unknown = null;
  for (let i = 0; i < depth; i++) list = { next: list };
  return list;
}

function wrapped(depth: number, isShared: boolean): Error {
  let error = new Error('refused');
  for (let i = 0; i < depth; i++) {
    const cause = error;
    error = new Error(`try ${i}`, { cause });
    if (isShared) Object.assign(error, { lastError: cause, errors: [cause] });
  }
  return error;
}

const throwing = {
  get: (): never => {
    throw new Error('a getter of the user');
  },
};

function endAfter(name: EndingName): unknown {
  switch (name) {
    case 'deep':
      return nested(20_000);
    case 'cycle': {
      const value: Record<string, unknown> = {};
      return Object.assign(value, { self: value });
    }
    case 'proto':
      return JSON.parse('{ "__proto__": { "polluted": 1 }, "constructor": 1, "toString": null, "hasOwnProperty": 0 }');
    case 'surrogate':
      return '\ud800 and \udc00';
    case 'realm':
      return vm.runInNewContext('new Date(5)');
    case 'large':
      return new Float64Array(200_000);
    case 'getter':
      return Object.defineProperty({}, 'value', { ...throwing, enumerable: true });
    case 'blob':
      return { list: [new Blob(['x'])] };
    case 'wrapped':
      throw wrapped(3_000, false);
    case 'sharedErrors':
      throw wrapped(60, true);
    case 'hostileError':
      throw Object.defineProperty(new Error('x'), 'message', throwing);
    case 'port':
      parentPort?.postMessage(null);
      parentPort?.postMessage({ type: 'outcome', lease: 1, taskId: context.taskId, outcome: { kind: 'returned' } });
      parentPort?.removeAllListeners();
      parentPort?.close();
      break;
    case 'posts':
      for (let i = 0; i < 2_000; i++) context.post({ i, rank: context.rank });
      break;
    case 'prints':
      for (let i = 0; i < 5; i++) console.log('\x1b[31m', 'x'.repeat(40));
      break;
    case 'lies': {
      const array = new Float32Array(10);
      for (const key of ['byteLength', 'length', 'byteOffset', 'buffer'])
        Object.defineProperty(array, key, { value: 4e9 });
      collective.allreduce(array).catch(() => undefined);
      break;
    }
    case 'notAwaited':
      void collective.allreduce(new Float32Array(3));
      break;
    case 'slip': {
      const { buffer } = collective.empty(Float32Array, 10);
      new Float32Array(buffer, 0, 10).fill(1);
    }
  }
  return 'right';
}
