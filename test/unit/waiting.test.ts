import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createWindow } from '../../src/backend/window/node-window.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import type { LateRank } from '../support/late-rank.js';

const test = suite('waiting');
const module = compileKernels();

const rounds = 20;
const pairs = 4;

function isCalm(sleeps: readonly number[], calls: number): boolean {
  return Math.min(...sleeps) < calls / rounds / 5;
}

/** By round: the sleeps of the rank that slept more. */
async function sleepsOfPair(options: Omit<LateRank, 'handle' | 'rank'>): Promise<number[]> {
  const { handle } = createWindow(module, 2, 2 ** 21);
  // A core for each, as far as these two are told.
  const told = { ...handle, cores: 2 };
  const workers = [0, 1].map((rank) => {
    const workerData: LateRank = { handle: told, rank, ...options };
    return new Worker(new URL('../support/late-rank.js', import.meta.url), { workerData });
  });
  const [first = [], second = []] = await Promise.all(
    workers.map(async (worker) => ((await once(worker, 'message')) as [number[]])[0]),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  return first.map((sleeps, round) => Math.max(sleeps, second[round] ?? 0));
}

for (const isAwaited of [false, true]) {
  const form = isAwaited ? 'awaited' : 'blocking';
  test(`a rank that is late now and then puts nobody into a rhythm of sleeps, ${form}`, async () => {
    const calls = isAwaited ? 20_000 : 100_000;
    // A pair that goes on missing each other sleeps in nearly every call of every round, since somebody is late in
    // each. Other work on the machine keeps ranks from their cores in some rounds too, or in all of a pair: one round
    // that is calm tells.
    const all: number[] = [];
    for (let pair = 0; pair < pairs && !isCalm(all, calls); pair++) {
      const sleeps = await sleepsOfPair({ calls, rounds, lateOnceIn: 250, lateUs: 400, isAwaited });
      console.log(`${form}: ${sleeps.join(', ')} sleeps in rounds of ${calls / rounds} calls, one in 250 late`);
      assert.is(sleeps.length, rounds);
      all.push(...sleeps);
    }
    assert.ok(isCalm(all, calls), `${all.join(', ')} sleeps`);
  });
}

test.run();
