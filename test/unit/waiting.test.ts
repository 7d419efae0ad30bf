import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createWindow } from '../../src/backend/window/node-window.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import type { LateRank } from '../support/late-rank.js';

const test = suite('waiting');
const module = compileKernels();

async function sleepsOfPair(
  options: Pick<LateRank, 'calls' | 'lateOnceIn' | 'lateUs' | 'isAwaited'>,
): Promise<number[]> {
  const { handle } = createWindow(module, 2, 2 ** 21);
  // A core for each, as far as these two are told.
  const told = { ...handle, cores: 2 };
  const workers = [0, 1].map((rank) => {
    const workerData: LateRank = { handle: told, rank, ...options };
    return new Worker(new URL('../support/late-rank.js', import.meta.url), { workerData });
  });
  const sleeps = await Promise.all(workers.map(async (worker) => ((await once(worker, 'message')) as [number])[0]));
  await Promise.all(workers.map((worker) => worker.terminate()));
  return sleeps;
}

for (const isAwaited of [false, true]) {
  const form = isAwaited ? 'awaited' : 'blocking';
  test(`a rank that is late now and then puts nobody into a rhythm of sleeps, ${form}`, async () => {
    const calls = isAwaited ? 20_000 : 100_000;
    const lateOnceIn = 500;
    const sleeps = await sleepsOfPair({ calls, lateOnceIn, lateUs: 400, isAwaited });
    const late = calls / lateOnceIn;
    console.log(`${form}: ${sleeps.join(' and ')} sleeps in ${calls} calls, of which about ${late} were late`);
    // A pair that keeps missing each other sleeps in nearly every call. Other work on the machine makes ranks late too.
    assert.ok(Math.max(...sleeps) < calls / 5, `${sleeps.join(' and ')} sleeps`);
  });
}

test.run();
