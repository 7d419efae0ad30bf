/** The three ends of a mailbox over real memory and doorbells, in one process. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadOs } from '../../src/native/os.js';
import { Mailboxes, openMailboxes } from '../../src/node-manager/mailboxes.js';
import type { WorkerMailbox } from '../../src/node-manager/worker-mailbox.js';
import type { ReturnedMessage } from '../../src/protocol/mail.js';
import { mailboxBytes } from '../../src/protocol/mail-tray.js';
import type { AssignMessage } from '../../src/protocol/thread-messages.js';
import { MailboxKeeper } from '../../src/worker/mailbox-keeper.js';
import { ThreadMailbox } from '../../src/worker/thread-mailbox.js';
import { thrownBy } from '../support/check.js';

const test = suite('mailbox between processes');
const os = loadOs();

const task = (lease: number): AssignMessage => ({
  type: 'assign',
  lease: { lease, slot: 0, taskId: `t${lease}`, rank: 0, communicator: 0, members: [] },
  attempt: 1,
  source: { url: 'file:///a.mjs', exportName: 'default' },
  args: '[]',
  timeoutMs: null,
  maxMessageBytes: 1000,
  unawaited: 'warn',
});
const returned = (taskId: string): ReturnedMessage => ({
  type: 'outcome',
  taskId,
  outcome: { kind: 'returned', value: '1', sequence: 0, sent: 0, received: 0, aborted: false },
});

interface Ends {
  readonly manager: WorkerMailbox;
  readonly keeper: MailboxKeeper;
  /** What the control thread has learned of tasks that ran. */
  readonly found: string[];
  /** Start a task thread; what it is given, `bound` and `run`. */
  readonly thread: () => { mailbox: ThreadMailbox; told: string[]; next: () => Promise<void> };
  /** Resolves when the manager's doorbell was notified. */
  readonly filled: () => Promise<void>;
}

async function withEnds(use: (ends: Ends) => Promise<void>): Promise<void> {
  let wake: () => void = () => undefined;
  const mailboxes = new Mailboxes(os, 3, () => {
    wake();
  });
  const { mailbox: manager, message } = mailboxes.add(2)!;
  const found: string[] = [];
  const keeper = new MailboxKeeper(os, message, ({ lease }) => found.push(lease.taskId));
  manager.attached(0);
  // Doorbells keep no event loop alive.
  const alive = setInterval(() => undefined, 1000);
  const thread: Ends['thread'] = () => {
    const told: string[] = [];
    let come: () => void = () => undefined;
    const mailbox = new ThreadMailbox(os, keeper.attach(), {
      bind: ({ lease }) => told.push(`bound ${lease.lease}`),
      run: ({ lease }) => {
        told.push(`run ${lease.lease}`);
        come();
      },
    });
    return { mailbox, told, next: () => new Promise((resolve) => (come = resolve)) };
  };
  try {
    await use({ manager, keeper, found, thread, filled: () => new Promise((resolve) => (wake = resolve)) });
  } finally {
    clearInterval(alive);
    mailboxes.close();
  }
}

test('a task wakes the thread, and its outcome the manager, again and again', () =>
  withEnds(async ({ manager, thread, filled }) => {
    const { mailbox, told, next } = thread();
    for (let lease = 1; lease <= 50; lease++) {
      const [came, answered] = [next(), filled()];
      assert.ok(manager.assign(task(lease)));
      await came;
      assert.equal(told.splice(0), [`bound ${lease}`, `run ${lease}`]);
      assert.ok(mailbox.answer(returned(`t${lease}`)));
      await answered;
      assert.is(manager.take()?.taskId, `t${lease}`);
    }
  }));

test('a task that came before the thread is found by it', () =>
  withEnds(({ manager, thread }) => {
    assert.ok(manager.assign(task(1)));
    assert.equal(thread().told, ['bound 1', 'run 1']);
    return Promise.resolve();
  }));

test('the control thread takes what no thread has taken, and then no thread takes it', () =>
  withEnds(({ manager, keeper, found, thread }) => {
    const { mailbox, told } = thread();
    assert.is(keeper.settle(), undefined);
    assert.ok(manager.assign(task(1)));
    assert.is(keeper.settle()?.lease.taskId, 't1');
    assert.is(keeper.settle(), undefined);
    mailbox.poll();
    assert.equal(told, []);
    // It goes on with the next.
    manager.settled();
    assert.ok(manager.assign(task(2)));
    mailbox.poll();
    assert.equal(told, ['bound 2', 'run 2']);
    assert.is(keeper.settle(), undefined, 'it runs');
    assert.is(keeper.note()?.lease.taskId, 't2');
    assert.is(keeper.note()?.lease.taskId, 't2');
    assert.equal(found, ['t2'], 'told once');
    return Promise.resolve();
  }));

test('a thread that is to end takes nothing and answers nothing; the next one takes what has come', () =>
  withEnds(({ manager, keeper, thread }) => {
    const first = thread();
    assert.ok(manager.assign(task(1)));
    first.mailbox.poll();
    assert.is(keeper.hold()?.lease.taskId, 't1');
    assert.is(keeper.note(), undefined);
    assert.not(first.mailbox.answer(returned('t1')));
    manager.gone(1);
    assert.ok(manager.assign(task(2)));
    first.mailbox.poll();
    const second = thread();
    assert.equal(second.told, ['bound 2', 'run 2']);
    assert.equal(first.told, ['bound 1', 'run 1']);
    return Promise.resolve();
  }));

test('a thread that leaves takes nothing more', () =>
  withEnds(({ manager, keeper, thread }) => {
    const { mailbox, told } = thread();
    mailbox.leave();
    assert.ok(manager.assign(task(1)));
    mailbox.poll();
    assert.equal(told, []);
    keeper.hold();
    assert.is(keeper.settle()?.lease.taskId, 't1', 'also while no thread has it');
    return Promise.resolve();
  }));

test('a task whose end is told elsewhere leaves the mailbox free', () =>
  withEnds(({ manager, keeper, thread }) => {
    const { mailbox, told } = thread();
    assert.ok(manager.assign(task(1)));
    mailbox.poll();
    assert.is(keeper.note()?.lease.taskId, 't1');
    keeper.ended();
    manager.settled();
    assert.not(mailbox.answer(returned('t1')), 'told twice');
    assert.ok(manager.assign(task(2)));
    mailbox.poll();
    assert.equal(told, ['bound 1', 'run 1', 'bound 2', 'run 2']);
    return Promise.resolve();
  }));

test('a task that the control thread knows is answered through that, whatever made it known', () =>
  withEnds(({ manager, keeper, thread }) => {
    const { mailbox, told } = thread();
    assert.is(keeper.note(), undefined, 'nothing runs');
    assert.ok(manager.assign(task(1)));
    mailbox.poll();
    // Something that a task before has said comes late.
    assert.is(keeper.note()?.lease.taskId, 't1');
    assert.not(mailbox.answer(returned('t1')));
    assert.is(manager.take(), undefined);
    keeper.ended();
    manager.settled();
    assert.ok(manager.assign(task(2)));
    mailbox.poll();
    assert.ok(mailbox.answer(returned('t2')));
    assert.is(keeper.note(), undefined, 'it has ended');
    assert.is(manager.take()?.taskId, 't2');
    assert.equal(told, ['bound 1', 'run 1', 'bound 2', 'run 2']);
    return Promise.resolve();
  }));

test('descriptors that are not there are an error: the worker then does without', () => {
  const { pid } = process;
  const segment = os.createSegment(mailboxBytes);
  const missing = 1_000_000;
  const bad = [
    { pid: -1, segment, tasksBell: segment, outcomesBell: segment },
    { pid, segment: missing, tasksBell: segment, outcomesBell: segment },
    { pid, segment, tasksBell: missing, outcomesBell: segment },
    { pid, segment, tasksBell: segment, outcomesBell: missing },
  ];
  for (const each of bad) {
    const error = thrownBy(() => new MailboxKeeper(os, { type: 'mailbox', ...each }, () => undefined));
    assert.is((error as NodeJS.ErrnoException).code, 'open', JSON.stringify(each));
  }
  os.closeDescriptor(segment);
});

test('where the system allows no more descriptors there is no mailbox, and what was opened is closed', () => {
  const open = new Set<number>();
  let left = 4;
  const opened = <T extends number | readonly number[]>(made: () => T): T => {
    if (--left < 0) throw Object.assign(new Error('EMFILE'), { code: 'pipe2' });
    const descriptors = made();
    for (const each of [descriptors].flat()) open.add(each);
    return descriptors;
  };
  const scarce = {
    ...os,
    createSegment: (sizeBytes: number) => opened(() => os.createSegment(sizeBytes)),
    createDoorbell: () => opened(() => os.createDoorbell()),
    closeDescriptor: (descriptor: number) => {
      open.delete(descriptor);
      os.closeDescriptor(descriptor);
    },
  };
  const mailboxes = openMailboxes(scarce, 2, () => undefined)!;
  assert.ok(mailboxes.add(0), 'a doorbell, and then a segment and a doorbell, are three');
  assert.is(mailboxes.add(1), undefined, 'the segment is the fourth');
  mailboxes.close();
  assert.is(open.size, 1, 'the reading end for outcomes, which its socket closes');
  assert.is(
    openMailboxes(scarce, 2, () => undefined),
    undefined,
  );
});

test.run();
