import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createWindow } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import { ThreadDoorbell } from '../../src/backend/window/thread-doorbell.js';
import { WindowBackend } from '../../src/backend/window/window-backend.js';
import { RankEngine } from '../../src/calls/engine.js';
import { Group } from '../../src/calls/group.js';
import { GroupCollective } from '../../src/collective/group-collective.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { localHost } from '../../src/worker/local-ranks.js';
import { threadMembers } from '../../src/worker/members.js';

const test = suite('allocations');
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const calls = 10_000;
const rounds = 10;

/** One rank that may block: each of its calls completes at once. */
const node = createWindow(compileKernels(), 1, 2 ** 21);
const engine = new RankEngine(new WindowBackend(new RankWindow(node, 0)), new ThreadDoorbell(node, 0), localHost);
const lease = { lease: 1, slot: 0, taskId: 't1', rank: 0, communicator: -1, members: threadMembers(1) };
const own = new GroupCollective(Group.ofTask(engine, lease), 10_000, false);

/** Bytes of heap that a call takes: the least of some rounds, since compilers allocate now and then too. */
function bytesPerCall(call: () => void): number {
  for (let i = 0; i < 10 * calls; i++) call();
  const each = Array.from({ length: rounds }, () => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) call();
    return (process.memoryUsage().heapUsed - before) / calls;
  });
  return Math.min(...each.map(Math.abs));
}

/**
 * Half of what V8's smallest object takes, a number of 16 bytes, so one for every call is seen. One call in 64 is timed,
 * and its times are such numbers: 1 to 7 bytes a call, as the version of Node has it.
 */
const halfObjectBytes = 8;

const options = { op: 'sum' } as const;
for (const [kind, array] of [
  ['window', own.empty(Float32Array, 2)],
  ['plain', new Float32Array(2)],
  ['long window', own.empty(Float32Array, 2_000)],
] as const) {
  test(`a blocking call that completes at once allocates nothing, ${kind} array`, () => {
    const sum = own.allreduceInit(array, options);
    const prepared = bytesPerCall(() => sum.startSync());
    const known = bytesPerCall(() => own.allreduceSync(array, options));
    const barrier = bytesPerCall(() => {
      own.barrierSync();
    });
    console.log(`${kind}: ${[prepared, known, barrier].map((bytes) => bytes.toFixed(2)).join(', ')} bytes`);
    for (const bytes of [prepared, known, barrier]) assert.ok(bytes < halfObjectBytes, `${bytes} bytes a call`);
  });
}

test('what is measured sees an object of every call', () => {
  const kept: unknown[] = [undefined];
  const bytes = bytesPerCall(() => (kept[0] = { kept }));
  assert.ok(bytes > halfObjectBytes, `${bytes} bytes a call`);
});

test.run();
