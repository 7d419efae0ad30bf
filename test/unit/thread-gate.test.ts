import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { threadsWindow } from '../../src/backend/window/node-window.js';
import { createGate, shutGate } from '../../src/backend/wire/thread-gate.js';
import { createWireMemory, WireMemory } from '../../src/backend/wire/wire-memory.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { defaultSettings, startWorkerThread } from '../../src/worker/private-thread.js';
import { until } from '../support/check.js';
import type { SendingBoot } from './tasks/sending-thread.js';

const test = suite('the end of threads that have the wire');
const module = compileKernels();

test('a thread that sends all the time is ended between two messages', async () => {
  const handle = createWireMemory(module);
  const memory = new WireMemory(handle);
  for (let round = 0; round < 10; round++) {
    const [gate, sends] = [createGate(), new Int32Array(new SharedArrayBuffer(4))];
    const boot: SendingBoot = { handle, gate, sends };
    const worker = new Worker(new URL('./tasks/sending-thread.js', import.meta.url), { workerData: boot });
    const exit = once(worker, 'exit');
    await until(() => sends[0]! > round % 3);
    shutGate(
      gate,
      () => memory.isInside,
      () => void worker.terminate(),
    );
    await exit;
    assert.not.ok(memory.isInside, `round ${round}`);
  }
});

test('a task thread is not ended while its process is in the middle of a message', async () => {
  const window = threadsWindow(module, 1, 1024 * 1024);
  const wire = { handle: createWireMemory(module), family: 'mpich', world: -1 } as const;
  const memory = new WireMemory(wire.handle);
  const told: string[] = [];
  const thread = startWorkerThread(0, defaultSettings);
  thread.begin(
    {
      window: window.node.handle,
      seal: window.node.seal,
      bells: undefined,
      posts: undefined,
      ahead: undefined,
      heap: undefined,
      awake: undefined,
      records: undefined,
      wire,
      worldRank: 0,
      output: { stdout: 1, stderr: 2, label: 'none', log: undefined },
      script: undefined,
    },
    {
      message: ({ type }) => told.push(type),
      dropped: (why) => told.push(why),
      failed: (error) => told.push(String(error)),
      exited: () => told.push('exited'),
    },
  );
  await until(() => told.includes('ready'));
  const stay = (): never => {
    throw new Error('stays inside');
  };
  assert.throws(() => {
    memory.inside(stay);
  }, 'stays inside');
  thread.terminate();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(told, ['ready']);
  memory.inside(() => undefined);
  await until(() => told.length > 1);
  assert.equal(told, ['ready', 'exited']);
});

test.run();
