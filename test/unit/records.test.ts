import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RankOperations } from '../../src/errors.js';
import { CollectiveTimeoutError, errorNumber } from '../../src/errors.js';
import { lastOperationsText } from '../../src/records/explain-ranks.js';
import { whoWaitsForWhom } from '../../src/records/who-waits-for-whom.js';
import { readOperations } from '../../src/records/read-records.js';
import { createRecordMemory, partBytes, recordSlots } from '../../src/records/record-layout.js';
import type { RecordMemory } from '../../src/records/record-layout.js';
import type { RecordedCall } from '../../src/records/recorder.js';
import { Recorder } from '../../src/records/recorder.js';
import { encodeName } from '../../src/operations/call-name.js';
import { randomOf } from '../support/random.js';

const test = suite('records');

function callOf(number: number, count: number, name = ''): RecordedCall {
  const args = { operation: { number }, dtype: 11, op: 0, root: 0, count, itemBytes: 4, blocksIn: 1, blocksOut: 1 };
  return { record: 0, args: { ...args, name: encodeName(name) } };
}
const allreduce = 3;
const barrier = 1;

function read(memory: RecordMemory, rank = 0, lease = 7): ReturnType<typeof readOperations> {
  return readOperations(memory, { rank, worldRank: rank }, lease, Infinity);
}

function recorderOf(memory: RecordMemory, rank = 0, lease = 7): Recorder {
  const recorder = new Recorder(rank, memory);
  recorder.beginTask(lease);
  recorder.enter('running');
  return recorder;
}

test('a call that is made again has one record, and the last call comes first', () => {
  const memory = createRecordMemory(1);
  const recorder = recorderOf(memory);
  const [sum, meet] = [callOf(allreduce, 4, 'loss'), callOf(barrier, 0)];
  for (let sequence = 1; sequence < 20; sequence += 2) {
    recorder.begin(sum, sequence, 0);
    recorder.end(sum.record, sequence);
    recorder.begin(meet, sequence + 1, 0);
    recorder.end(meet.record, sequence + 1);
  }
  recorder.begin(sum, 21, 0);
  recorder.wait(sum.record, performance.now());
  const { operations = [], phase } = read(memory) ?? {};
  assert.is(phase, 'running');
  assert.equal(
    operations.map(({ call, sequence, state }) => [call, sequence, state]),
    [
      ['allreduce(float32 × 4, op sum, name "loss")', 21, 'waiting'],
      ['barrier()', 20, 'completed'],
    ],
  );
  assert.is(operations[0]?.sizeBytes, 16);
});

test('messages of one kind have one record, which says how many have ended', () => {
  const memory = createRecordMemory(1);
  const recorder = recorderOf(memory);
  for (let i = 0; i < 3; i++) recorder.endMessage(recorder.beginMessage('send', 1, 5, 11, 40, 0));
  const record = recorder.beginMessage('send', 1, 5, 11, 40, 0);
  recorder.wait(record, performance.now());
  const [first] = read(memory)?.operations ?? [];
  assert.is(first?.call, 'send(float32 × 10, dest 1, tag 5)');
  assert.equal([first?.state, first?.sequence, first?.times, first?.peer, first?.tag], ['waiting', 4, 3, 1, 5]);
});

test('more calls than there are records leave the last', () => {
  const memory = createRecordMemory(1);
  const recorder = recorderOf(memory);
  const calls = Array.from({ length: 3 * recordSlots }, (_, i) => callOf(allreduce, i));
  calls.forEach((call, i) => {
    recorder.begin(call, i + 1, 0);
    recorder.end(call.record, i + 1);
  });
  const { operations = [] } = read(memory) ?? {};
  assert.is(operations.length, recordSlots);
  assert.is(operations[0]?.sequence, calls.length);
});

test('a thread that takes the place of another goes on behind it, and shows nothing of its task', () => {
  const memory = createRecordMemory(2);
  const call = callOf(allreduce, 4);
  recorderOf(memory, 1).begin(call, 1, 0);
  const next = recorderOf(memory, 1, 8);
  assert.is(read(memory, 1, 7), undefined);
  assert.equal(read(memory, 1, 8)?.operations, []);
  const other = callOf(barrier, 0);
  next.begin(other, 1, 0);
  assert.equal(
    read(memory, 1, 8)?.operations.map(({ call: text }) => text),
    ['barrier()'],
  );
  assert.is(read(memory, 0, 8), undefined, 'nobody has written there');
});

test('what was noted goes along to other memory', () => {
  const recorder = recorderOf(createRecordMemory(1));
  const call = callOf(allreduce, 4);
  recorder.begin(call, 1, 0);
  const memory = createRecordMemory(3);
  recorder.moveTo(memory);
  recorder.end(call.record, 1);
  assert.is(read(memory)?.operations[0]?.state, 'completed');
});

test('noise in the memory is never taken for a call that cannot be, and never throws', () => {
  const random = randomOf(7);
  for (let round = 0; round < 300; round++) {
    const memory = createRecordMemory(1);
    const recorder = recorderOf(memory);
    for (let i = 1; i < 5; i++) recorder.begin(callOf(allreduce, i, 'x'), i, 0);
    const words = new Int32Array(memory.buffer, 0, partBytes / 4);
    for (let i = 0; i < 40; i++) words[random(words.length)] = random(2 ** 31);
    const found = read(memory);
    for (const each of found?.operations ?? []) {
      assert.ok(each.call.length < 200, each.call);
      assert.ok(Number.isInteger(each.sizeBytes) && each.waitedMs >= 0);
    }
    if (found) assert.type(lastOperationsText([found], Date.now()), 'string');
  }
});

test('who waits for whom is said of collectives by their number', () => {
  const memory = createRecordMemory(3);
  const begun = [2, 1, 2].map((calls, rank) => {
    const recorder = recorderOf(memory, rank);
    for (let sequence = 1; sequence <= calls; sequence++) {
      const call = callOf(sequence === 1 ? allreduce : barrier, 4);
      recorder.begin(call, sequence, 0);
      if (sequence === 1) recorder.end(call.record, 1);
      else recorder.wait(call.record, performance.now() - 2_000);
    }
    return read(memory, rank)!;
  });
  assert.equal(whoWaitsForWhom(begun, performance.timeOrigin + performance.now()), [
    'ranks 0, 2 have waited 2.0 s for rank 1 in barrier(), call 2',
  ]);
});

/** Three ranks, of which each waits in a message call since 2 s. */
function waitingIn(calls: readonly (readonly ['send' | 'recv', number, number])[], failed = 0): RankOperations[] {
  const memory = createRecordMemory(calls.length);
  return calls.map(([kind, peer, tag], rank) => {
    const recorder = recorderOf(memory, rank);
    const record = recorder.beginMessage(kind, peer, tag, 11, 40, 0);
    const startedAt = performance.now() - 2_000;
    recorder.wait(record, startedAt);
    if (failed > 0) recorder.settleMessage(record, startedAt, failed);
    if (failed > 0) recorder.enter('threw');
    return read(memory, rank)!;
  });
}

test('who waits for whom is said of messages, and a cycle where there is one', () => {
  const now = performance.timeOrigin + performance.now();
  const ring = ['recv', 'recv', 'recv'] as const;
  const lines = whoWaitsForWhom(waitingIn(ring.map((kind, rank) => [kind, (rank + 1) % 3, 5])), now);
  assert.equal(lines, [
    'rank 0 has waited 2.0 s for rank 1 in recv(float32 × 10, source 1, tag 5)',
    'rank 1 has waited 2.0 s for rank 2 in recv(float32 × 10, source 2, tag 5)',
    'rank 2 has waited 2.0 s for rank 0 in recv(float32 × 10, source 0, tag 5)',
    'a cycle, if these calls are awaited: rank 0 waits for rank 1, rank 1 for rank 2, rank 2 for rank 0',
  ]);
  const cycles = (ranks: RankOperations[]): string[] =>
    whoWaitsForWhom(ranks, now).filter((line) => /cycle/.test(line));
  assert.equal(cycles(waitingIn([['recv', 1, 5], ['recv', 2, 5], ['recv', -1, 5]])), [], 'from anybody'); // prettier-ignore
  assert.equal(
    cycles(
      waitingIn([
        ['send', 1, 5],
        ['recv', 0, 5],
      ]),
    ),
    [],
    'the bytes are on their way',
  );
  assert.is(
    cycles(
      waitingIn([
        ['send', 1, 5],
        ['recv', 0, 6],
      ]),
    ).length,
    1,
    'another tag',
  );
  assert.is(cycles(waitingIn([['recv', 1, 5], ['recv', 0, 5], ['recv', 3, 5], ['recv', 2, 5]])).length, 2); // prettier-ignore
});

test('the waits of a task that has failed end with its calls', () => {
  const ranks = waitingIn([['recv', 1, 5], ['recv', 0, 5]], errorNumber(new CollectiveTimeoutError(''))); // prettier-ignore
  const now = performance.timeOrigin + performance.now() + 60_000;
  assert.equal(whoWaitsForWhom(ranks, now), []);
  assert.equal(whoWaitsForWhom(ranks, now, true), [
    'rank 0 has waited 2.0 s for rank 1 in recv(float32 × 10, source 1, tag 5)',
    'rank 1 has waited 2.0 s for rank 0 in recv(float32 × 10, source 0, tag 5)',
    'a cycle, if these calls are awaited: rank 0 waits for rank 1, rank 1 for rank 0',
  ]);
});

test.run();
