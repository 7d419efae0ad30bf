import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Items, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { codeOf, rejectionOf, rejectsCode, throwsCode, until } from '../support/check.js';

const url = new URL('./tasks/map.js', import.meta.url);
const tasks = taskModule<typeof import('./tasks/map.js')>(url);
const test = suite('pool.map');
const workers = 3;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers, graceMs: 200 });
});
test.after(() => pool.close({ force: true }));

const isQuiet = (): boolean => pool.status().queued === 0 && pool.status().running === 0;

/** Nothing is left running, and the pool goes on. */
test.after.each(async () => {
  assert.ok(isQuiet(), 'a task is left');
  assert.equal(
    await pool.run(tasks, { export: 'parts', workers, args: [1] }),
    [0, 1, 2].map((rank) => [rank, 3]),
  );
});

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of results) list.push(each);
  return list;
}

/** An async source that says what was asked of it. */
class Source<T> implements AsyncIterableIterator<T> {
  pulled = 0;
  returned = 0;
  readonly #give: (i: number) => Promise<IteratorResult<T>> | IteratorResult<T>;

  constructor(give: (i: number) => Promise<IteratorResult<T>> | IteratorResult<T>) {
    this.#give = give;
  }
  async next(): Promise<IteratorResult<T>> {
    return this.#give(this.pulled++);
  }
  return(): Promise<IteratorResult<T>> {
    this.returned++;
    return Promise.resolve({ done: true, value: undefined });
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
}
const endless = <T>(item: (i: number) => T): Source<T> => new Source((i) => ({ done: false, value: item(i) }));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('gives the results of 1,000 items in their order, from an array, a generator, an async one, a Set', async () => {
  const items = Array.from({ length: 1_000 }, (_, i) => i);
  const expected = items.map((i) => i * i);
  async function* slowly(): AsyncGenerator<number> {
    for (const each of items) {
      if (each % 100 === 0) await turn();
      yield each;
    }
  }
  for (const source of [items, items.values(), slowly(), new Set(items), items.map((i) => Promise.resolve(i))]) {
    const results: number[] = await all(pool.map(tasks, source));
    assert.equal(results, expected);
  }
});

test('gives nothing for no items, and one for one', async () => {
  assert.equal(await all(pool.map(tasks, [])), []);
  assert.equal(await all(pool.map(tasks, new Source<number>(() => ({ done: true, value: undefined })))), []);
  assert.equal(await all(pool.map(tasks, [7])), [49]);
  assert.equal(await all(pool.map(tasks, [7], { ordered: false })), [{ index: 0, item: 7, value: 49 }]);
  assert.equal(await all(pool.map(url, [null, undefined], { export: 'note' })), [null, undefined]);
  await pool.run(tasks, { export: 'noted', workers });
});

test('gives the list of all ranks where a task has several', async () => {
  const lists: [number, number][][] = await all(pool.map(tasks, [1, 2, 3], { export: 'parts', workers: 2 }));
  assert.equal(
    lists,
    [1, 2, 3].map((x) => [0, 1].map((rank) => [rank, 2 * x])),
  );
  const entries = await all(pool.map(tasks, [4], { export: 'parts', workers: 3, ordered: false }));
  assert.equal(entries, [{ index: 0, item: 4, value: [0, 1, 2].map((rank) => [rank, 12]) }]);
});

test('a slow first item holds the others back in order, and not out of order', async () => {
  const items = [400, 1, 1, 1].map((ms, value) => ({ value, ms }));
  assert.equal(await all(pool.map(tasks, items, { export: 'later' })), [0, 1, 2, 3]);
  const entries = await all(pool.map(tasks, items, { export: 'later', ordered: false }));
  assert.equal(entries.at(-1), { index: 0, item: items[0], value: 0 });
  assert.equal(
    entries.map(({ value, index }) => value === index && items[index]!.value === index),
    Array(4).fill(true),
  );
});

for (const ordered of [true, false]) {
  test(`never pulls more than concurrency items ahead of a slow consumer (ordered: ${ordered})`, async () => {
    for (const concurrency of [1, 4, undefined]) {
      const source = endless((i) => i);
      const results = pool.map(tasks, source, { ordered, ...(concurrency !== undefined && { concurrency }) });
      await turn();
      assert.is(source.pulled, 0, 'nothing before the first is asked for');
      const most = concurrency ?? 5 * workers;
      for (let taken = 1; taken <= 10; taken++) {
        await results.next();
        await until(() => isQuiet() && source.pulled === taken + most);
        for (let i = 0; i < 5; i++) await turn();
        assert.is(source.pulled, taken + most);
      }
      await results.return();
      assert.is(source.returned, 1);
      assert.equal(await results.next(), { done: true, value: undefined });
      assert.is(source.pulled, 10 + most);
    }
  });

  test(`break cancels what is under way, and closes the source (ordered: ${ordered})`, async () => {
    const source = endless((value) => ({ value, ms: value === 0 ? 0 : 60_000 }));
    for await (const first of pool.map(tasks, source, { export: 'later', ordered, concurrency: 8 })) {
      assert.equal(first, ordered ? 0 : { index: 0, item: { value: 0, ms: 0 }, value: 0 });
      await until(() => pool.status().running === workers && pool.status().queued > 0);
      break;
    }
    assert.ok(isQuiet());
    assert.is(source.returned, 1);
  });

  test(`a signal ends it, whoever waits (ordered: ${ordered})`, async () => {
    for (const when of ['before', 'while one waits', 'while nobody waits']) {
      const controller = new AbortController();
      const source = endless((value) => ({ value, ms: value === 0 ? 0 : 60_000 }));
      const { signal } = controller;
      const results = pool.map(tasks, source, { export: 'later', ordered, signal });
      if (when === 'before') controller.abort('enough');
      const first = results.next();
      if (when !== 'before') {
        await first;
        await until(() => pool.status().running === workers);
        const pulled = when === 'while one waits' ? results.next() : undefined;
        controller.abort('enough');
        const error = await rejectsCode(pulled ?? results.next(), 'CANCELLED');
        assert.is(error.cause, 'enough');
        assert.is(error.name, 'AbortError');
      } else assert.is((await rejectsCode(first, 'CANCELLED')).cause, 'enough');
      assert.ok(isQuiet(), when);
      assert.is(source.returned, when === 'before' ? 0 : 1, when);
      assert.equal(await results.next(), { done: true, value: undefined });
    }
  });

  test(`a source that throws is told after what it gave, and not closed again (ordered: ${ordered})`, async () => {
    for (const kind of ['throws', 'rejects']) {
      const source = new Source<number>((i) => {
        if (i < 3) return { done: false, value: i };
        if (kind === 'throws') throw new TypeError('the source broke');
        return Promise.reject(new TypeError('the source broke'));
      });
      const results: unknown[] = [];
      const error = await rejectionOf(
        (async () => {
          for await (const each of pool.map(tasks, source, { ordered, concurrency: 1 })) results.push(each);
        })(),
      );
      assert.is(error.message, 'the source broke');
      assert.is(results.length, 3);
      assert.is(source.returned, 0);
    }
    const broken = { [Symbol.iterator]: () => ({ next: () => 5 }) } as unknown as Iterable<number>;
    await rejectsCode(all(pool.map(tasks, broken)), 'INVALID_ARGUMENT');
    const unopened = {
      [Symbol.iterator]: (): Iterator<number> => {
        throw new TypeError('cannot be opened');
      },
    };
    assert.is((await rejectionOf(all(pool.map(tasks, unopened)))).message, 'cannot be opened');
  });
}

test('a failure comes in the place of its item; what is after it is cancelled, what is before it is given', async () => {
  const source = endless((i) => ({ value: i === 5 ? 5 : i > 5 ? -1 : i, at: 5 }));
  const results: number[] = [];
  const error = await rejectsCode(
    (async () => {
      for await (const each of pool.map(tasks, source, { export: 'failAt' })) results.push(each);
    })(),
    'TASK_FAILED',
  );
  assert.equal(results, [0, 1, 2, 3, 4]);
  assert.is((error as unknown as { index: number }).index, 5);
  assert.instance(error.cause, RangeError);
  assert.match(error.stack!, 'map.test');
  assert.ok(isQuiet());
  assert.is(source.returned, 1);
});

test('of several failures the first item counts in order, and the first in time out of order', async () => {
  const items = [
    { value: -1, at: 0 },
    { value: 1, at: 1 },
    { value: 2, at: 2 },
  ];
  const inTime = await rejectsCode(all(pool.map(tasks, items, { export: 'failAt', ordered: false })), 'TASK_FAILED');
  assert.ok([1, 2].includes((inTime as unknown as { index: number }).index));
  // Of the first item, which goes on until its time is over.
  const first = await rejectsCode(all(pool.map(tasks, items, { export: 'failAt', timeoutMs: 300 })), 'TASK_TIMEOUT');
  assert.is((first as unknown as { index: number }).index, 0);
});

test('an item that has no copy fails at its place', async () => {
  const items: unknown[] = [1, 2, () => 3, 4];
  const results: unknown[] = [];
  const error = await rejectsCode(
    (async () => {
      for await (const each of pool.map(url, items)) results.push(each);
    })(),
    'NOT_SERIALIZABLE',
  );
  assert.equal(results, [1, 4]);
  assert.is((error as unknown as { index: number }).index, 2);
});

test('several next() at once are answered in order, also past the end and past a failure', async () => {
  const three = pool.map(tasks, [1, 2, 3]);
  const asked = await Promise.all(Array.from({ length: 5 }, () => three.next()));
  assert.equal(
    asked.map(({ done, value }) => (done ? 'over' : value)),
    [1, 4, 9, 'over', 'over'],
  );
  const failing = pool.map(
    tasks,
    [0, 1].map((value) => ({ value, at: 1 })),
    { export: 'failAt' },
  );
  const ends = await Promise.allSettled(Array.from({ length: 4 }, () => failing.next()));
  assert.equal(
    ends.map((end) => (end.status === 'rejected' ? codeOf(end.reason) : (end.value.value ?? 'over'))),
    [0, 'ERR_SHOAL_TASK_FAILED', 'over', 'over'],
  );
});

test('return() while somebody waits, twice, and before anything was asked for', async () => {
  const source = endless((value) => ({ value, ms: 60_000 }));
  const results = pool.map(tasks, source, { export: 'later' });
  const waiting = results.next();
  await until(() => pool.status().running === workers);
  await Promise.all([results.return(), results.return()]);
  assert.ok(isQuiet());
  assert.equal(await waiting, { done: true, value: undefined });
  const thrown = pool.map(tasks, source, { export: 'later' });
  assert.is(await rejectionOf(thrown.throw(new Error('of the user'))).then(({ message }) => message), 'of the user');
  const unopened = endless((i) => i);
  await pool.map(tasks, unopened)[Symbol.asyncDispose]();
  assert.equal([source.returned, unopened.pulled, unopened.returned], [1, 0, 0]);
});

test('a source whose next item never comes holds nobody up', async () => {
  const source = new Source<number>((i) => (i < 2 ? { done: false, value: i } : new Promise(() => undefined)));
  const results: number[] = [];
  for await (const each of pool.map(tasks, source)) {
    results.push(each);
    if (results.length === 2) break;
  }
  assert.equal(results, [0, 1]);
  assert.is(source.returned, 1);
});

test('onProgress hears of every task, and what it throws harms nobody', async () => {
  const heard: unknown[] = [];
  const uncaught: string[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error: Error) => void uncaught.push(error.message));
  const onProgress = (progress: { done: number; total: number | undefined }): void => {
    heard.push([progress.done, progress.total]);
    if (progress.done === 2) throw new Error('a listener of the user');
  };
  assert.equal(await all(pool.map(tasks, [1, 2, 3], { onProgress })), [1, 4, 9]);
  assert.equal(await all(pool.map(tasks, [5].values(), { onProgress })), [25]);
  await turn();
  process.removeAllListeners('uncaughtException');
  for (const listener of listeners) process.on('uncaughtException', listener);
  assert.equal(heard, [
    [1, 3],
    [2, 3],
    [3, 3],
    [1, undefined],
  ]);
  assert.equal(uncaught, ['a listener of the user']);
});

test('its tasks have the priority of the map', async () => {
  const holding = pool.submit(tasks, { export: 'later', workers, args: [{ value: 0, ms: 60_000 }], priority: 9 });
  const low = all(pool.map(tasks, ['low 0', 'low 1'], { export: 'note', priority: -1, concurrency: 2 }));
  const high = all(pool.map(tasks, ['high 0', 'high 1'], { export: 'note', priority: 1, concurrency: 2 }));
  await until(() => pool.status().queued === 4);
  const rest = pool.submit(tasks, { export: 'later', workers: 2, args: [{ value: 0, ms: 60_000 }], priority: 8 });
  holding.cancel();
  await rejectsCode(holding.result(), 'CANCELLED');
  await Promise.all([low, high]);
  assert.equal(await pool.run(tasks, { export: 'noted' }), [['high 0', 'high 1', 'low 0', 'low 1']]);
  rest.cancel();
  await rejectsCode(rest.result(), 'CANCELLED');
});

test('items that do not fit the queue together wait for each other', async () => {
  const own = await launch({ workers: 1, maxQueueBytes: 250_000 });
  const items = Array.from({ length: 12 }, (_, i) => new Uint8Array(100_000 + i));
  assert.equal(
    await all(own.map(tasks, items, { export: 'size', concurrency: 12 })),
    items.map(({ length }) => length),
  );
  await rejectsCode(all(own.map(tasks, [new Uint8Array(300_000)], { export: 'size' })), 'QUEUE_FULL');
  await own.close();
});

test('a pool that is closed ends it with a typed error, and map refuses a closed one', async () => {
  const own = await launch({ workers: 1 });
  const source = endless((i) => i);
  const results = own.map(tasks, source, { concurrency: 2 });
  await results.next();
  await own.close();
  const error = await rejectsCode(all(results), 'CLOSED');
  assert.is(source.returned, 1, error.message);
  throwsCode(() => own.map(tasks, []), 'CLOSED');
});

test('refuses wrong input before an item is pulled', async () => {
  const source = endless((i) => i);
  const wrong: object[] = [
    { concurrency: 0 },
    { concurrency: 1.5 },
    { concurrency: Infinity },
    { ordered: 1 },
    { onProgress: 5 },
    { signal: {} },
    { workers: 0 },
    { priority: 1.5 },
    { args: [1] },
    { perRankArgs: [[1]] },
    { orderd: false },
  ];
  for (const options of wrong) throwsCode(() => pool.map(tasks, source, options), 'INVALID_ARGUMENT');
  for (const items of [undefined, null, 5, {}, { [Symbol.iterator]: 5 }]) {
    throwsCode(() => pool.map(tasks, items as unknown as Items<number>), 'INVALID_ARGUMENT');
  }
  throwsCode(() => pool.map(new URL('./tasks/absent.js', import.meta.url), source), 'MODULE_NOT_FOUND');
  assert.is(source.pulled, 0);
  await rejectsCode(all(pool.map(tasks, source, { workers: 4 })), 'INSUFFICIENT_WORKERS');
  assert.is(source.returned, 1);
});

test('what gives no iterator is refused', async () => {
  for (const key of [Symbol.asyncIterator, Symbol.iterator]) {
    for (const iterator of [5, undefined, null, {}]) {
      const items = { [key]: () => iterator } as unknown as Items<number>;
      await rejectsCode(all(pool.map(tasks, items)), 'INVALID_ARGUMENT');
    }
  }
});

test('a text is iterable: its items are letters', async () => {
  const items = 'ab' as unknown as Items<number>;
  assert.equal(await all(pool.map(new URL('./tasks/map.js', import.meta.url), items, { export: 'note' })), ['a', 'b']);
});

test.run();
