import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Awake, awakeMemory } from '../../src/worker/awake.js';

const test = suite('awake');

/** What a thread has done. */
interface Seen {
  takes: number;
  yields: number;
  handled: string[];
}

/** A thread's side over an inbox in which every third try finds a message. */
function thread(memory: ReturnType<typeof awakeMemory>, index: number, seen: Seen, isQuiet = true): Awake<string> {
  return new Awake(memory, index, {
    isQuiet: () => isQuiet,
    take: () => (++seen.takes % 3 === 0 ? 'task' : undefined),
    handle: (message) => {
      seen.handled.push(message);
    },
    yieldCore: () => {
      seen.yields++;
    },
  });
}

/** Tasks that follow each other at once; the machine may have more to do, so it is tried again. */
function spinUntil(awake: Awake<string>, isDone: () => boolean): void {
  for (let turn = 0; turn < 10_000 && !isDone(); turn++) {
    awake.end();
    awake.begin();
    awake.end();
    awake.spin();
  }
}

test('a thread whose tasks come soon takes the next one awake, and yields its core until then', () => {
  const seen: Seen = { takes: 0, yields: 0, handled: [] };
  const awake = thread(awakeMemory(1, 1, true), 0, seen);
  spinUntil(awake, () => seen.handled.length > 0);
  assert.equal(seen.handled, ['task']);
  assert.ok(seen.yields > 0);
});

test('a thread that sees its first task sleeps at once, and so does one with something alive', () => {
  const seen: Seen = { takes: 0, yields: 0, handled: [] };
  const first = thread(awakeMemory(1, 2, true), 0, seen);
  first.begin();
  first.end();
  first.spin();
  spinUntil(thread(awakeMemory(1, 2, true), 0, seen, false), () => false);
  assert.equal(seen, { takes: 0, yields: 0, handled: [] });
});

for (const canYield of [true, false]) {
  const most = canYield ? 2 : 1;
  test(`of 3 threads on 2 cores at most ${most} spin where they ${canYield ? 'can' : 'cannot'} yield`, () => {
    const memory = awakeMemory(3, 2, canYield);
    let spinning = 0;
    let deepest = 0;
    // Each tries to spin while the one before it does.
    const nest = (index: number): Awake<string> =>
      new Awake(memory, index, {
        isQuiet: () => true,
        take: () => {
          spinning++;
          deepest = Math.max(deepest, spinning);
          if (index < 2) spinUntil(nest(index + 1), () => deepest > spinning);
          spinning--;
          return 'task';
        },
        handle: () => undefined,
        yieldCore: undefined,
      });
    spinUntil(nest(0), () => deepest >= most);
    assert.is(deepest, most);
  });
}

test.run();
