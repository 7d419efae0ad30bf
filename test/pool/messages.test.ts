import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, TaskMessage } from 'shoal';
import { launch, taskModule } from 'shoal';

const tasks = taskModule<typeof import('./tasks/messages.js')>(new URL('./tasks/messages.js', import.meta.url));
const test = suite('messages of tasks');
const folder = mkdtempSync(join(tmpdir(), 'shoal-messages-'));
let pool: Pool;
let heard: TaskMessage[] = [];
let warnings: string[] = [];
let files = 0;

test.before(async () => {
  pool = await launch({ workers: 2, maxMessageBytes: 100_000 });
  pool.on('message', (message) => heard.push(message));
  pool.on('warning', ({ message }) => warnings.push(message));
});
test.before.each(() => {
  heard = [];
  warnings = [];
});
test.after(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});
const newFile = (): string => join(folder, `file${files++}`);

test('every value arrives as a copy, in the order of its rank, before the result', async () => {
  const handle = pool.submit(tasks, { export: 'posts', workers: 2, args: [50] });
  const own: TaskMessage[] = [];
  handle.on('message', (message) => own.push(message));
  await handle.result();
  assert.is(heard.length, 100);
  assert.equal(own, heard);
  for (const rank of [0, 1]) {
    const expected = Array.from({ length: 50 }, (_, i) => {
      return { i, rank, array: Float32Array.of(i, -0), map: new Map([['\ud800', i]]) };
    });
    const values = heard.filter((message) => message.rank === rank && message.taskId === handle.id);
    assert.equal(
      values.map(({ value }) => value),
      expected,
    );
  }
  assert.equal(warnings, []);
});

test('it arrives while the task runs, and a handle hears its own task alone', async () => {
  const answers = [newFile(), newFile()];
  const handles = answers.map((file) => pool.submit(tasks, { export: 'waits', args: [file] }));
  const own = handles.map((handle, i) => {
    const seen: string[] = [];
    handle.on('message', ({ taskId }) => {
      seen.push(taskId);
      writeFileSync(answers[i]!, '');
    });
    return seen;
  });
  for (const handle of handles) assert.equal(await handle.result(), ['answered']);
  assert.equal(
    own,
    handles.map(({ id }) => [id]),
  );
});

for (const elements of [1, 65_536]) {
  test(`what a task posts faster than its driver takes is bounded and told, with ${elements} bytes each`, async () => {
    const count = 10_000;
    const file = newFile();
    const handle = pool.submit(tasks, { export: 'floods', args: [count, elements, file] });
    // The driver does nothing else until the task has posted everything.
    handle.once('message', () => {
      const end = performance.now() + 60_000;
      const idle = new Int32Array(new SharedArrayBuffer(4));
      while (!existsSync(file) && performance.now() < end) Atomics.wait(idle, 0, 0, 5);
    });
    const [sent] = await handle.result();
    assert.is(heard.length, sent);
    heard.forEach(({ value }) => assert.is((value as Uint8Array).length, elements));
    // Those that the driver had taken at once, and the bound.
    const bound = elements === 1 ? 1_000 : 15;
    assert.ok(sent! >= bound && sent! < 4 * bound, `${sent} values`);
    assert.is(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0]!, `task ${handle.id}: context.post returned false ${count - sent!} times on rank 0`);
    // The next task has all the room again.
    heard = [];
    await pool.run(tasks, { export: 'posts', workers: 2, args: [20] });
    assert.is(heard.length, 40);
  });
}

test('what cannot be copied or is too long is refused where it is posted', async () => {
  const [results] = await pool.run(tasks, { export: 'bad' });
  assert.equal(results, {
    function: ['ERR_SHOAL_NOT_SERIALIZABLE', 'value.list[1]'],
    url: ['ERR_SHOAL_NOT_SERIALIZABLE', 'value'],
    large: ['ERR_SHOAL_MESSAGE_TOO_LARGE', undefined],
    nothing: 'sent',
  });
  assert.equal(
    heard.map(({ value }) => value),
    [undefined],
  );
});

test('a task that has ended posts nothing', async () => {
  const own = await launch({ workers: 1 });
  own.on('message', (message) => heard.push(message));
  await own.run(tasks, { export: 'leaves' });
  assert.equal(await own.run(tasks, { export: 'left' }), ['ERR_SHOAL_CLOSED']);
  await own.close();
  assert.equal(heard, []);
});

test.run();
