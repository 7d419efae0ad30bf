import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GroupCollective } from '../../src/collective/group-collective.js';
import { RankEngine } from '../../src/calls/engine.js';
import { Group } from '../../src/calls/group.js';
import type { WindowChannel } from '../../src/backend/window/window-channel.js';
import { WindowBackend } from '../../src/backend/window/window-backend.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { LocalDoorbell } from '../../src/backend/window/local-doorbell.js';
import { layoutNumbers as at } from '../../src/backend/window/layout.js';
import { createWindow } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import { rejectsCode, until } from '../support/check.js';

const test = suite('engine');

/** Two ranks of one thread; `stuck` and `warnings` collect what rank 0 reports. */
function pair(): {
  collectives: GroupCollective[];
  groups: Group[];
  node: RankWindow['node'];
  stuck: number[];
  close: () => void;
} {
  const node = createWindow(compileKernels(), 2, 2 ** 21);
  const bells = [new LocalDoorbell(), new LocalDoorbell()];
  const members = [0, 1].map((rank) => ({
    rank,
    worldRank: rank,
    localRank: rank,
    hostname: 'here',
    node: 'here',
    pid: 1,
  }));
  const stuck: number[] = [];
  const groups = bells.map((bell, rank) => {
    const window = new RankWindow(node, rank, (to) => bells[to]?.notify());
    const host = { warn: () => undefined, reportStuck: (_: Group, member: number) => void stuck.push(member) };
    return Group.ofTask(new RankEngine(new WindowBackend(window), bell, host), {
      lease: 1,
      slot: 0,
      taskId: 't1',
      rank,
      communicator: -1,
      members,
    });
  });
  const collectives = groups.map((group) => new GroupCollective(group, 10_000, false));
  return { collectives, groups, node, stuck, close: () => groups.forEach((group) => group.close()) };
}

/** Word of member 1 in slot 0. */
function word(node: RankWindow['node'], offset: number): number {
  return (node.layout.slot(0) + at.slotMembers + at.memberBytes + offset) / 4;
}

test('a rank that leaves early waits for a busy member, asks for its end after a second, and goes when it is dead', async () => {
  const { collectives, node, stuck, close } = pair();
  Atomics.store(node.u32, word(node, at.memberBusy), 1);
  const array = new Float32Array(10);
  let settled = false;
  const call = rejectsCode(collectives[0]!.allreduce(array, { timeoutMs: 20 }), 'COLLECTIVE_TIMEOUT');
  void call.finally(() => (settled = true));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.not.ok(settled, 'the member is still busy');
  assert.equal(stuck, []);
  await until(() => stuck.length > 0);
  assert.equal(stuck.slice(0, 1), [1]);
  assert.not.ok(settled, 'asking is no proof');
  Atomics.store(node.u32, word(node, at.memberDead), 1);
  await call;
  close();
});

test('two groups used in opposite order by two ranks do not deadlock', async () => {
  const { collectives, groups, close } = pair();
  const second = groups.map(({ engine, members }, rank) => {
    return Group.ofTask(engine, { lease: 2, slot: 1, taskId: 't2', rank, communicator: -1, members });
  });
  const others = second.map((group) => new GroupCollective(group, 10_000, false));
  const [a, b] = [(rank: number) => collectives[rank]!, (rank: number) => others[rank]!];
  const add = (own: GroupCollective, value: number): Promise<Int32Array> => own.allreduce(Int32Array.of(value));
  const sums = await Promise.all([add(a(0), 1), add(b(0), 10), add(b(1), 20), add(a(1), 2)]);
  assert.equal(
    sums.map(([sum]) => sum),
    [3, 30, 30, 3],
  );
  close();
  second.forEach((group) => group.close());
});

test('a sequence beyond 32 bits is a number like any other', async () => {
  const { collectives, groups, node, close } = pair();
  const start = 2 ** 33 - 3;
  for (const [rank, group] of groups.entries()) {
    (group.channel as WindowChannel).sequence = start;
    const progress = node.layout.slot(0) + at.slotMembers + rank * at.memberBytes + at.memberProgress;
    Atomics.store(node.i64, progress / 8, BigInt(start));
  }
  for (let i = 0; i < 8; i++) {
    const calls = collectives.map((own) => own.allreduce(new Float64Array(2_000).fill(i)));
    for (const array of await Promise.all(calls)) assert.ok(array.every((value) => value === 2 * i));
  }
  assert.is(groups[0]!.sequence, start + 8);
  close();
});

test('a message call that waits for 30 s is told of once, with the cycle that it is in', async () => {
  const { collectives, groups, close } = pair();
  const received = collectives.map((collective, rank) =>
    collective.recv(new Float32Array(1), 1 - rank).catch(() => rank),
  );
  // Both tell what they wait for after a moment.
  await until(() => groups.every(({ messages }, rank) => messages.carrier.waitingOf(1 - rank) !== undefined));
  const told: string[] = [];
  const warn = (message: string): void => void told.push(message);
  const now = performance.now();
  const left = groups.map((group) => group.checkMessages(now, warn));
  assert.ok(left.every((ms) => ms <= 30_000));
  assert.equal(told, []);
  // The deadline of these calls, 10 s, is put off.
  for (const { messages } of groups) for (const request of messages.open) request.deadline = Infinity;
  for (const group of groups) for (let i = 0; i < 3; i++) group.checkMessages(now + 30_001, warn);
  assert.is(told.length, 2);
  assert.match(
    told[0] ?? '',
    /^task t1: rank 0 has waited 30 s in recv\(source 1, tag 0\): rank 0 waits for a message from rank 1/,
  );
  assert.match(told[1] ?? '', /; rank 0 waits for a message from rank 1 with tag 0: a cycle\. .*use sendrecv/);
  close();
  assert.equal(await Promise.all(received), [0, 1]);
});

test.run();
