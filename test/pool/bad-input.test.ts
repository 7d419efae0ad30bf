import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, TaskFailedError } from 'shoal';
import { launch, taskModule } from 'shoal';
import { collective, context } from 'shoal/worker';
import { codeOf, rejectionOf, rejectsCode, throwsCode, until } from '../support/check.js';

const url = new URL('./tasks/misc.js', import.meta.url);
const tasks = taskModule<typeof import('./tasks/misc.js')>(url);
const test = suite('bad input');
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 4, graceMs: 150, maxMessageBytes: 10_000 });
});
test.after(() => pool.close({ force: true }));

/** After every failure the next task on the same pool works, on all its workers. */
test.after.each(async () => {
  assert.equal(await pool.run(tasks, { workers: 4, args: [10] }), [6, 6, 6, 6]);
});

for (const workers of [0, -1, 1.5, NaN, Infinity, '2', null, {}]) {
  test(`refuses workers: ${String(workers)} (${typeof workers})`, async () => {
    await rejectsCode(pool.run(url, { workers: workers as number }), 'INVALID_ARGUMENT');
    throwsCode(() => pool.submit(url, { workers: workers as number }), 'INVALID_ARGUMENT');
    await rejectsCode(launch({ workers: workers as number }), 'INVALID_ARGUMENT');
  });
}

test('refuses more workers than the pool has, at once', () => {
  const error = throwsCode(() => pool.submit(url, { workers: 5 }), 'INSUFFICIENT_WORKERS');
  assert.match(error.message, 'the pool has 4');
});

test('refuses relative paths, other protocols and things that are no module', async () => {
  for (const module of ['./task.js', 'task.js', 'https://a.example/x.js', 'file://host/x.js', 5, null, {}, undefined]) {
    await rejectsCode(pool.run(module as string), 'INVALID_ARGUMENT');
  }
});

test('says that a module does not exist before a worker is asked', () => {
  const missing = new URL('./tasks/absent.js', import.meta.url);
  throwsCode(() => pool.submit(missing), 'MODULE_NOT_FOUND');
  throwsCode(() => taskModule(missing), 'MODULE_NOT_FOUND');
});

test('says which exports there are when one is missing', async () => {
  const error = await rejectsCode(pool.run(url, { workers: 2, export: 'som' }), 'EXPORT_NOT_FOUND');
  assert.match(error.message, '"echo"');
  await rejectsCode(pool.run(url, { export: 'leftovers' }), 'EXPORT_NOT_FOUND');
  const handle = pool.submit(url, { workers: 2, export: 'som' });
  await rejectsCode(handle.result(), 'EXPORT_NOT_FOUND');
  const [explanation] = await pool.explain(handle.id);
  assert.match(explanation?.text ?? '', 'rank 0 did not begin its function');
});

test('a class is no task: it is for actors', async () => {
  const actors = new URL('./tasks/gangs.js', import.meta.url);
  const error = await rejectsCode(pool.run(actors, { export: 'Model' } as never), 'EXPORT_NOT_FOUND');
  assert.match(error.message, /found a class; .*A class is for gang\.actor/);
});

test('bad arguments and options are told with the lines of the caller alone', async () => {
  for (const options of [
    { export: 'echo', args: [() => 1] },
    { export: 'echo', timeoutMs: -1 },
  ]) {
    const { stack = '' } = await rejectionOf(pool.run(url, options));
    const [first = ''] = stack.split('\n').filter((line) => /^ +at /.test(line));
    assert.match(first, 'bad-input.test');
  }
});

test('refuses misspelt and wrong options', async () => {
  const bad = [{ worker: 2 }, { args: 5 }, { export: 5 }, { name: 5 }, { timeoutMs: 0 }, { timeoutMs: 'x' }];
  const more = [{ maxRetries: -1 }, { placement: 'anywhere' }, { fresh: 1 }, { signal: {} }, [], 7];
  for (const options of [...bad, ...more]) await rejectsCode(pool.run(url, options as object), 'INVALID_ARGUMENT');
  for (const options of [
    { worker: 2 },
    { communicator: 'dup' },
    { communicatorCache: -1 },
    { roundTimeoutMs: 0 },
    { rendezvous: 'spawn' },
    { logDir: 5 },
    { logDir: '/proc/absent' },
    { window: 5 },
    { window: '1' },
    { transport: 'tcp' },
    { mpiexec: 5 },
    { mpiexecArgs: '-v' },
    { maxRestarts: -1 },
    { timeoutMs: -1 },
    7,
    null,
  ]) {
    await rejectsCode(launch(options as object), 'INVALID_ARGUMENT');
  }
  await rejectsCode(launch({ transport: 'mpi', mpiexec: './absent-mpiexec' }), 'LAUNCH');
  await rejectsCode(pool.close({ forced: true } as object), 'INVALID_ARGUMENT');
});

test('refuses a window that does not fit and names the largest that does', async () => {
  const error = await rejectsCode(launch({ workers: 8, window: 2 ** 30 }), 'LAUNCH');
  const largest = (error as unknown as { largestWindowBytes: number }).largestWindowBytes;
  const own = await launch({ workers: 8, window: largest });
  assert.equal(await own.run(tasks, { workers: 8, args: [5] }), Array(8).fill(28));
  await own.close();
});

test('refuses arguments that cannot be copied, with their path', async () => {
  const throwing = Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  const cases: [unknown[], string][] = [
    [[1, { onDone: () => 1 }], 'args[1].onDone'],
    [[Promise.resolve()], 'args[0]'],
    [[[Symbol('s')]], 'args[0][0]'],
    [[new WeakMap()], 'args[0]'],
    [[new Set([new WeakSet()])], 'args[0].values()[0]'],
    [[{ 'a-b': throwing }], 'args[0]["a-b"].x'],
  ];
  for (const [args, path] of cases) {
    const error = await rejectsCode(pool.run(url, { export: 'echo', args }), 'NOT_SERIALIZABLE');
    assert.is((error as unknown as { path: string }).path, path);
    assert.match(error.message, path);
  }
});

for (const [kind, path] of [
  ['function', 'result.deep[1].onDone'],
  ['promise', 'result[0]'],
  ['symbol', 'result.get("key")'],
  ['getter', 'result.x'],
] as const) {
  test(`refuses a result with a ${kind}, with its path`, async () => {
    const error = await rejectsCode(
      pool.run(tasks, { workers: 2, export: 'badResult', args: [kind] }),
      'NOT_SERIALIZABLE',
    );
    assert.is((error as unknown as { path: string }).path, path);
    assert.match(error.message, /^task t\d+, rank [01], "badResult": result/);
    assert.not.match(error.stack ?? '', /NodeEncoder|encodeResult/);
  });
}

test('refuses arguments and results above maxMessageBytes', async () => {
  await rejectsCode(pool.run(url, { export: 'echo', args: ['x'.repeat(20_000)] }), 'MESSAGE_TOO_LARGE');
  await rejectsCode(pool.run(tasks, { export: 'badResult', args: ['large'] }), 'MESSAGE_TOO_LARGE');
});

test('a rejection on one rank frees the others', async () => {
  const error = (await rejectsCode(
    pool.run(tasks, { workers: 4, export: 'reject', args: [2] }),
    'TASK_FAILED',
  )) as TaskFailedError;
  assert.is(error.rank, 2);
  assert.is((error.cause as Error).message, 'rejected');
  assert.is(error.errors.length, 4);
});

for (const [name, text] of [
  ['unhandled', 'nobody handles this'],
  ['uncaught', 'thrown from a timer'],
] as const) {
  test(`an error that escapes the function fails the task: ${name}`, async () => {
    const error = await rejectsCode(pool.run(tasks, { workers: 3, export: name, args: [1] }), 'TASK_FAILED');
    assert.is((error.cause as Error).message, text);
    assert.is((error as TaskFailedError).rank, 1);
  });
}

test('process.exit in a task is ERR_SHOAL_TASK_EXITED with rank and code', async () => {
  for (const code of [0, 3]) {
    const error = await rejectsCode(pool.run(tasks, { workers: 3, export: 'exit', args: [1, code] }), 'TASK_EXITED');
    const { rank, exitCode } = error as unknown as { rank: number; exitCode: number };
    assert.equal([rank, exitCode], [1, code]);
  }
});

for (const name of ['hang', 'politeHang', 'spin', 'spinInWait'] as const) {
  test(`a task that never ends stops at timeoutMs: ${name}`, async () => {
    const begun = performance.now();
    const options = { workers: 2, export: name, args: name === 'spin' ? [0] : [], timeoutMs: 80 };
    await rejectsCode(pool.run(url, options), 'TASK_TIMEOUT');
    assert.ok(performance.now() - begun < 5_000);
  });

  test(`cancel() ends a task that never ends: ${name}`, async () => {
    const handle = pool.submit(url, { workers: 2, export: name, args: name === 'spin' ? [0] : [] });
    setTimeout(() => handle.cancel('enough'), 50);
    const error = await rejectsCode(handle.result(), 'CANCELLED');
    assert.is(error.cause, 'enough');
    assert.is(handle.state, 'cancelled');
  });
}

test('a signal cancels a task, also before it starts and while it is queued', async () => {
  const controller = new AbortController();
  const running = pool.submit(url, { workers: 4, export: 'hang', signal: controller.signal });
  const queued = pool.submit(url, { workers: 4, export: 'hang', signal: controller.signal });
  assert.equal([running.state, queued.state], ['running', 'queued']);
  controller.abort(new Error('stop'));
  for (const handle of [running, queued]) {
    const error = await rejectsCode(handle.result(), 'CANCELLED');
    assert.is((error.cause as Error).message, 'stop');
    assert.is(error.name, 'AbortError');
  }
  await rejectsCode(pool.run(url, { export: 'hang', signal: controller.signal }), 'CANCELLED');
});

test('a task that exhausts its heap is ERR_SHOAL_WORKER_DIED, is run again when asked, and the pool lives on', async () => {
  const own = await launch({ workers: 2, resourceLimits: { maxOldGenerationSizeMb: 40 } });
  const died: number[] = [];
  own.on('workerDied', ({ worldRank }) => died.push(worldRank));
  const error = await rejectsCode(own.run(url, { workers: 2, export: 'memory', maxRetries: 1 }), 'WORKER_DIED');
  assert.is(codeOf(error.cause), 'ERR_WORKER_OUT_OF_MEMORY');
  assert.equal(died, [0, 0]);
  assert.equal(await own.run(tasks, { workers: 2, args: [5] }), [1, 1]);
  await own.close();
});

test('refuses tasks beyond the limits of the queue', async () => {
  const own = await launch({ workers: 1, maxQueue: 2, maxQueueBytes: 5_000 });
  const handles = [1, 2, 3].map(() => own.submit(tasks, { export: 'sleep', args: [20] }));
  throwsCode(() => own.submit(tasks, { export: 'sleep', args: [20] }), 'QUEUE_FULL');
  handles[2]!.cancel();
  throwsCode(() => own.submit(url, { export: 'echo', args: ['x'.repeat(6_000)] }), 'QUEUE_FULL');
  await rejectsCode(handles[2]!.result(), 'CANCELLED');
  await own.close();
});

test('collective and context on the driver say where they work', async () => {
  const error = throwsCode(() => context.rank, 'NOT_IN_TASK');
  assert.match(error.message, 'pool.run');
  assert.match(error.message, 'shoal run');
  assert.match(error.message, 'shoal/testing');
  assert.is(codeOf(await rejectionOf(collective.allreduce(new Float32Array(1)))), 'ERR_SHOAL_NOT_IN_TASK');
  throwsCode(() => collective.barrierSync(), 'NOT_IN_TASK');
  throwsCode(() => collective.empty(Float32Array, 1), 'NOT_IN_TASK');
});

test('a task cannot launch a pool', async () => {
  assert.equal(await pool.run(tasks, { export: 'launchInside' }), ['ERR_SHOAL_UNSUPPORTED']);
});

test('a worker that cannot start is ERR_SHOAL_LAUNCH', async () => {
  const error = await rejectsCode(launch({ workers: 2, execArgv: ['--import', './absent-loader.mjs'] }), 'LAUNCH');
  assert.match(error.message, 'absent-loader');
  const controller = new AbortController();
  controller.abort('never mind');
  await rejectsCode(launch({ workers: 1, signal: controller.signal }), 'LAUNCH');
});

test('a launch in a working directory that was removed says so', async () => {
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'gone-'));
  process.chdir(folder);
  rmdirSync(folder);
  try {
    assert.match((await rejectsCode(launch({ workers: 1 }), 'LAUNCH')).message, 'it was removed');
  } finally {
    process.chdir(before);
  }
});

test('an error that escapes while no task runs is a warning, and the worker is replaced', async () => {
  const own = await launch({ workers: 1 });
  const seen: string[] = [];
  own.on('warning', ({ message }) => seen.push(message));
  own.on('workerReplaced', () => seen.push('replaced'));
  own.submit(url, { export: 'uncaughtLater' });
  await own.run(tasks, { export: 'echo', args: [1] }).catch(() => undefined);
  await until(() => seen.includes('replaced'));
  assert.match(seen[0]!, 'after the task');
  assert.equal(await own.run(tasks, { args: [5] }), [0]);
  await own.close();
});

test('a leftover whose error nobody handles is a warning and fails no later task', async () => {
  const own = await launch({ workers: 2 });
  const seen: string[] = [];
  own.on('warning', ({ message }) => seen.push(message));
  own.on('workerReplaced', () => seen.push('replaced'));
  await own.run(tasks, { workers: 2, export: 'leaveUnhandled', args: [30] });
  await own.run(tasks, { workers: 2, export: 'sleep', args: [100] });
  assert.is(seen.length, 2);
  for (const message of seen) assert.match(message, 'task t1 has ended');
  await own.close();
});

for (const kind of ['throw', 'reject'] as const) {
  test(`an error that escapes from a leftover does not fail the task that runs then: ${kind}`, async () => {
    const own = await launch({ workers: 2 });
    const seen: string[] = [];
    own.on('warning', ({ message }) => seen.push(message));
    own.on('workerReplaced', () => seen.push('replaced'));
    await own.run(tasks, { workers: 2, export: 'leaveError', args: [kind, 30] });
    assert.equal((await own.run(tasks, { workers: 2, export: 'sleep', args: [100] })).length, 2);
    await until(() => seen.filter((text) => text === 'replaced').length === 2);
    assert.match(seen[0]!, 'from a leftover');
    assert.equal(await own.run(tasks, { workers: 2, args: [5] }), [1, 1]);
    await own.close();
  });
}

test('a throw with calls in flight fails the task once, and harms nothing else', async () => {
  for (let i = 0; i < 5; i++) {
    const error = await rejectsCode(pool.run(tasks, { workers: 3, export: 'throwInFlight' }), 'TASK_FAILED');
    assert.is((error.cause as Error).message, 'with a call in flight');
  }
});

test('a throw with a call of a group inside the task in flight is no damage', async () => {
  const { cause } = await rejectsCode(pool.run(tasks, { workers: 2, export: 'throwInGroup' }), 'TASK_FAILED');
  assert.is((cause as Error).message, 'with a call of a group in flight');
});

/** Objects of the driver's code that cannot be read. */
function unreadable(): readonly unknown[] {
  const fail = (): never => {
    throw new Error('no');
  };
  const revoked = ({ proxy, revoke }: { proxy: object; revoke: () => void }): object => {
    revoke();
    return proxy;
  };
  const fields = ['stack', 'message', 'name', 'cause', 'code'].map((key) => {
    return Object.defineProperty(new Error('x'), key, { get: fail });
  });
  const proxies = [Proxy.revocable({}, {}), Proxy.revocable(new Error('x'), {}), Proxy.revocable(() => 1, {})];
  return [...fields, ...proxies.map(revoked), new Proxy(new Error('x'), { get: fail, getPrototypeOf: fail })];
}

test('a task is cancelled with any reason, which stays as it is', async () => {
  for (const reason of unreadable()) {
    const controller = new AbortController();
    const handles = [
      pool.submit(url, { workers: 2, export: 'hang', signal: controller.signal }),
      pool.submit(url, { workers: 2, export: 'hang' }),
    ];
    controller.abort(reason);
    handles[1]!.cancel(reason);
    for (const handle of handles) assert.is((await rejectsCode(handle.result(), 'CANCELLED')).cause, reason);
  }
  const error = new Error('stop');
  const { stack } = error;
  await rejectsCode(pool.run(url, { export: 'hang', signal: AbortSignal.abort(error) }), 'CANCELLED');
  assert.is(error.stack, stack);
});

test('limits beyond what a timer can hold are no limit', async () => {
  for (const timeoutMs of [2 ** 40, Infinity, null]) {
    const own = await launch({ workers: 2, timeoutMs });
    assert.equal((await own.run(tasks, { workers: 2, export: 'sleep', args: [20], timeoutMs })).length, 2);
    assert.equal(await own.run(tasks, { workers: 2, args: [5], timeoutMs }), [1, 1]);
    await own.close();
  }
});

test('a wrong variable for the workers is found at the launch', async () => {
  await rejectsCode(launch({ workers: 1, env: { SHOAL_LOG: 'loud' } }), 'LAUNCH');
});

test.run();
