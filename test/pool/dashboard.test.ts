import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch } from 'shoal';
import type { DashboardNews } from '../../src/driver/dashboard-news.js';
import type { TaskExplanation } from '../../src/head/explanations.js';
import { rejectsCode, until } from '../support/check.js';

const tasks = new URL('./tasks/misc.js', import.meta.url);
const test = suite('dashboard of a pool');
let pool: Pool;
let origin: string;
let cookie: string;

async function news(since = 0): Promise<DashboardNews> {
  return (await (await fetch(`${origin}/news?since=${since}`, { headers: { cookie } })).json()) as DashboardNews;
}

test.before(async () => {
  pool = await launch({ workers: 2, graceMs: 50, dashboard: true });
  const url = new URL(pool.dashboardUrl!);
  ({ origin } = url);
  const entered = await fetch(`${origin}/enter`, { method: 'POST', body: url.hash.slice(1), headers: { origin } });
  cookie = entered.headers.get('set-cookie')!.split(';')[0]!;
});
test.after(() => pool.close({ force: true }));

test('tasks are told with their times, ranks, collectives and errors', async () => {
  await pool.run(tasks, { workers: 2, name: 'sum', args: [1_000] });
  await rejectsCode(pool.run(tasks, { workers: 1, export: 'reject', name: 'bad', args: [0] }), 'TASK_FAILED');
  const { tasks: told, stats, status, change, hasMore, nowMs } = await news();
  const [sum, bad] = told;
  assert.equal(
    told.map(({ name, state }) => [name, state]),
    [
      ['sum', 'succeeded'],
      ['bad', 'failed'],
    ],
  );
  assert.ok(sum!.submitted <= sum!.started! && sum!.started! <= sum!.ended! && sum!.ended! <= nowMs);
  assert.equal([...sum!.worldRanks].sort(), [0, 1]);
  assert.equal(sum!.collectives.map(({ rank, calls, bytes }) => [rank, calls, bytes]).sort(), [
    [0, 1, 4_000],
    [1, 1, 4_000],
  ]);
  assert.is(bad!.error!.code, 'ERR_SHOAL_TASK_FAILED');
  assert.match(bad!.error!.text, /TypeError: rejected\n\s+at reject/);
  assert.equal([stats.tasks.succeeded, stats.tasks.failed, status.workers.length, hasMore], [1, 1, 2, false]);
  const explained = await fetch(`${origin}/explain?task=${bad!.id}`, { headers: { cookie } });
  const { ranks } = (await explained.json()) as TaskExplanation;
  assert.equal([ranks.length, ranks[0]!.phase], [1, 'threw']);
  assert.is((await fetch(`${origin}/explain?task=none`, { headers: { cookie } })).status, 204);
  assert.equal((await news(change)).tasks, [], 'what was told is not told again');
});

test('what waits says why', async () => {
  const gang = await pool.gang({ workers: 1, name: 'one' });
  const busy = gang.submit(tasks, { export: 'politeHang' });
  const inGang = gang.submit(tasks, { export: 'count' });
  const wide = pool.submit(tasks, { workers: 2, export: 'count' });
  const behind = pool.submit(tasks, { workers: 2, export: 'count' });
  await until(() => busy.state === 'running');
  const { waiting, status } = await news();
  const why = new Map(waiting.map((each) => [each.id, each.why]));
  assert.is(why.get(wide.id), 'wants 2 workers at once; 1 idle');
  assert.is(why.get(behind.id), `behind 1 task; the first, ${wide.id}, wants 2 workers`);
  assert.match(why.get(inGang.id)!, /^one task of gang g\d+ \("one"\) comes first$/);
  assert.is(status.gangs[0]!.taskId, busy.id);
  await gang.close({ force: true });
  await Promise.allSettled([busy.result(), inGang.result(), wide.result(), behind.result()]);
  assert.equal((await news()).waiting, []);
});

test('a page costs a pool without one nothing, and ends with its pool', async () => {
  const own = await launch({ workers: 1 });
  assert.is(own.dashboardUrl, undefined);
  await own.close();
  await pool.close({ force: true });
  assert.ok(
    await fetch(origin).then(
      () => false,
      () => true,
    ),
    'nobody answers any more',
  );
});

test.run();
