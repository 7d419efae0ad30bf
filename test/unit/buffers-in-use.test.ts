import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MemoryUser } from '../../src/operands/buffers-in-use.js';
import { BuffersInUse, rangesOf } from '../../src/operands/buffers-in-use.js';
import { randomOf } from '../support/random.js';

const test = suite('buffers in use');
const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`seed ${seed}`);

const buffers = [0, 1, 2].map(() => new ArrayBuffer(400));
const whole = rangesOf(buffers.map((buffer) => new Uint8Array(buffer)));

test('an array without bytes uses nothing', () => {
  assert.equal(rangesOf([new Uint8Array(buffers[0]!, 8, 0)]), []);
  const inUse = new BuffersInUse();
  const user = { ranges: [] };
  inUse.take(user);
  assert.is(inUse.userOf(whole), undefined);
  inUse.giveBack(user);
  assert.ok(inUse.isEmpty);
});

test('out that is the buffer itself is used once and given back once', () => {
  const array = new Float32Array(buffers[0]!, 0, 4);
  const users = Array.from({ length: 10 }, () => ({ ranges: rangesOf([array.subarray(0), array]) }));
  const inUse = new BuffersInUse();
  // The first ones use other memory, so that the last is one of many.
  const others = Array.from({ length: 9 }, () => ({ ranges: rangesOf([new Uint8Array(4)]) }));
  for (const user of others) inUse.take(user);
  inUse.take(users[9]!);
  assert.is(inUse.userOf(users[0]!.ranges), users[9]);
  inUse.giveBack(users[9]!);
  assert.is(inUse.userOf(users[0]!.ranges), undefined);
  for (const user of others) inUse.giveBack(user);
  assert.ok(inUse.isEmpty);
});

test('a byte has the user that took it, however many there are and in whatever order they end', () => {
  const random = randomOf(seed);
  for (const most of [1, 3, 4, 5, 6, 40]) {
    const inUse = new BuffersInUse<MemoryUser>();
    let users: MemoryUser[] = [];
    const userOf = (ranges: MemoryUser['ranges']): MemoryUser | undefined => {
      return users.find((user) =>
        user.ranges.some((a) => ranges.some((b) => a.buffer === b.buffer && a.start < b.end && b.start < a.end)),
      );
    };
    for (let step = 0; step < 3_000; step++) {
      // What a call has: nothing, an array, the same one twice, or two apart.
      const [first, ...rest] = buffers.slice(random(3)).map((buffer) => {
        return new Uint8Array(buffer, random(380), random(20));
      });
      const arrays = [[], [first!], [first!, first!], [first!, ...rest]][random(4)]!;
      const ranges = rangesOf(arrays);
      const known = userOf(ranges);
      const found = inUse.userOf(ranges);
      assert.is(found === undefined, known === undefined);
      if (found) assert.ok(users.includes(found), 'somebody who has ended');
      if (users.length < most && !known) {
        const user = { ranges };
        users.push(user);
        inUse.take(user);
      } else if (random(2) === 0 && users.length > 0) {
        const user = users[random(users.length)]!;
        users = users.filter((other) => other !== user);
        inUse.giveBack(user);
      }
    }
    for (const user of users) inUse.giveBack(user);
    assert.ok(inUse.isEmpty);
    assert.is(inUse.userOf(whole), undefined);
  }
});

test.run();
