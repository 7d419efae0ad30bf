import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createWindow } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import { WindowArrays } from '../../src/backend/window/window-arrays.js';
import { OrdinaryArrays } from '../../src/backend/wire/ordinary-arrays.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import type { TaskArrays } from '../../src/operands/task-arrays.js';
import { NotSerializableError } from '../../src/errors.js';
import { reachableViews } from '../../src/worker/reachable-views.js';
import { WorkerValues } from '../../src/worker/worker-values.js';
import { throwsCode } from '../support/check.js';

const test = suite('arrays that outlive their task');
const window = new RankWindow(createWindow(compileKernels(), 1, 2 ** 21), 0);
const kinds: [name: string, arrays: TaskArrays, live: () => number][] = [
  ['window', new WindowArrays(window), () => [...window.arena.live()].length],
  ['ordinary', new OrdinaryArrays(), () => 0],
];

for (const [name, arrays, live] of kinds) {
  const make = (count: number): Float64Array => arrays.make(Float64Array, count, 8 * count);

  test(`${name}: it stays until nobody retains it, and what is not retained goes with the task`, () => {
    const [kept, other] = [make(100).fill(5), make(100)];
    const first = arrays.retain(kept.subarray(10, 20))!;
    const second = arrays.retain(kept)!;
    assert.is(arrays.retain(new Float64Array(3)), undefined);
    for (const poison of [false, true]) {
      arrays.release(poison);
      assert.equal([arrays.owns(kept), arrays.owns(kept.subarray(3)), arrays.owns(other)], [true, true, false]);
    }
    assert.ok(kept.every((value) => value === 5));
    make(100).fill(1);
    throwsCode(() => arrays.free(kept, false), 'INVALID_ARGUMENT');
    arrays.letGo(first, false);
    assert.ok(arrays.owns(kept));
    arrays.letGo(second, true);
    assert.not(arrays.owns(kept));
    assert.ok(Number.isNaN(kept[0]), 'freed memory is filled');
    arrays.release(false);
    assert.is(live(), 0);
  });

  test(`${name}: what a task returns keeps its arrays, wherever they are in it`, () => {
    const values = new WorkerValues(0, arrays, false);
    const [a, b, c, d] = [make(10), make(10), make(10), make(10)];
    const value = { map: new Map([[a.subarray(1), new Set([[b]])]]), plain: new Float32Array(4) };
    Object.assign(value, { self: value, view: new DataView(c.buffer, c.byteOffset, 16) });
    values.keep(7, value);
    arrays.release(false);
    assert.equal(
      [a, b, c, d].map((array) => arrays.owns(array)),
      [true, true, true, false],
    );
    assert.is(values.resolver([{ id: 't1', lease: 7 }])('t1'), value);
    throwsCode(() => values.resolver([{ id: 't1', lease: 8 }])('t1'), 'REFERENCE_LOST');
    throwsCode(() => values.resolver([])('t1'), 'REFERENCE_LOST');
    values.forget({ shared: ['unknown'], leases: [6, 7, 7] });
    assert.equal(
      [a, b, c].map((array) => arrays.owns(array)),
      [false, false, false],
    );
    throwsCode(() => values.resolver([{ id: 't1', lease: 7 }])('t1'), 'REFERENCE_LOST');
    assert.is(live(), 0);
  });

  test(`${name}: a node-shared array is not kept, and nothing else of that result`, () => {
    const values = new WorkerValues(0, arrays, false);
    const own = make(5);
    const offer = arrays.offer({ sizeBytes: 80, root: 0, rank: 0, size: 1, group: 0 });
    const shared = offer.take(Float64Array, 10, offer.address, 3);
    assert.throws(
      () => {
        values.keep(9, [own, { shared }]);
      },
      (error: unknown) => error instanceof NotSerializableError,
    );
    values.forget({ shared: [], leases: [9] });
    arrays.release(false);
    assert.not(arrays.owns(own));
  });
}

test('code is not looked into: getters, proxies, private fields', () => {
  const array = new Float64Array(2);
  class Secret {
    readonly #array = array;
    get array(): Float64Array {
      return this.#array;
    }
  }
  const value = { secret: new Secret(), proxy: new Proxy([array], {}), fn: () => array, list: [1, 'a', null, [array]] };
  assert.equal(reachableViews(value), [array]);
  assert.equal([reachableViews(undefined), reachableViews(5), reachableViews(array)], [[], [], [array]]);
  let deep: unknown = array;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  assert.is(reachableViews(deep).length, 1);
});

test.run();
