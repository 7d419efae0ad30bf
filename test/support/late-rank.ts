/**
 * A rank on a thread of its own that makes many small calls and is late now and then. It says how often it slept in
 * each round of them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { NodeWindow } from '../../src/backend/window/node-window.js';
import type { WindowHandle } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import { ThreadDoorbell } from '../../src/backend/window/thread-doorbell.js';
import { WindowBackend } from '../../src/backend/window/window-backend.js';
import { RankEngine } from '../../src/calls/engine.js';
import { Group } from '../../src/calls/group.js';
import { GroupCollective } from '../../src/collective/group-collective.js';
import { threadMembers } from '../../src/worker/members.js';
import { localHost } from '../../src/worker/local-ranks.js';
import { randomOf } from './random.js';

/** What the thread is given. */
export interface LateRank {
  readonly handle: WindowHandle;
  readonly rank: number;
  readonly calls: number;
  /** The calls are counted in so many rounds. */
  readonly rounds: number;
  /** It is late once in so many calls. */
  readonly lateOnceIn: number;
  readonly lateUs: number;
  readonly isAwaited: boolean;
}

const { handle, rank, calls, rounds, lateOnceIn, lateUs, isAwaited } = workerData as LateRank;
const node = new NodeWindow(handle);
const engine = new RankEngine(new WindowBackend(new RankWindow(node, rank)), new ThreadDoorbell(node, rank), localHost);
const members = threadMembers(handle.ranks);
const group = Group.ofTask(engine, { lease: 1, slot: 0, taskId: 't1', rank, communicator: -1, members });
const collective = new GroupCollective(group, 60_000, false);
const random = randomOf(rank + 1);
const sum = collective.allreduceInit(collective.empty(Float32Array, 2));

function beLate(): void {
  const end = performance.now() + lateUs / 1000;
  while (performance.now() < end);
}

// Compiled and met before it counts.
for (let i = 0; i < 20_000; i++) sum.startSync();
const sleeps: number[] = [];
for (let round = 0; round < rounds; round++) {
  const before = engine.sleeps;
  for (let i = 0; i < calls / rounds; i++) {
    if (rank === 0 && random(lateOnceIn) === 0) beLate();
    if (isAwaited) await sum.start();
    else sum.startSync();
  }
  sleeps.push(engine.sleeps - before);
}
parentPort?.postMessage(sleeps);
group.close();
