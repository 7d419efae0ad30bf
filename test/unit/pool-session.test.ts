import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StartedPool } from '../../src/driver/prepare-pool.js';
import { PoolSession } from '../../src/driver/pool-session.js';
import { TaskRecords } from '../../src/driver/task-records.js';
import type { Connection } from '../../src/protocol/connection.js';
import type { FromPool, ToPool } from '../../src/protocol/pool-messages.js';
import { decodeValue, encodeValue } from '../../src/protocol/values.js';

const test = suite('pool-session');

/** A user who takes what they are sent when `take` is called, and not before. */
class SlowUser {
  readonly sent: FromPool[] = [];
  #waiting: (() => void)[] = [];
  readonly connection = {
    unsentBytes: 0,
    send: (message: FromPool, left?: () => void): void => {
      this.sent.push(message);
      if (left) this.#waiting.push(left);
    },
  } as unknown as Connection<ToPool, FromPool>;

  take(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const left of waiting) left();
  }

  get events(): { name: string; payload: unknown }[] {
    return this.sent.flatMap((message) => {
      return message.type === 'event' ? [{ name: message.name, payload: decodeValue(message.payload) }] : [];
    });
  }
}

function sessionOf({ connection }: SlowUser): PoolSession {
  const events = { changed: (): void => undefined, stop: (): void => undefined };
  return new PoolSession('s0', { head: {} } as StartedPool, new TaskRecords(), connection, events);
}

const megabyte = encodeValue(['x'.repeat(2 ** 20)], 'event');
const small = encodeValue([{ id: 't1' }], 'event');
const status = encodeValue({}, 'status');

test('events for a user who takes nothing are bounded, and told of later', () => {
  const user = new SlowUser();
  const session = sessionOf(user);
  for (let i = 0; i < 40; i++) session.tellEvent('taskDone', megabyte);
  const told = user.events.length;
  assert.ok(told > 0 && told < 17, `${told} events`);
  assert.ok(session.wantsStatus);
  user.take();
  session.tellEvent('taskDone', small);
  const [warning, last, ...more] = user.events.slice(told);
  assert.is(warning!.name, 'warning');
  const [{ message }] = warning!.payload as [{ message: string }];
  assert.match(message, new RegExp(`; ${40 - told} events were left out$`));
  assert.equal(last, { name: 'taskDone', payload: [{ id: 't1' }] });
  assert.is(more.length, 0);
});

test('without a further event the next status tells of it, once', () => {
  const user = new SlowUser();
  const session = sessionOf(user);
  for (let i = 0; i < 20; i++) session.tellEvent('taskDone', megabyte);
  user.take();
  const told = user.sent.length;
  for (let i = 0; i < 2; i++) session.tell(status);
  assert.equal(
    user.sent.slice(told).map(({ type }) => type),
    ['event', 'status', 'status'],
  );
  assert.not(session.wantsStatus);
});

test('one long event is told to who takes what comes', () => {
  const user = new SlowUser();
  const session = sessionOf(user);
  const long = encodeValue(['x'.repeat(20 * 2 ** 20)], 'event');
  for (let i = 0; i < 3; i++) {
    session.tellEvent('taskFailed', long);
    user.take();
  }
  assert.is(user.events.length, 3);
});

test('a user who takes events gets all of them, however many', () => {
  const user = new SlowUser();
  const session = sessionOf(user);
  for (let i = 0; i < 100; i++) {
    session.tellEvent('taskDone', megabyte);
    if (i % 10 === 9) user.take();
  }
  assert.is(user.events.length, 100);
});

test.run();
