import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernels, flags, Status } from '../../src/kernels/wasm-module.js';
import type { CallBlock } from '../../src/backend/window/call-block.js';
import { createWindow } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';

const test = suite('whom a step notifies');
const size = 3;
const count = 30_000;

test('a rank notifies each sleeper when all have arrived, before it works, and when all is done', () => {
  const node = createWindow(compileKernels(), size, 2 ** 21);
  const ranks = Array.from({ length: size }, (_, rank) => new RankWindow(node, rank));
  const name = { length: 0, bytes: new Uint8Array(0) };
  const blocks = ranks.map((window, rank): CallBlock => {
    const block = window.takeBlock(0, rank, size)!;
    const address = window.allocate(count * 4)!;
    node.bytes.fill(0, address, address + count * 4);
    block.setLease(1);
    // allreduce, float32, sum
    block.setCall({
      operation: 3,
      dtype: 11,
      op: 0,
      root: 0,
      count,
      name,
      source: address,
      target: address,
      isShared: false,
    });
    return block;
  });
  const start = (rank: number): number => ranks[rank]!.kernels.shoal_start(blocks[rank]!.address, 1, 0);
  const advance = (rank: number): number => ranks[rank]!.kernels.shoal_advance(blocks[rank]!.address, 0);
  for (const rank of [0, 1]) {
    assert.is(start(rank), Status.pending);
    blocks[rank]!.setAsleep(rank, true);
  }
  // The last to arrive: all are there now, and are told before it works; it does the work of all before anybody wakes.
  for (const status of [start(2), advance(2)]) {
    assert.is(status & flags.notifies, flags.notifies);
    const notified: number[] = [];
    blocks[2]!.notifyMembers((member) => notified.push(member));
    assert.equal(notified, [0, 1]);
  }
  for (const rank of [0, 1]) assert.is(advance(rank) & 0xff, Status.complete);
});

test.run();
