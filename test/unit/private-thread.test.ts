import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { threadsWindow } from '../../src/backend/window/node-window.js';
import type { PrivateThread } from '../../src/worker/private-thread.js';
import { defaultSettings, startWorkerThread } from '../../src/worker/private-thread.js';
import { until } from '../support/check.js';

const test = suite('a thread that waits for its boot');
const window = threadsWindow(compileKernels(), 1, 1024 * 1024);

/** A thread in which this program runs first. */
const preloaded = (program: string): PrivateThread =>
  startWorkerThread(0, { ...defaultSettings, execArgv: ['--import', `data:text/javascript,${program}`] });

/** Give it its boot; what is told of it is added to the list. */
function begin(thread: PrivateThread): string[] {
  const told: string[] = [];
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
      wire: undefined,
      worldRank: 0,
      output: { stdout: 1, stderr: 2, label: 'none', log: undefined },
      script: undefined,
    },
    {
      message: ({ type }) => told.push(type),
      dropped: (why) => told.push(why),
      failed: (error) => told.push(String(error)),
      exited: (exitCode) => told.push(`exited ${exitCode}`),
    },
  );
  return told;
}

for (const afterMs of [0, 20, 100, 500]) {
  test(`can be ended ${afterMs} ms after its start`, async () => {
    const thread = startWorkerThread(0, defaultSettings);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    thread.terminate();
    await thread.exit;
    const told = begin(thread);
    assert.equal(told, []);
    await until(() => told.length > 0);
    assert.is(told.length, 1);
    // 0: it had run nothing yet.
    assert.match(told[0]!, /^exited [01]$/);
  });
}

test('is ready when it has its boot, however late that comes', async () => {
  for (const afterMs of [0, 500]) {
    const thread = startWorkerThread(0, defaultSettings);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const told = begin(thread);
    await until(() => told.length > 0);
    assert.equal(told, ['ready']);
    thread.terminate();
    await thread.exit;
  }
});

test('what has ended it before is told when it is given its boot', async () => {
  const thread = preloaded('throw new RangeError("on purpose")');
  await thread.exit;
  const told = begin(thread);
  assert.equal(told, []);
  await until(() => told.length > 1);
  assert.equal(told, ['RangeError: on purpose', 'exited 1']);
});

test('what is preloaded sees neither window nor memory, and what it posts is told', async () => {
  const thread = preloaded(`import threads from 'node:worker_threads';
    if (Object.keys(threads.workerData).join() !== 'port,bootWord') throw new Error('sees more');
    threads.parentPort.postMessage(0);`);
  const told = begin(thread);
  await until(() => told.includes('ready'));
  assert.is(told.length, 2);
  assert.match(told[0]!, 'what a task posts on parentPort reaches nobody');
  thread.terminate();
  await thread.exit;
});

test('a boot that something has taken ends the thread', async () => {
  const thread = preloaded(`import threads from 'node:worker_threads';
    const { port, bootWord } = threads.workerData;
    Atomics.wait(bootWord, 0, 0);
    threads.receiveMessageOnPort(port);`);
  const told = begin(thread);
  await until(() => told.length > 1);
  assert.equal(told, ['Error: something that was preloaded has taken the boot of this thread', 'exited 1']);
});

test.run();
