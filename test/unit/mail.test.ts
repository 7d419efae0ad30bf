import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProtocolError } from '../../src/errors.js';
import { encode } from '../../src/protocol/encoded.js';
import type { ReturnedMessage } from '../../src/protocol/mail.js';
import { openOutcomeMail, openTaskMail, outcomeMail, taskMail } from '../../src/protocol/mail.js';
import type { Mail } from '../../src/protocol/mail-tray.js';
import { mailboxBytes, mailTrays } from '../../src/protocol/mail-tray.js';
import type { AssignMessage } from '../../src/protocol/thread-messages.js';
import { WorkerMailbox } from '../../src/node-manager/worker-mailbox.js';
import { thrownBy } from '../support/check.js';
import { randomOf } from '../support/random.js';

const test = suite('mailbox');

const member = { rank: 0, worldRank: 1, localRank: 1, hostname: 'höst', node: 'n', pid: 3 };
const task = (lease: number, args: unknown[], more: Partial<AssignMessage> = {}): AssignMessage => ({
  type: 'assign',
  lease: { lease, slot: 2, taskId: `t${lease}`, rank: 0, communicator: 0, members: [member] },
  attempt: 1,
  source: { url: 'file:///a.mjs', exportName: 'default' },
  args: encode(args, 'args'),
  timeoutMs: null,
  maxMessageBytes: 1000,
  unawaited: 'warn',
  ...more,
});
const returned = (taskId: string, result: unknown, emptied?: number): ReturnedMessage => ({
  type: 'outcome',
  taskId,
  outcome: {
    kind: 'returned',
    value: encode(result, 'result'),
    sequence: 3,
    sent: 0,
    received: 0,
    aborted: false,
    inFlight: [],
    refused: 0,
  },
  ...(emptied !== undefined && { emptied }),
});
const memory = (): SharedArrayBuffer => new SharedArrayBuffer(mailboxBytes);
const through = (mail: Mail | undefined): Mail => {
  const { tasks } = mailTrays(memory());
  assert.ok(mail);
  assert.ok(tasks.put(1, mail));
  return tasks.read();
};

const values = [undefined, 1, 'text', '\ud800 ü 漢', [1, 2], { a: [new Map([[1, 2]])] }, new Float64Array(3), -0, NaN];

test('a task comes out of a mailbox as it was put in', () => {
  for (const value of values) {
    const message = task(7, [value]);
    assert.equal(openTaskMail(through(taskMail(message))), message);
  }
  const unlimited = task(7, [], { maxMessageBytes: Infinity, timeoutMs: 5, unawaited: 'error' });
  assert.equal(openTaskMail(through(taskMail(unlimited))), unlimited);
});

test('an outcome comes out of a mailbox as it was put in', () => {
  for (const value of values) {
    const message = returned('t1', value, 4);
    assert.equal(openOutcomeMail(through(outcomeMail(message))), message);
  }
});

test('what is longer than a tray, or has bytes that are empty, goes another way', () => {
  const { tasks } = mailTrays(memory());
  assert.not(tasks.put(1, taskMail(task(1, [new Uint8Array(mailboxBytes / 2)]))!));
  assert.not(tasks.put(1, taskMail(task(1, [], { source: { url: 'ü'.repeat(16_300), exportName: '' } }))!));
  assert.is(tasks.number, 0);
  assert.is(taskMail(task(1, [], { args: new Uint8Array(0) })), undefined);
  assert.ok(tasks.put(1, taskMail(task(1, [new Uint8Array(mailboxBytes / 2 - 1000)]))!));
  assert.is(tasks.number, 1);
});

test('records with damage are right ones or refused, whatever the bytes', () => {
  const below = randomOf(5);
  const shared = memory();
  const bytes = new Uint8Array(shared);
  const { outcomes } = mailTrays(shared);
  const whole = [returned('t1', 1, 4), returned('t2', new Float64Array(8))].map((message) => outcomeMail(message)!);
  const counts = { right: 0, refused: 0 };
  for (let number = 0; number < 20_000; number++) {
    outcomes.put(number + 1, whole[below(2)]!);
    for (let times = below(3); times >= 0; times--) {
      const at = mailboxBytes / 2 + (below(4) === 0 ? below(72) : below(400));
      bytes[at] = below(2) === 0 ? below(256) : bytes[at]! ^ (1 << below(8));
    }
    try {
      const { type, outcome } = openOutcomeMail(outcomes.read());
      assert.is(type, 'outcome');
      assert.type(outcome.kind, 'string');
      counts.right++;
    } catch (error) {
      assert.instance(error, ProtocolError, `case ${number}`);
      counts.refused++;
    }
  }
  assert.ok(counts.right > 1000 && counts.refused > 1000, JSON.stringify(counts));
});

test('text that is no message is refused', () => {
  for (const text of ['', 'null', '1', '[]', '{}', '{"type":"assign"}', '{"type":"__proto__"}', '{'.repeat(1000)]) {
    for (const open of [openTaskMail, openOutcomeMail]) {
      assert.instance(
        thrownBy(() => open({ text, bytes: undefined })),
        ProtocolError,
        text,
      );
    }
  }
});

interface Ends {
  readonly mailbox: WorkerMailbox;
  readonly notified: () => number;
  /** The worker takes the task that has come, and returns. */
  readonly answer: (message: ReturnedMessage) => void;
}

function ends(): Ends {
  const shared = memory();
  let count = 0;
  const mailbox = new WorkerMailbox(shared, 0, () => count++);
  const { tasks, outcomes } = mailTrays(shared);
  const answer = (message: ReturnedMessage): void => {
    tasks.notified();
    outcomes.put(tasks.number, outcomeMail(message)!);
  };
  return { mailbox, notified: () => count, answer };
}

test('tasks go over the socket until a task thread has the mailbox, and while one is to be replaced', () => {
  const { mailbox, answer } = ends();
  assert.not(mailbox.assign(task(1, [])));
  mailbox.attached(0);
  assert.ok(mailbox.assign(task(2, [])));
  answer(returned('t2', 1));
  assert.is(mailbox.take()?.taskId, 't2');
  mailbox.ended();
  assert.not(mailbox.assign(task(3, [])));
  // The word of a thread that was ended before it came.
  mailbox.ended();
  mailbox.attached(1);
  assert.not(mailbox.assign(task(4, [])));
  mailbox.attached(2);
  assert.ok(mailbox.assign(task(5, [])));
});

test('a mailbox holds one task, and gives its outcome once', () => {
  const { mailbox, notified, answer } = ends();
  mailbox.attached(0);
  assert.ok(mailbox.assign(task(1, [])));
  assert.is(notified(), 1);
  assert.not(mailbox.assign(task(2, [])));
  assert.is(mailbox.take(), undefined);
  answer(returned('t1', 1));
  assert.is(mailbox.take()?.taskId, 't1');
  assert.is(mailbox.take(), undefined);
  assert.ok(mailbox.assign(task(3, [])));
  assert.is(mailbox.take(), undefined, 'the outcome of the task before is none of this one');
});

test('an outcome that comes over the socket, or the end of the thread that has the task, frees the mailbox', () => {
  const { mailbox } = ends();
  mailbox.attached(0);
  assert.ok(mailbox.assign(task(1, [])));
  mailbox.settled();
  assert.ok(mailbox.assign(task(2, [])));
  mailbox.gone(1);
  assert.not(mailbox.assign(task(3, [])), 'another thread will take the task that the one which is gone has not taken');
  mailbox.gone(2);
  assert.ok(mailbox.assign(task(3, [])));
});

test('the task after one that has posted goes where the word goes that what was posted is taken', () => {
  const { mailbox } = ends();
  mailbox.attached(0);
  assert.ok(mailbox.assign(task(1, [])));
  mailbox.posted();
  mailbox.settled();
  assert.not(mailbox.assign(task(2, [])));
  assert.ok(mailbox.assign(task(3, [])));
});

test('whoever has been notified and has not looked is not notified again', () => {
  const { mailbox, notified } = ends();
  mailbox.attached(0);
  assert.ok(mailbox.assign(task(1, [])));
  mailbox.settled();
  assert.ok(mailbox.assign(task(2, [])));
  assert.is(notified(), 1);
});

test.run();
