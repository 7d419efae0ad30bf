import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernels, Status } from '../../src/kernels/wasm-module.js';
import type { Frame } from '../../src/window/frame.js';
import { createWindow } from '../../src/window/node-window.js';
import { RankWindow } from '../../src/window/rank-window.js';

const test = suite('whom a step rings');
const size = 3;
const count = 30_000;

test('a rank that makes two conditions true in one step rings each sleeper once', () => {
  const node = createWindow(compileKernels(), size, 2 ** 21);
  const ranks = Array.from({ length: size }, (_, rank) => new RankWindow(node, rank));
  const name = { length: 0, bytes: new Uint8Array(0) };
  const frames = ranks.map((window, rank): Frame => {
    const frame = window.takeFrame(0, rank, size)!;
    const address = window.allocate(count * 4)!;
    node.bytes.fill(0, address, address + count * 4);
    frame.setLease(1);
    frame.setCall({ operation: 3, dtype: 11, op: 0, root: 0, count, name }); // allreduce, float32, sum
    frame.setPiece(1, 0, address, address);
    return frame;
  });
  const advance = (rank: number): number => ranks[rank]!.kernels.shoal_advance(frames[rank]!.address, 0);
  for (const rank of [0, 1]) {
    assert.is(advance(rank), Status.pending);
    frames[rank]!.setAsleep(rank, true);
  }
  // The last to arrive: all are there now, and it does the work of all before anybody wakes.
  assert.is(advance(2), Status.complete);
  const rung: number[] = [];
  frames[2]!.ringMembers((member) => rung.push(member));
  assert.equal(rung, [0, 1]);
  for (const rank of [0, 1]) assert.is(advance(rank), Status.complete);
});

test.run();
