import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode, until } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/gangs.js')>(new URL('./tasks/gangs.js', import.meta.url));
const test = suite('status and metrics of gangs and values');
const size = 4;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: size });
  pool.on('warning', () => undefined);
});
test.after(() => pool.close({ force: true }));

/** Figures whose names begin so, as in the text. */
async function figures(...names: readonly string[]): Promise<Record<string, number>> {
  const lines = (await pool.metrics()).split('\n').filter((line) => names.some((name) => line.startsWith(name)));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
const gangNames = ['shoal_gang', 'shoal_actors'];
const none = {
  'shoal_gangs{state="waiting"}': 0,
  'shoal_gangs{state="open"}': 0,
  'shoal_gangs{state="closing"}': 0,
  shoal_gang_workers: 0,
  'shoal_gang_tasks{state="queued"}': 0,
  'shoal_gang_tasks{state="running"}': 0,
  shoal_gangs_opened_total: 0,
  shoal_gangs_lost_total: 0,
};

test('gangs by state, their workers and tasks, and actors by class', async () => {
  assert.equal(await figures(...gangNames), none);
  const gang = await pool.gang({ workers: 3 });
  const waits = pool.gang({ workers: 2, timeoutMs: 60_000 });
  const model = await gang.actor(tasks, { export: 'Model', args: [1] });
  const second = await gang.actor(tasks, { export: 'Model', args: [1] });
  const handles = [1, 2, 3].map(() => gang.submit(tasks, { export: 'hang', args: [true] }));
  await until(() => handles[0]!.state === 'running');
  assert.equal(await figures(...gangNames), {
    ...none,
    'shoal_gangs{state="waiting"}': 1,
    'shoal_gangs{state="open"}': 1,
    shoal_gang_workers: 3,
    'shoal_gang_tasks{state="queued"}': 2,
    'shoal_gang_tasks{state="running"}': 1,
    'shoal_actors{class="Model"}': 2,
    shoal_gangs_opened_total: 1,
  });
  assert.equal(
    pool.status().gangs.map(({ actors, queued }) => [actors, queued]),
    [
      [['Model', 'Model'], 2],
      [[], 0],
    ],
  );
  const ends = handles.map((handle) => rejectsCode(handle.result(), 'CANCELLED'));
  for (const handle of handles) handle.cancel();
  await Promise.all(ends);
  await model.dispose();
  assert.equal((await figures('shoal_actors'))['shoal_actors{class="Model"}'], 1);
  await second.dispose();
  await gang.close();
  const other = await waits;
  await rejectsCode(other.run(tasks, { export: 'fails', args: ['exit', 0] }), 'TASK_EXITED');
  await until(() => other.state === 'closed');
  assert.equal(await figures(...gangNames), { ...none, shoal_gangs_opened_total: 2, shoal_gangs_lost_total: 1 });
  const { gangsOpened, gangsLost, gangs } = pool.status();
  assert.equal([gangsOpened, gangsLost, gangs], [2, 1, []]);
});

test('an actor that is not made on all ranks does not count', async () => {
  const gang = await pool.gang({ workers: 2 });
  await rejectsCode(gang.actor(tasks, { export: 'Absent' } as never), 'EXPORT_NOT_FOUND');
  assert.equal(pool.status().gangs[0]!.actors, []);
  await gang.close();
});

test('shared data and its bytes, and kept results', async () => {
  const names = ['shoal_shared', 'shoal_kept'];
  const empty = { shoal_shared_values: 0, shoal_shared_bytes: 0, shoal_kept_values: 0 };
  assert.equal(await figures(...names), empty);
  const shared = await pool.share(new Float64Array(1000));
  const kept = await pool.run(tasks, { export: 'who', workers: 2, keep: true });
  assert.equal(await figures(...names), {
    shoal_shared_values: 1,
    shoal_shared_bytes: shared.sizeBytes,
    shoal_kept_values: 1,
  });
  assert.equal(pool.status().values, { shared: 1, sharedBytes: shared.sizeBytes, kept: 1 });
  shared.release();
  kept.release();
  assert.equal(await figures(...names), empty);
});

test.run();
