import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ItemSource } from '../../src/driver/item-source.js';
import { MappedResults } from '../../src/driver/mapped-results.js';
import type { TaskHandle } from '../../src/driver/task-handle.js';
import { CancelledError, QueueFullError, TaskFailedError } from '../../src/errors.js';
import fc from '../support/property.js';

const test = suite('results of a map');

/** A task that ends when the test says so; one that is cancelled ends a turn later. */
class FakeTask {
  readonly item: number;
  isCancelled = false;
  hasEnded = false;
  readonly #end: Promise<unknown[]>;
  #resolve!: (results: unknown[]) => void;
  #reject!: (error: Error) => void;

  constructor(item: number) {
    this.item = item;
    this.#end = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#end.catch(() => undefined);
  }
  result(): Promise<unknown[]> {
    return this.#end;
  }
  cancel(): void {
    if (this.isCancelled || this.hasEnded) return;
    this.isCancelled = true;
    setImmediate(() => this.end(new CancelledError('cancelled')));
  }
  end(error?: Error): void {
    this.hasEnded = true;
    if (error) this.#reject(error);
    else this.#resolve([2 * this.item]);
  }
}

/** Items from 0, each given when the test says so. */
class FakeItems implements AsyncIterator<number> {
  opened = 0;
  given = 0;
  closed = 0;
  hasEnded = false;
  waiting: { resolve: (result: IteratorResult<number>) => void; reject: (error: Error) => void } | undefined;

  [Symbol.asyncIterator](): this {
    this.opened++;
    return this;
  }
  next(): Promise<IteratorResult<number>> {
    assert.is(this.waiting, undefined, 'two pulls at once');
    assert.not.ok(this.hasEnded || this.closed > 0, 'a pull after the end');
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }
  return(): Promise<IteratorResult<number>> {
    this.closed++;
    return Promise.resolve({ done: true, value: undefined });
  }
  answer(how: 'item' | 'end' | 'error'): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (!waiting) return;
    if (how === 'item') waiting.resolve({ done: false, value: this.given++ });
    else {
      this.hasEnded = true;
      if (how === 'end') waiting.resolve({ done: true, value: undefined });
      else waiting.reject(new RangeError('the source broke'));
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const event = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ answer: 'item' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ answer: 'end' as const }, { answer: 'error' as const }) },
  { weight: 10, arbitrary: fc.constant('ask' as const) },
  { weight: 10, arbitrary: fc.record({ end: fc.nat(20), fails: fc.constant(false) }) },
  { weight: 2, arbitrary: fc.record({ end: fc.nat(20), fails: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.constantFrom('abort' as const, 'return' as const) },
  { weight: 25, arbitrary: fc.constant('turn' as const) },
);

for (const ordered of [true, false]) {
  test(`right results, bounds, one failure at most and nothing left, whatever happens (ordered: ${ordered})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 150, size: 'max' }),
        fc.integer({ min: 1, max: 5 }),
        async (events, concurrency) => {
          const items = new FakeItems();
          const tasks: FakeTask[] = [];
          const controller = new AbortController();
          const results = new MappedResults<number, [index: number, value: unknown]>(
            new ItemSource('map', items),
            {
              start: (item) => {
                const running = tasks.filter(({ hasEnded }) => !hasEnded).length;
                // Of three there is room in the queue, but not of more.
                if (running >= 3) throw new QueueFullError('full');
                tasks.push(new FakeTask(item));
                return tasks.at(-1) as unknown as TaskHandle;
              },
              resultOf: (index, _item, [value]) => [index, value],
            },
            { concurrency, ordered, signal: controller.signal, onProgress: undefined },
            {},
          );
          const given: [number, unknown][] = [];
          const errors: unknown[] = [];
          let [asked, over] = [0, 0];
          /** The first item whose task has failed. */
          let failed: number | undefined;
          const faults: string[] = [];
          const isOver = (): void => {
            if (tasks.some(({ hasEnded }) => !hasEnded)) faults.push('it is over, and a task runs');
          };
          const ask = (): void => {
            asked++;
            void results.next().then(
              ({ done, value }) => {
                if (done) {
                  over++;
                  isOver();
                } else {
                  if (over > 0) faults.push('a result after the end');
                  given.push(value);
                }
              },
              (error: unknown) => {
                errors.push(error);
                isOver();
                if (error instanceof QueueFullError) faults.push('it does not wait for its own tasks');
              },
            );
          };
          for (const each of events) {
            if (each === 'ask') ask();
            else if (each === 'turn') {
              await turn();
              const after = tasks.filter(({ item }) => failed !== undefined && (!ordered || item > failed));
              if (after.some(({ hasEnded, isCancelled }) => !hasEnded && !isCancelled)) faults.push('nobody wants it');
            } else if (each === 'abort') controller.abort('enough');
            else if (each === 'return') void results.return().then(isOver);
            else if ('answer' in each) items.answer(each.answer);
            else {
              const running = tasks.filter(({ hasEnded, isCancelled }) => !hasEnded && !isCancelled);
              const task = running[each.end % Math.max(1, running.length)];
              task?.end(each.fails ? new TaskFailedError('no') : undefined);
              if (task && each.fails) failed = Math.min(failed ?? Infinity, task.item);
            }
            assert.ok(items.given - given.length <= concurrency + 1, 'too many items are ahead');
            if (asked === 0) assert.is(items.opened, 0);
          }
          // To the end: the source gives no more, all tasks return, and results are asked for.
          for (let guard = 0; over === 0; guard++) {
            assert.ok(guard < 1_000, 'it never ends');
            ask();
            items.answer('end');
            for (const task of tasks) if (!task.hasEnded && !task.isCancelled) task.end();
            await turn();
          }
          await results.return();
          await turn();
          assert.equal(faults, []);
          assert.is(given.length + errors.length + over, asked, 'somebody waits for ever');
          assert.ok(errors.length <= 1, 'one failure is enough');
          assert.ok(
            tasks.every(({ hasEnded }) => hasEnded),
            'a task is left',
          );
          for (const [index, value] of given) assert.is(value, 2 * index);
          const indexes = given.map(([index]) => index);
          assert.is(new Set(indexes).size, given.length);
          if (ordered) assert.equal(indexes, [...indexes.keys()]);
          // The last return() comes when all is over.
          const isCut = errors.length > 0 || events.includes('return');
          if (!isCut) assert.is(given.length, items.given, 'a result is lost');
          assert.ok(items.closed <= 1);
          if (isCut && !items.hasEnded) assert.is(items.closed, items.opened);
        },
      ),
      { numRuns: 1_500 },
    );
  });
}

test.run();
