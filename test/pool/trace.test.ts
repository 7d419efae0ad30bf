import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, TraceDocument, TraceEvent } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/traced.js')>(new URL('./tasks/traced.js', import.meta.url));
const test = suite('pool.trace');
const lateMs = 200;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 3 });
});
test.after(() => pool.close({ force: true }));

/** A slice, with what is known of its call. */
type Slice = TraceEvent & { readonly ts: number; readonly dur: number; readonly args: Record<string, unknown> };

function slicesOf({ traceEvents }: TraceDocument, isWanted: (slice: Slice) => boolean): Slice[] {
  return traceEvents.filter(({ ph }) => ph === 'X').filter((event) => isWanted(event as Slice)) as Slice[];
}

function callsOf(trace: TraceDocument, operation: string, rank?: number): Slice[] {
  return slicesOf(trace, ({ name, args }) => name === operation && 'call' in args && args.rank === (rank ?? args.rank));
}

/** Slices of one track lie inside one another or apart, and nothing is before the beginning. */
function assertNested(trace: TraceDocument): void {
  const byTrack = new Map<string, Slice[]>();
  for (const slice of slicesOf(trace, () => true)) {
    assert.ok(slice.ts >= 0 && slice.dur >= 0, JSON.stringify(slice));
    const key = `${slice.pid} ${slice.tid}`;
    const track = byTrack.get(key);
    if (track) track.push(slice);
    else byTrack.set(key, [slice]);
  }
  const rounding = 1e-6;
  for (const slices of byTrack.values()) {
    slices.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
    const open: Slice[] = [];
    for (const slice of slices) {
      while (open.length > 0 && open.at(-1)!.ts + open.at(-1)!.dur <= slice.ts + rounding) open.pop();
      const around = open.at(-1);
      if (around) {
        const ends = [slice.ts + slice.dur, around.ts + around.dur + rounding];
        assert.ok(ends[0]! <= ends[1]!, `${JSON.stringify(slice)} in ${JSON.stringify(around)}`);
      }
      open.push(slice);
    }
  }
}

test('every call of every rank is there, with what it waited for', async () => {
  const trace = await pool.trace();
  assert.equal(await pool.run(tasks, { export: 'calls', workers: 3, name: 'ring', args: [lateMs] }), [2, 0, 1]);
  const document = await trace.stop();
  assert.is(await trace.stop(), document);
  assert.equal([document.otherData.dropped, document.otherData.lost], [0, {}]);
  assertNested(document);
  for (const rank of [0, 1, 2]) {
    const counts = ['allreduce', 'broadcast', 'barrier', 'send', 'recv'].map(
      (operation) => callsOf(document, operation, rank).length,
    );
    assert.equal(counts, [2, 5, 2, 3, 3], `rank ${rank}`);
    const [sum] = callsOf(document, 'allreduce', rank);
    const { call, sizeBytes, group, sequence, inCallsUs, waitedUs, movedUs, reducedUs } = sum!.args as Record<
      string,
      number
    >;
    assert.equal([call, sizeBytes, group, sequence], [
      'allreduce(float32 × 1000, op sum, name "values")',
      4_000,
      0,
      1,
    ] as unknown);
    assert.ok(Math.abs(sum!.dur - inCallsUs!) <= 1, 'a call is as long as it took');
    assert.ok(Math.abs(waitedUs! + movedUs! + reducedUs! - inCallsUs!) <= 1, 'its parts are all of it');
    assert.ok(movedUs! > 0 && reducedUs! > 0, 'a plain array is copied, and reduced');
    const late = callsOf(document, 'allreduce', 1)[0]!.ts - sum!.ts;
    assert.ok(waitedUs! >= late - 1, `rank ${rank} waited ${waitedUs} µs, and rank 1 came ${late} µs after it`);
  }
});

test('two calls of one rank at a time are on two tracks, and messages have arrows', async () => {
  const trace = await pool.trace();
  await pool.run(tasks, { export: 'calls', workers: 3, args: [0] });
  const document = await trace.stop();
  const inner = callsOf(document, 'allreduce').filter(({ args }) => args.group !== 0);
  assert.is(inner.length, 3);
  const arrows = document.traceEvents.filter(({ ph, name }) => (ph === 's' || ph === 'f') && name === 'message');
  const [begins, ends] = ['s', 'f'].map((ph) => arrows.filter((arrow) => arrow.ph === ph));
  assert.equal([begins!.length, ends!.length], [9, 9]);
  for (const { id, pid, ts } of begins!) {
    const end = ends!.find((arrow) => arrow.id === id)!;
    assert.ok(end.ts! >= ts!, 'a message is received after its send has begun');
    assert.is.not(end.pid, pid);
  }
});

test('tasks say what they waited for, and how they ended', async () => {
  const trace = await pool.trace();
  const failed = pool.run(tasks, { export: 'mismatch', workers: 2, name: 'bad' });
  const after = pool.run(tasks, { export: 'many', workers: 3, args: [10], name: 'good' });
  await rejectsCode(failed, 'TASK_FAILED');
  await after;
  const document = await trace.stop();
  const outcomes = document.traceEvents.flatMap(({ ph, cat, name, args }) =>
    ph === 'b' && cat === 'task' && (name === 'bad' || name === 'good') ? [[name, args?.outcome]] : [],
  );
  assert.equal(outcomes, [
    ['bad', 'failed: ERR_SHOAL_TASK_FAILED'],
    ['good', 'succeeded'],
  ]);
  assert.equal(
    callsOf(document, 'allreduce').flatMap(({ args }) => args.error ?? []),
    ['ERR_SHOAL_COLLECTIVE_MISMATCH', 'ERR_SHOAL_COLLECTIVE_MISMATCH'],
  );
  const runs = slicesOf(document, ({ name, cat }) => cat === 'task' && name === 'good');
  assert.equal(runs.map(({ args }) => args.rank).sort(), [0, 1, 2]);
  assertNested(document);
});

test('short calls in a row share a slice when they are many, and none is lost', async () => {
  const count = 8_000;
  const trace = await pool.trace();
  await pool.run(tasks, { export: 'many', workers: 2, args: [count] });
  const document = await trace.stop();
  assert.equal(document.otherData.lost, {});
  for (const rank of [0, 1]) {
    const slices = slicesOf(document, ({ cat, args }) => cat === 'collective' && 'call' in args && args.rank === rank);
    assert.is(
      slices.reduce((sum, { args }) => sum + (args.times as number), 0),
      count,
    );
  }
  assertNested(document);
});

test('what is past maxEvents is counted, and a second trace runs beside the first', async () => {
  const [small, whole] = [await pool.trace({ maxEvents: 5 }), await pool.trace()];
  await pool.run(tasks, { export: 'calls', workers: 2, args: [0] });
  const { otherData, traceEvents } = await small.stop();
  const isCall = ({ args }: TraceEvent): boolean => args !== undefined && 'call' in args;
  const [kept, all] = [traceEvents, (await whole.stop()).traceEvents].map((events) => events.filter(isCall).length);
  assert.ok(kept! <= 5 && otherData.dropped >= all! - 5, `${kept} of ${all} calls, ${otherData.dropped} dropped`);
  assert.is(callsOf(await whole.stop(), 'broadcast').length, 10);
});

test('a trace is saved as JSON, ends with its block, and refuses what it cannot do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-trace-'));
  try {
    const path = join(folder, 'trace.json');
    {
      await using trace = await pool.trace();
      await pool.run(tasks, { export: 'many', args: [2] });
      await trace.save(path);
    }
    const { traceEvents } = JSON.parse(readFileSync(path, 'utf8')) as TraceDocument;
    assert.ok(traceEvents.some(({ name }) => name === 'process_name'));
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const maxEvents of [0, 1.5, '9', 1e9, NaN]) {
    await rejectsCode(pool.trace({ maxEvents } as never), 'INVALID_ARGUMENT');
  }
  await rejectsCode(pool.trace({ most: 4 } as never), 'INVALID_ARGUMENT');
  const trace = await pool.trace();
  await rejectsCode(trace.save(7 as never), 'INVALID_ARGUMENT');
  await trace.stop();
});

test.run();
