import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { codeOf, rejectionOf, rejectsCode, throwsCode, until } from '../support/check.js';
import { SourceFolder } from '../support/source-folder.js';

const url = new URL('./tasks/gangs.js', import.meta.url);
const tasks = taskModule<typeof import('./tasks/gangs.js')>(url);
const test = suite('gangs');
const size = 4;
const isProcesses = process.env.SHOAL_TRANSPORT === 'mpi';
let pool: Pool;
const warnings: string[] = [];

test.before(async () => {
  pool = await launch({ workers: size, graceMs: 200 });
  pool.on('warning', ({ message }) => warnings.push(message));
});
test.after(() => pool.close({ force: true }));
test.before.each(() => {
  warnings.length = 0;
});

const sumOf = (ranks: number, start: number): number => ranks * start + (ranks * (ranks - 1)) / 2;
const textOf = (count: number): string[] => Array<string>(count).fill('right');

test('a gang keeps its workers, and what its tasks have in memory, until it is closed', async () => {
  const gang = await pool.gang({ workers: 3, name: 'three' });
  assert.equal([gang.size, gang.state, gang.name, gang.worldRanks.length], [3, 'open', 'three', 3]);
  const who = await gang.run(tasks, { export: 'who' });
  assert.equal(
    who.map(({ rank, worldRank }) => [rank, worldRank]),
    gang.worldRanks.map((worldRank, rank) => [rank, worldRank]),
  );
  const { pid } = pool.status().workers[gang.worldRanks[1]!]!;
  assert.is(gang.workers[1]!.pid, pid);
  assert.equal(await gang.run(tasks, { export: 'counted' }), [1, 1, 1]);
  const { splits, rounds, gangs, workers } = pool.status();
  assert.equal(gangs, [
    {
      id: gang.id,
      name: 'three',
      state: 'open',
      workers: 3,
      worldRanks: gang.worldRanks,
      taskId: undefined,
      queued: 0,
      actors: [],
    },
  ]);
  assert.is(workers.filter(({ gangId }) => gangId === gang.id).length, 3);
  for (let call = 2; call < 12; call++) {
    assert.equal(await gang.run(tasks, { export: 'counted' }), Array(3).fill(call));
    assert.equal(await gang.run(tasks, { args: [call] }), Array(3).fill(sumOf(3, call)));
  }
  const perRankArgs = [[1], [2], [4]] as const;
  assert.equal(await gang.run(tasks, { perRankArgs }), Array(3).fill(10));
  assert.equal([pool.status().splits, pool.status().rounds], [splits, rounds], 'no round for a task');
  // Others go on beside it, on what is left.
  const [other] = await pool.run(tasks, { export: 'who' });
  assert.not.ok(gang.worldRanks.includes(other!.worldRank));
  const wide = pool.submit(tasks, { workers: 2, args: [1] });
  assert.equal(await gang.run(tasks, { args: [0] }), Array(3).fill(3));
  assert.is(wide.state, 'queued');
  await gang.close();
  assert.is(gang.state, 'closed');
  assert.equal(await wide.result(), [3, 3]);
  const error = await rejectsCode(gang.run(tasks, { args: [1] }), 'CLOSED');
  assert.match(error.message, `gang.run: gang ${gang.id} ("three") is closed; make another with pool.gang()`);
  throwsCode(() => gang.submit(tasks, { args: [1] }), 'CLOSED');
  await gang.close();
});

test('tasks of a gang run one at a time, in the order in which they came', async () => {
  const gang = await pool.gang({ workers: 2 });
  const names = ['a', 'b', 'c', 'd'];
  const handles = names.map((name, i) => gang.submit(tasks, { export: 'ordered', args: [name, i % 2 === 0 ? 15 : 0] }));
  assert.equal(
    handles.map(({ state }) => state),
    ['running', 'queued', 'queued', 'queued'],
  );
  assert.is(pool.status().gangs[0]!.queued, 3);
  handles[2]!.cancel();
  await rejectsCode(handles[2]!.result(), 'CANCELLED');
  const expected = ['a', 'b', 'd'].flatMap((name) => [`begin ${name}`, `end ${name}`]);
  assert.equal(await handles[3]!.result(), [expected, expected]);
  await gang.close();
});

test('gangs of every size, one of them of one rank, side by side', async () => {
  for (const sizes of [[1, 3], [2, 2], [4]]) {
    const gangs = await Promise.all(sizes.map((workers) => pool.gang({ workers })));
    const results = await Promise.all(gangs.map((gang) => gang.run(tasks, { args: [gang.size] })));
    assert.equal(
      results,
      sizes.map((ranks) => Array<number>(ranks).fill(sumOf(ranks, ranks))),
    );
    await Promise.all(gangs.map((gang) => gang.close()));
  }
});

const wrong: [name: string, options: object | null][] = [
  ['nothing', null],
  ['no workers', {}],
  ['0 workers', { workers: 0 }],
  ['half a worker', { workers: 1.5 }],
  ['another placement', { workers: 1, placement: 'anywhere' }],
  ['a name that is none', { workers: 1, name: 1 }],
  ['a limit that is none', { workers: 1, timeoutMs: 0 }],
  ['a signal that is none', { workers: 1, signal: {} }],
  ['a misspelt option', { workers: 1, worker: 1 }],
];
for (const [name, options] of wrong) {
  test(`refuses ${name}`, async () => {
    await rejectsCode(pool.gang(options as { workers: number }), 'INVALID_ARGUMENT');
  });
}

test('more workers than the pool has are refused at once', async () => {
  const error = await rejectsCode(pool.gang({ workers: size + 1 }), 'INSUFFICIENT_WORKERS');
  assert.match(error.message, `the gang wants ${size + 1} workers at once, the pool has ${size}`);
});

test('a gang waits for its workers, within its limit, and until its signal', async () => {
  const first = await pool.gang({ workers: size - 1 });
  const late = await rejectsCode(pool.gang({ workers: 2, timeoutMs: 20 }), 'TASK_TIMEOUT');
  assert.match(late.message, 'did not get its 2 workers within timeoutMs (20 ms)');
  const abort = new AbortController();
  const aborted = pool.gang({ workers: 2, signal: abort.signal });
  assert.is(pool.status().gangs[1]!.state, 'waiting');
  abort.abort('not now');
  assert.is((await rejectsCode(aborted, 'CANCELLED')).cause, 'not now');
  await rejectsCode(pool.gang({ workers: 1, signal: abort.signal }), 'CANCELLED');
  const waits = pool.gang({ workers: 2 });
  // Behind it in the queue, as behind a task.
  const after = pool.submit(tasks, { workers: size, args: [0] });
  assert.is(pool.status().queued, 1);
  await first.close();
  const second = await waits;
  assert.equal(await second.run(tasks, { args: [1] }), [3, 3]);
  assert.is(after.state, 'queued');
  await second.close();
  await after.result();
});

test('a bad call of a gang is refused before anything is queued', async () => {
  const gang = await pool.gang({ workers: 2 });
  for (const options of [{ workers: 1 }, { priority: 1 }, { maxRetries: 1 }, { fresh: true }, { export: 1 }]) {
    await rejectsCode(gang.run(url, options as object), 'INVALID_ARGUMENT');
    throwsCode(() => gang.submit(url, options as object), 'INVALID_ARGUMENT');
  }
  await rejectsCode(gang.run(url, { perRankArgs: [[1]] }), 'INVALID_ARGUMENT');
  await rejectsCode(gang.run(url, { args: [() => 1] }), 'NOT_SERIALIZABLE');
  await rejectsCode(gang.run(new URL('file:///nowhere.js')), 'MODULE_NOT_FOUND');
  await rejectsCode(gang.run(url, { export: 'absent' }), 'EXPORT_NOT_FOUND');
  await rejectsCode(gang.close({ forced: true } as object), 'INVALID_ARGUMENT');
  assert.equal(await gang.run(tasks, { args: [1] }), [3, 3]);
  await gang.close();
});

test('a task that fails or is cancelled leaves the gang, and what it has in memory, as they are', async () => {
  const gang = await pool.gang({ workers: 3 });
  const [before] = await gang.run(tasks, { export: 'counted' });
  for (let victim = 0; victim < 3; victim++) {
    const error = await rejectsCode(gang.run(tasks, { export: 'fails', args: ['throw', victim] }), 'TASK_FAILED');
    assert.is((error as unknown as { rank: number }).rank, victim);
    assert.equal(await gang.run(tasks, { args: [victim] }), Array(3).fill(sumOf(3, victim)));
  }
  const cancelled = gang.submit(tasks, { export: 'hang', args: [true] });
  await until(() => cancelled.state === 'running');
  cancelled.cancel();
  await rejectsCode(cancelled.result(), 'CANCELLED');
  const late = await rejectsCode(gang.run(tasks, { export: 'hang', args: [true], timeoutMs: 20 }), 'TASK_TIMEOUT');
  assert.match(late.message, 'It ended by itself when its context.signal had aborted.');
  assert.equal(await gang.run(tasks, { export: 'counted' }), Array(3).fill(before! + 1));
  assert.equal(warnings, []);
  await gang.close();
});

interface Loss {
  readonly how: string;
  /** Of the task that does it. */
  readonly code: string;
  readonly timeoutMs: number | null;
}
const losses: Loss[] = [
  { how: 'exit', code: 'TASK_EXITED', timeoutMs: null },
  { how: 'rejected', code: 'TASK_FAILED', timeoutMs: null },
  { how: 'spin', code: 'TASK_TIMEOUT', timeoutMs: 50 },
  ...(isProcesses ? [{ how: 'kill', code: 'WORKER_DIED', timeoutMs: null }] : []),
];
for (const { how, code, timeoutMs } of losses) {
  test(`a member whose thread or process ends (${how}) closes the gang, and the pool lives`, async () => {
    const gang = await pool.gang({ workers: 3, name: how });
    await gang.run(tasks, { export: 'counted' });
    const losing = gang.submit(tasks, { export: 'fails', args: [how, 1], timeoutMs });
    const waits = gang.submit(tasks, { export: 'hang', args: [false] });
    const losingEnds = rejectsCode(losing.result(), code);
    const error = await rejectsCode(waits.result(), 'WORKER_DIED');
    const ended = await losingEnds;
    if (how === 'spin') {
      const text =
        /within timeoutMs \(50 ms\); still running: .* It was ended by force, since rank 1 has gone on for graceMs \(\d+ ms\)/;
      assert.match(ended.message, text);
    }
    const { gangId, rank, cause } = error as unknown as { gangId: string; rank: number; cause: unknown };
    assert.is(gangId, gang.id, error.message);
    // Under MPICH the others die with one.
    if (how !== 'kill') assert.is(rank, 1, error.message);
    assert.match(
      error.message,
      `gang ${gang.id} ("${how}") is closed: rank ${rank}, on worker ${gang.worldRanks[rank]}`,
    );
    assert.is(codeOf(cause), codeOf(ended), error.message);
    await until(() => gang.state === 'closed');
    const later = await rejectsCode(gang.run(tasks, { args: [1] }), 'CLOSED');
    assert.is(codeOf(later.cause), 'ERR_SHOAL_WORKER_DIED');
    assert.match(warnings.join('\n'), `gang ${gang.id} ("${how}") is closed`);
    await gang.close();
    const next = await pool.gang({ workers: size });
    assert.equal(await next.run(tasks, { args: [2] }), Array(size).fill(sumOf(size, 2)));
    await next.close();
  });
}

test('a thread that is replaced when its task has ended closes the gang before the next one', async () => {
  const gang = await pool.gang({ workers: 2 });
  const runs = [
    gang.run(tasks, { export: 'fails', args: ['later', 0] }),
    // An error of the first escapes meanwhile.
    gang.run(tasks, { export: 'ordered', args: ['meanwhile', 80] }),
  ];
  const next = rejectsCode(gang.run(tasks, { export: 'counted' }), 'WORKER_DIED');
  await Promise.all(runs);
  await next;
  await until(() => gang.state === 'closed');
});

test('a loss between two tasks closes the gang, and says so', async () => {
  const gang = await pool.gang({ workers: 2 });
  await gang.run(tasks, { export: 'fails', args: ['later', 0] });
  await until(() => gang.state === 'closed');
  await rejectsCode(gang.run(tasks, { args: [1] }), 'CLOSED');
  assert.match(warnings.join('\n'), /gang \S+ is closed: rank 0, on worker \d+, has lost what the gang had in memory/);
});

test('close waits for accepted tasks, and by force cancels them', async () => {
  const gang = await pool.gang({ workers: 2 });
  const runs = ['x', 'y'].map((name) => gang.run(tasks, { export: 'ordered', args: [name, 10] }));
  const closing = gang.close();
  assert.is(gang.state, 'closing');
  await rejectsCode(gang.run(tasks, { args: [1] }), 'CLOSED');
  await closing;
  assert.is((await Promise.all(runs)).length, 2);
  const forced = await pool.gang({ workers: 2 });
  const handles = [0, 1].map(() => forced.submit(tasks, { export: 'hang', args: [true] }));
  const ends = handles.map((handle) => rejectionOf(handle.result()));
  await forced[Symbol.asyncDispose]();
  assert.equal((await Promise.all(ends)).map(codeOf), Array(2).fill('ERR_SHOAL_CANCELLED'));
});

test('the end of the pool closes gangs: after their tasks, or by force', async () => {
  for (const force of [false, true]) {
    const own = await launch({ workers: 2, graceMs: 200 });
    const gang = await own.gang({ workers: 2 });
    const handle = gang.submit(tasks, { export: 'ordered', args: ['z', 30] });
    const ends = force ? rejectsCode(handle.result(), 'CANCELLED') : handle.result();
    const queued = own.submit(tasks, { args: [1] });
    const queuedEnds = force ? rejectsCode(queued.result(), 'CANCELLED') : queued.result();
    const waiting = rejectsCode(own.gang({ workers: 1 }), 'CLOSED');
    await own.close({ force });
    await Promise.all([ends, queuedEnds, waiting]);
    assert.is(gang.state, 'closed');
    await rejectsCode(gang.run(tasks, { args: [1] }), 'CLOSED');
    await gang.close();
  }
});

test('a gang runs one version of its modules: a file that changes is told, and loaded by the next gang', async () => {
  const modules = new SourceFolder();
  const part = (value: number): string => modules.file('part.mjs', `export const value = ${value};`);
  const first = part(1);
  const usesPart = `import { value } from ${JSON.stringify(first)};\nexport default () => value;`;
  const task = modules.file('task.mjs', usesPart);
  const gang = await pool.gang({ workers: 2 });
  assert.equal(await gang.run(task), [1, 1]);
  part(2);
  assert.equal(await gang.run(task), [1, 1]);
  assert.equal(await gang.run(modules.file('other.mjs', usesPart)), [1, 1]);
  const told = warnings.filter((text) => /part\.mjs has changed: gang \S+ goes on with the version/.test(text));
  assert.is(told.length, 1, warnings.join('\n'));
  await gang.close();
  const next = await pool.gang({ workers: 2 });
  assert.equal(await next.run(task), [2, 2]);
  await next.close();
  // Two of the four workers have loaded the part.
  const both = await pool.gang({ workers: size });
  await both.run(tasks, { args: [1] });
  part(3);
  const error = await rejectsCode(both.run(task), 'UNSUPPORTED');
  assert.match(error.message, /part\.mjs has changed since some of its workers loaded it.*make another/);
  assert.equal(await both.run(tasks, { export: 'fails', args: ['right', 0] }), textOf(size));
  await both.close();
  modules.remove();
});

test.run();
