/** Gangs, their tasks and actors at random, beside other tasks, and what a model says of each. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Actor, Gang, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode, times, until } from '../support/check.js';
import fc from '../support/property.js';
import type { Model } from './tasks/gangs.js';

const tasks = taskModule<typeof import('./tasks/gangs.js')>(new URL('./tasks/gangs.js', import.meta.url));
const test = suite('any gang');
const size = 4;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: size });
  pool.on('warning', () => undefined);
});
test.after(() => pool.close({ force: true }));

/** `which`: of the gangs that there are, or have been. */
type Step =
  | { readonly does: 'open' | 'task'; readonly workers: number }
  | { readonly does: 'run' | 'submit' | 'keep' | 'make' | 'fail'; readonly which: number; readonly value: number }
  | { readonly does: 'add' | 'step' | 'callFails' | 'dispose'; readonly which: number; readonly value: number }
  | { readonly does: 'close' | 'force' | 'lose'; readonly which: number; readonly value: number };

const ofGang = fc.constantFrom('run', 'submit', 'keep', 'make', 'add', 'step', 'dispose', 'fail', 'callFails');
const ends = fc.constantFrom('close', 'force', 'lose');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('open'), workers: fc.integer({ min: 1, max: size }) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('task'), workers: fc.constantFrom(1, 1, 2) }) },
  { weight: 12, arbitrary: fc.record({ does: ofGang, which: fc.nat(5), value: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ does: ends, which: fc.nat(5), value: fc.nat(3) }) },
);

/** What is known of a gang. */
interface Known {
  readonly gang: Gang;
  isOpen: boolean;
  readonly actors: { readonly actor: Actor<Model>; steps: number; weight: number; isLive: boolean }[];
}

const sumOf = (ranks: number, start: number): number => ranks * start + (ranks * (ranks - 1)) / 2;
/** Of 1, 2, … for each rank. */
const triangle = (ranks: number): number => (ranks * (ranks + 1)) / 2;

/** Runs steps one after the other; what is submitted is compared when all gangs are closed. */
class Walk {
  readonly #known: Known[] = [];
  readonly #later: Promise<void>[] = [];

  async take(next: Step): Promise<void> {
    if ('workers' in next) {
      if (next.does === 'open') await this.#open(next.workers);
      else this.#task(next.workers);
    } else if (this.#known.length > 0) {
      const known = this.#known[next.which % this.#known.length]!;
      if (known.isOpen) await this.#use(known, next.does, next.value);
      else await rejectsCode(known.gang.run(tasks, { args: [1] }), 'CLOSED');
    }
  }

  /** Nothing is left of it. */
  async end(): Promise<void> {
    await Promise.all(this.#known.map(({ gang }) => gang.close()));
    await Promise.all(this.#later);
    assert.equal(await pool.run(tasks, { workers: size, args: [1] }), Array(size).fill(sumOf(size, 1)));
    const { gangs, queued, running, values } = pool.status();
    assert.equal([gangs, queued, running, values.kept], [[], 0, 0, 0]);
    await until(() => pool.status().workers.every(({ state, gangId }) => state === 'idle' && gangId === undefined));
  }

  async #open(workers: number): Promise<void> {
    const reserved = this.#known.reduce((sum, { gang, isOpen }) => sum + (isOpen ? gang.size : 0), 0);
    if (reserved + workers > size) {
      await rejectsCode(pool.gang({ workers, timeoutMs: 20 }), 'TASK_TIMEOUT');
      return;
    }
    const gang = await pool.gang({ workers, timeoutMs: 20_000 });
    assert.equal([gang.state, gang.size, new Set(gang.worldRanks).size], ['open', workers, workers]);
    this.#known.push({ gang, isOpen: true, actors: [] });
  }

  /** One of the pool, which may wait until gangs are closed. */
  #task(workers: number): void {
    const result = pool.run(tasks, { workers, args: [7] });
    this.#later.push(result.then((sums) => assert.equal(sums, Array(workers).fill(sumOf(workers, 7)))));
  }

  async #use(known: Known, does: Step['does'], value: number): Promise<void> {
    const { gang, actors } = known;
    const all = <T>(result: T): T[] => Array<T>(gang.size).fill(result);
    const live = actors.filter(({ isLive }) => isLive);
    const one = live[value % Math.max(1, live.length)];
    switch (does) {
      case 'run':
        assert.equal(await gang.run(tasks, { args: [value] }), all(sumOf(gang.size, value)));
        break;
      case 'submit': {
        const handle = gang.submit(tasks, { perRankArgs: all([value]) as never });
        this.#later.push(handle.result().then((sums) => assert.equal(sums, all(sumOf(gang.size, value)))));
        break;
      }
      case 'keep': {
        using kept = await gang.run(tasks, { export: 'who', keep: true });
        assert.equal(
          (await kept.get()).map(({ rank, worldRank }) => [rank, worldRank]),
          gang.worldRanks.map((worldRank, rank) => [rank, worldRank]),
        );
        break;
      }
      case 'fail':
        await rejectsCode(gang.run(tasks, { export: 'fails', args: ['throw', value % gang.size] }), 'TASK_FAILED');
        break;
      case 'make':
        actors.push({
          actor: await gang.actor(tasks, { export: 'Model', args: [1, value] }),
          steps: 0,
          weight: value,
          isLive: true,
        });
        break;
      case 'add':
        if (one) assert.equal(await one.actor.call('add', [value]), all((one.steps += value)));
        break;
      case 'step':
        if (!one) break;
        one.steps++;
        one.weight += value * triangle(gang.size);
        assert.equal(await one.actor.call('step', [[value]]), all([one.weight]));
        break;
      case 'callFails':
        if (one) await rejectsCode(one.actor.call('fails', ['throw', value % gang.size]), 'TASK_FAILED');
        break;
      case 'dispose':
        if (!one) break;
        one.isLive = false;
        await one.actor.dispose();
        await rejectsCode(one.actor.call('add', [1]), 'CLOSED');
        break;
      case 'close':
        known.isOpen = false;
        await gang.close();
        break;
      case 'force':
        // What it was given before ends first, as the model has it.
        await gang.run(tasks, { args: [value] });
        known.isOpen = false;
        await gang.close({ force: true });
        break;
      case 'lose': {
        await gang.run(tasks, { args: [value] });
        known.isOpen = false;
        const lost = rejectsCode(
          gang.run(tasks, { export: 'fails', args: ['exit', value % gang.size] }),
          'TASK_EXITED',
        );
        const behind = rejectsCode(gang.run(tasks, { args: [1] }), 'WORKER_DIED');
        await Promise.all([lost, behind]);
        await until(() => gang.state === 'closed');
      }
    }
    if (known.isOpen) assert.is(pool.status().gangs.find(({ id }) => id === gang.id)!.actors.length, liveOf(known));
  }
}

const liveOf = ({ actors }: Known): number => actors.filter(({ isLive }) => isLive).length;

test('opened, used, closed and lost in any order, beside other tasks: each result is the model’s, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const walk = new Walk();
      try {
        for (const each of steps) await walk.take(each);
      } finally {
        await walk.end();
      }
    }),
    { numRuns: 12 * times },
  );
});

test.run();
