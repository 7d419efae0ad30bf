import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collective, context } from 'shoal/worker';
import type { CollectiveTimeoutError } from '../../src/errors.js';
import { Group } from '../../src/calls/group.js';
import { GroupCollective } from '../../src/collective/group-collective.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import type { Arrival } from '../../src/backend/wire/endpoint.js';
import { Endpoint } from '../../src/backend/wire/endpoint.js';
import type { Messages } from '../../src/backend/wire/messages.js';
import { Loopback } from '../../src/backend/wire/loopback.js';
import { createWireMemory, ringSlots, WireMemory } from '../../src/backend/wire/wire-memory.js';
import { encodeValue } from '../../src/protocol/values.js';
import { encodeAbort } from '../../src/backend/abort-reason.js';
import { runOn } from '../../src/worker/local-ranks.js';
import { rejectsCode, throwsCode } from '../support/check.js';
import { loopbackWorld } from '../support/loopback.js';

const test = suite('wire');
const module = compileKernels();

/** One call of each algorithm, short and long; what was wrong. */
async function everyAlgorithm(): Promise<string[]> {
  const wrong: string[] = [];
  const { rank, size } = context;
  for (const count of [3, 1_000, 300_001, 1_500_000]) {
    const sum = await collective.allreduce(new Int32Array(count).fill(rank + 1));
    if (!sum.every((value) => value === (size * (size + 1)) / 2)) wrong.push(`allreduce ${count}`);
    const root = count % size;
    const copy = await collective.broadcast(new Float64Array(count).fill(rank), { root });
    if (!copy.every((value) => value === root)) wrong.push(`broadcast ${count}`);
    await collective.barrier();
  }
  return wrong;
}

for (const size of [1, 2, 3, 4, 7]) {
  test(`messages that take all kinds of time give the same result, ${size} ranks`, async () => {
    let seed = size;
    const delayMs = (): number => (seed = (seed * 16807) % 2147483647) % 4;
    const { engines, endpoints } = loopbackWorld(size, { delayMs });
    assert.equal((await runOn(engines, everyAlgorithm, [])).flat(), []);
    assert.equal(
      endpoints.map(({ dropped, failed }) => dropped + failed),
      Array(size).fill(0),
    );
  });
}

/** The collectives of every rank of a world under lease 1. */
function groupsOf(world: ReturnType<typeof loopbackWorld>): { groups: Group[]; collectives: GroupCollective[] } {
  const members = world.engines.map((_, rank) => ({
    rank,
    worldRank: rank,
    localRank: rank,
    hostname: 'here',
    node: 'here',
    pid: 1,
  }));
  const groups = world.engines.map((engine, rank) => {
    return Group.ofTask(engine, { lease: 1, slot: 0, taskId: 't1', rank, communicator: 1, members });
  });
  return { groups, collectives: groups.map((group) => new GroupCollective(group, 10_000, false)) };
}

for (const [what, faults] of [
  ['whose messages are lost', { loses: (source: number) => source === 1 }],
  ['that is dead', {}],
] as const) {
  test(`a rank ${what} is the one that the others miss at their deadline`, async () => {
    const world = loopbackWorld(4, faults);
    const { groups, collectives } = groupsOf(world);
    if (what === 'that is dead') world.network.kill(1);
    const living = [0, 2, 3];
    // The first to reach its deadline tells the others; who it is, is not settled.
    const errors = await Promise.all(
      living.map((rank) => {
        return rejectsCode(
          collectives[rank]!.allreduce(new Float32Array(10), { timeoutMs: 200 }),
          'COLLECTIVE_TIMEOUT',
        );
      }),
    );
    for (const error of errors) {
      assert.equal(
        (error as CollectiveTimeoutError).missing.map(({ rank }) => rank),
        [1],
      );
    }
    groups.forEach((group) => group.close());
  });
}

test('a failure that the control side tells first still has its cause when the rank that failed tells it too', async () => {
  const world = loopbackWorld(2);
  const { groups, collectives } = groupsOf(world);
  const call = rejectsCode(collectives[0]!.allreduce(new Float32Array(10)), 'PEER_FAILED');
  world.nodes[0]!.abort(0, 1, encodeAbort('peerFailed', 0));
  await new Promise((resolve) => setTimeout(resolve, 30));
  groups[1]!.channel.leaveFault(encodeValue(new RangeError('no such shard'), 'error'));
  groups[1]!.abort(encodeAbort('peerFailed', 1));
  assert.instance((await call).cause, RangeError);
  groups.forEach((group) => group.close());
});

for (const end of ['deadline', 'signal'] as const) {
  test(`a call that ends for its own ${end} just after the control side has told a failure waits for the cause`, async () => {
    const world = loopbackWorld(2);
    const { groups, collectives } = groupsOf(world);
    const controller = new AbortController();
    const options = end === 'deadline' ? { timeoutMs: 40 } : { signal: controller.signal };
    const call = rejectsCode(collectives[0]!.allreduce(new Float32Array(10), options), 'PEER_FAILED');
    world.nodes[0]!.abort(0, 1, encodeAbort('peerFailed', 1));
    if (end === 'signal') controller.abort();
    await new Promise((resolve) => setTimeout(resolve, 60));
    groups[1]!.channel.leaveFault(encodeValue(new RangeError('no such shard'), 'error'));
    groups[1]!.abort(encodeAbort('peerFailed', 1));
    assert.instance((await call).cause, RangeError);
    groups.forEach((group) => group.close());
  });
}

test('a call that ends for its own deadline after a failure that nobody explains ends all the same', async () => {
  const world = loopbackWorld(2);
  const { groups, collectives } = groupsOf(world);
  const call = rejectsCode(collectives[0]!.allreduce(new Float32Array(10), { timeoutMs: 20 }), 'PEER_FAILED');
  world.nodes[0]!.abort(0, 1, encodeAbort('peerFailed', 1));
  await call;
  groups.forEach((group) => group.close());
});

/** Two endpoints over one network, and the memory and calls of the second. */
function pair(): { near: Endpoint; far: Endpoint; memory: WireMemory; messages: Messages } {
  const network = new Loopback(2);
  const memory = new WireMemory(createWireMemory(module));
  const messages = network.messages(1);
  const near = new Endpoint(0, 1, new WireMemory(createWireMemory(module)), network.messages(0));
  return { near, far: new Endpoint(1, 1, memory, messages), memory, messages };
}

/** Send `sizeBytes` bytes of value `value` from one endpoint to a rank under a lease. */
function post(from: Endpoint, lease: number, sizeBytes: number, value: number, dest = 1): void {
  const block = from.allocate(sizeBytes)!;
  const bytes = from.view(block).fill(value);
  const address = { kind: 'data', lease, group: 0, sequence: 1, step: value, reason: 0 } as const;
  assert.ok(from.send(dest, address, bytes, block, { open: 0 }));
  from.release(block);
}

/** Poll both ends often enough for everything to arrive. */
function settle(...ends: Endpoint[]): void {
  for (let i = 0; i < 200; i++) for (const end of ends) end.poll();
}

test('what comes for a lease before its rank has heard of it waits, what comes after its end is dropped', () => {
  const { near, far } = pair();
  post(near, 7, 100, 1);
  post(near, 7, 100_000, 2);
  settle(near, far);
  const arrivals: Arrival[] = [];
  far.open(7, { deliver: (arrival) => arrivals.push(arrival) });
  settle(near, far);
  assert.equal(
    arrivals.map(({ envelope, ready, block }) => [envelope.step, ready, far.view(block!)[99]]),
    [
      [1, true, 1],
      [2, true, 2],
    ],
  );
  far.close(7);
  for (let i = 0; i < 3 * ringSlots; i++) {
    post(near, i % 7, 100_000, 3);
    settle(near, far);
  }
  assert.equal([far.dropped, arrivals.length], [3 * ringSlots, 2]);
});

test('a thread takes the wire over from one that was ended, with messages on their way', () => {
  const { near, far, memory, messages } = pair();
  const heard: number[][] = [];
  const mailbox = {
    deliver: ({ envelope, block, ready }: Arrival) => void heard.push([envelope.step, block!.sizeBytes, Number(ready)]),
  };
  far.open(1, mailbox);
  post(near, 1, 200_000, 1); // its envelope is taken, its payload is not here when the thread ends
  far.poll();
  post(near, 2, 300, 2);
  post(near, 2, 300_000, 3);
  assert.equal(heard, [[1, 200_000, 0]]);
  const next = new Endpoint(1, 1, memory, messages);
  next.open(2, mailbox);
  settle(near, next);
  assert.equal(heard.slice(1), [
    [2, 300, 1],
    [3, 300_000, 0],
  ]);
  const broken = (): never => {
    throw new Error('its thread ends here');
  };
  assert.throws(() => memory.inside(broken), 'its thread ends here');
  throwsCode(() => new Endpoint(1, 1, memory, messages), 'PROTOCOL');
});

test('memory of messages that never end is not used again', () => {
  const { far, memory, messages } = pair();
  const taken = new Set([memory.currentRegion]);
  let end = far;
  for (let i = 0; i < 3; i++) {
    post(end, 1, 100, 1, 0); // rank 0 never looks
    end = new Endpoint(1, 1, memory, messages);
    assert.not.ok(taken.has(memory.currentRegion));
    taken.add(memory.currentRegion);
  }
  post(end, 1, 100, 1, 0);
  throwsCode(() => new Endpoint(1, 1, memory, messages), 'PROTOCOL');
});

test.run();
