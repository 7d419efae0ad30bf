import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReferenceLostError, WindowExhaustedError } from '../../src/errors.js';
import { References } from '../../src/head/references.js';
import type { WorkerSide } from '../../src/head/worker-side.js';
import type { StoreContent } from '../../src/native/value-stores.js';
import type { TaskSpec } from '../../src/protocol/pool-messages.js';
import { rejectsCode, throwsCode } from '../support/check.js';
import { FakeWorkers } from '../support/fake-workers.js';

const test = suite('references');

/** Workers of two nodes, of which the second has no stores. */
class Hosts extends FakeWorkers {
  readonly stores = new Set<string>();
  readonly told: string[] = [];
  isFull = false;

  override readonly values: WorkerSide['values'] = {
    lay: (id) => {
      if (this.isFull) return Promise.reject(new Error('no memory'));
      this.stores.add(id);
      return Promise.resolve();
    },
    remove: (id) => void this.stores.delete(id),
  };
  override placeOf: WorkerSide['placeOf'] = (worldRank, id) => {
    return worldRank > 2 || !this.stores.has(id) ? undefined : { sizeBytes: 1, pid: 1, descriptors: [3] };
  };
  override forget: WorkerSide['forget'] = (worldRank, message) => {
    this.told.push(`${worldRank}: ${[...message.shared, ...message.leases.map((lease) => `lease ${lease}`)].join()}`);
  };
}

const content = (sizeBytes: number): StoreContent => ({ sizeBytes, parts: [] });
const spec = (...references: string[]): TaskSpec => ({ references }) as unknown as TaskSpec;
const idsOf = (references: References, given: TaskSpec, worldRank: number): unknown => {
  const told = references.tell(given, worldRank, 1);
  return told && [told.places.map(({ id }) => id), told.forget.shared];
};

test('what takes more than is left is refused, with what is left', async () => {
  const hosts = new Hosts(4, true);
  const references = new References(hosts, 100);
  const a = await references.share(content(60));
  const error = await rejectsCode(references.share(content(41)), 'WINDOW_EXHAUSTED');
  const { requestedBytes, largestFreeBytes } = error as WindowExhaustedError;
  assert.equal([requestedBytes, largestFreeBytes], [41, 40]);
  const b = await references.share(content(40));
  references.release(a);
  await references.share(content(60));
  references.release(b);
  assert.is(hosts.stores.size, 1);
  await rejectsCode(references.share(content(41)), 'WINDOW_EXHAUSTED');
});

test('what a host has no memory for leaves nothing', async () => {
  const hosts = new Hosts(4, true);
  const references = new References(hosts, 100);
  hosts.isFull = true;
  for (let i = 0; i < 3; i++) {
    const error = await rejectsCode(references.share(content(60)), 'WINDOW_EXHAUSTED');
    assert.match((error.cause as Error).message, 'no memory');
  }
  hosts.isFull = false;
  const id = await references.share(content(100));
  await rejectsCode(references.share(content(0), id), 'INVALID_ARGUMENT');
});

test('a value stays while a task has it, and is gone when the last has ended', async () => {
  const hosts = new Hosts(4, true);
  const references = new References(hosts, 100);
  const id = await references.share(content(1));
  const other = await references.share(content(1));
  references.use(spec(id, other));
  references.use(spec(id));
  assert.equal(idsOf(references, spec(id, other), 0), [[id, other], []]);
  assert.equal(idsOf(references, spec(id), 1), [[id], []]);
  assert.equal(idsOf(references, spec(id), 3), [[], []], 'it does not lie there');
  references.release(id);
  references.release(id);
  throwsCode(() => references.use(spec(other, id)), 'CLOSED');
  references.unuse(spec(id));
  assert.equal([hosts.stores.size, hosts.told], [2, []]);
  references.unuse(spec(id, other));
  assert.equal([hosts.stores.size, hosts.told], [1, [`0: ${id}`, `1: ${id}`]]);
  throwsCode(() => references.use(spec(id)), 'CLOSED');
  // A refused task has used none of its values.
  references.release(other);
  assert.is(hosts.stores.size, 0);
});

test('a worker is told once more with its next task what it is to forget', async () => {
  const references = new References(new Hosts(4, true), 100);
  const ids = [await references.share(content(1)), await references.share(content(1))];
  assert.is(idsOf(references, {} as TaskSpec, 0), undefined);
  for (const id of ids) references.use(spec(id));
  for (const id of ids) references.tell(spec(id), 0, 1);
  for (const id of ids) references.unuse(spec(id));
  for (const id of ids) references.release(id);
  assert.equal(idsOf(references, {} as TaskSpec, 0), [[], ids]);
  assert.is(idsOf(references, {} as TaskSpec, 0), undefined);
  assert.is(idsOf(references, {} as TaskSpec, 1), undefined);
  references.release('unknown');
});

const run = (workers: number, ...references: string[]): TaskSpec => ({ references, workers }) as unknown as TaskSpec;
const kept = (references: References, given: TaskSpec, worldRank: number): unknown =>
  references.tell(given, worldRank, 1)?.places;

test('what was kept has its workers, in order; a task has the values of one gang alone', () => {
  const hosts = new Hosts(4, true);
  const references = new References(hosts, 0);
  references.keep('a', { lease: 5, slot: 0 }, [1, 3]);
  references.keep('b', { lease: 6, slot: 0 }, [1, 3]);
  references.keep('c', { lease: 7, slot: 0 }, [1, 2]);
  assert.equal(references.workersFor(run(2, 'b', 'a')), [1, 3]);
  assert.is(references.workersFor(run(2)), undefined);
  assert.equal(kept(references, run(2, 'b', 'a'), 3), [
    { id: 'b', lease: 6 },
    { id: 'a', lease: 5 },
  ]);
  references.use(run(2, 'b', 'a'));
  for (const wrong of [run(2, 'a', 'c'), run(3, 'a'), { ...run(2, 'a'), fresh: true }]) {
    throwsCode(() => references.use(wrong), 'INVALID_ARGUMENT');
  }
  references.release('a');
  throwsCode(() => references.use(run(2, 'a')), 'CLOSED');
  assert.equal(hosts.told, []);
  references.unuse(run(2, 'b', 'a'));
  assert.equal(hosts.told, ['1: lease 5', '3: lease 5']);
  references.discard({ lease: 9, slot: 0 }, [0, 2]);
  assert.equal(hosts.told.slice(2), ['0: lease 9', '2: lease 9']);
  assert.equal(references.tell(run(1), 3, 10)?.forget.leases, [5]);
});

test('what was kept is lost with a thread that has had its lease, and not with an earlier one', () => {
  const references = new References(new Hosts(4, true), 0);
  references.threadGone(1, 4);
  references.keep('a', { lease: 5, slot: 0 }, [0, 1]);
  references.use(run(2, 'a'));
  assert.is(references.lossOf(run(2, 'a')), undefined);
  references.threadGone(2, 9);
  assert.is(references.lossOf(run(2, 'a')), undefined);
  references.threadGone(1, 6);
  const { worldRank } = throwsCode(() => references.use(run(2, 'a')), 'REFERENCE_LOST') as ReferenceLostError;
  assert.is(worldRank, 1);
  assert.is(references.lossOf(run(2, 'a'))?.worldRank, 1);
  // Another attempt of another task.
  references.keep('b', { lease: 7, slot: 0 }, [0, 1]);
  assert.is(references.lossOf(run(2, 'b')), undefined);
  references.tell(run(1), 0, 12);
  references.keep('c', { lease: 13, slot: 0 }, [0, 1]);
  references.workerGone(0);
  assert.is(references.lossOf(run(2, 'b'))?.worldRank, 0);
  assert.is(references.lossOf(run(2, 'c')), undefined);
  references.release('a');
  throwsCode(() => references.use(run(2, 'a')), 'CLOSED');
});

test.run();
