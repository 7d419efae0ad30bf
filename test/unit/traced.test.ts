import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TracedOperation } from '../../src/records/read-traced.js';
import { readTraced } from '../../src/records/read-traced.js';
import { createRecordMemory, headAt, partBytes, recordsBytes } from '../../src/records/record-layout.js';
import type { RecordMemory } from '../../src/records/record-layout.js';
import { Recorder } from '../../src/records/recorder.js';
import type { TracedPart } from '../../src/records/take-traced.js';
import { TracedMemory } from '../../src/records/take-traced.js';
import { traceAt, traceSlots } from '../../src/records/trace-layout.js';
import { randomOf } from '../support/random.js';

const test = suite('traced calls');
const allreduce = 3;

/** A rank in a task of lease 7, in part `worldRank`. */
function rankIn(memory: RecordMemory, worldRank: number): Recorder {
  const recorder = new Recorder(worldRank, memory);
  recorder.beginTask(7);
  return recorder;
}

/** A call of so many bytes that ends at once. */
function call({ tracer }: Recorder, sizeBytes: number, failed = 0): void {
  const what = { operation: allreduce, dtype: 11, peer: 0, tag: -1, lease: 7, sequence: 1, rank: 0, group: 0 };
  tracer?.end({ kind: 'collective', ...what, failed, sizeBytes, count: sizeBytes / 4 }, tracer.begin());
}

function takenOf(trace: TracedMemory, method: 'take' | 'end'): { calls: TracedOperation[]; lost: number } {
  const all: TracedPart[] = [];
  trace[method]((parts) => all.push(...parts));
  const calls = all.flatMap(({ slots }) => readTraced(slots).filter((each) => each.kind !== 'phase'));
  return { calls, lost: Math.max(0, ...all.map(({ lost }) => lost)) };
}

function sumOf(calls: readonly TracedOperation[]): number {
  return calls.reduce((sum, { times }) => sum + times, 0);
}

test('nothing is noted while no trace runs, and nothing of an earlier trace is given', () => {
  const memory = createRecordMemory(2);
  const recorder = rankIn(memory, 1);
  assert.is(recorder.tracer, undefined);
  const first = new TracedMemory(memory, [0, 1], 1);
  call(recorder, 8);
  assert.is(takenOf(first, 'end').calls.length, 1);
  call(recorder, 8);
  assert.is(recorder.tracer, undefined);
  const second = new TracedMemory(memory, [0, 1], 2);
  call(recorder, 12);
  assert.equal(
    takenOf(second, 'end').calls.map(({ call: text, sizeBytes }) => [text, sizeBytes]),
    [['allreduce(float32 × 3, op sum)', 12]],
  );
});

test('calls that nobody takes share slots when they are alike, to the last', () => {
  const memory = createRecordMemory(1);
  const trace = new TracedMemory(memory, [0], 1);
  const recorder = rankIn(memory, 0);
  const count = traceSlots * 3;
  for (let i = 0; i < count; i++) call(recorder, 8);
  const { calls, lost } = takenOf(trace, 'end');
  assert.is(lost, 0);
  assert.is(sumOf(calls), count);
  assert.ok(calls.length < traceSlots);
  for (const [i, { begunMs }] of calls.entries()) assert.ok(i === 0 || begunMs >= calls[i - 1]!.begunMs);
});

test('calls that differ and find no room are counted', () => {
  const memory = createRecordMemory(1);
  const trace = new TracedMemory(memory, [0], 1);
  const recorder = rankIn(memory, 0);
  const count = traceSlots + 100;
  for (let i = 0; i < count; i++) call(recorder, 4 + 4 * (i % 2));
  const { calls, lost } = takenOf(trace, 'end');
  assert.is(sumOf(calls) + lost, count);
  assert.ok(lost > 0);
});

test('whoever takes often enough gets all, one by one, around the end of the ring', () => {
  const memory = createRecordMemory(1);
  const trace = new TracedMemory(memory, [0], 1);
  const recorder = rankIn(memory, 0);
  const all: number[] = [];
  for (let i = 1; i <= traceSlots * 2.5; i++) {
    call(recorder, 4 * i);
    if (i % 1_000 === 0) all.push(...takenOf(trace, 'take').calls.map(({ sizeBytes }) => sizeBytes));
  }
  all.push(...takenOf(trace, 'end').calls.map(({ sizeBytes }) => sizeBytes));
  assert.equal(
    all,
    Array.from({ length: traceSlots * 2.5 }, (_, i) => 4 * (i + 1)),
  );
});

test('whatever stands there, no number of it leads outside the ring, and what makes no sense is left out', () => {
  const random = randomOf(7);
  for (let round = 0; round < 20; round++) {
    const memory = createRecordMemory(2);
    const trace = new TracedMemory(memory, [0, 1], 1);
    call(rankIn(memory, 1), 8);
    const words = new Int32Array(memory.buffer, 0, partBytes / 4);
    const end = (recordsBytes + 4_096) / 4;
    for (let i = 0; i < end; i++) if (i < 32 || i >= recordsBytes / 4) words[i] = random(2 ** 32) - 2 ** 31;
    words[headAt.trace + traceAt.number] = 1;
    const { calls } = takenOf(trace, 'end');
    assert.ok(
      calls.some(({ sizeBytes, lease }) => sizeBytes === 8 && lease === 7),
      'the other rank is read',
    );
    for (const each of calls) assert.ok(each.endedMs >= each.begunMs && each.times >= 1);
  }
});

test.run();
