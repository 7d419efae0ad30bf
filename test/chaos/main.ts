/**
 * A pool under random tasks, while its processes are killed, stopped and continued, and its listeners throw: every task must end
 * in the right result or a typed error, `close()` must resolve, and nothing may be left. `npm run test:chaos -- --minutes M`.
 */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { inspect, parseArgs } from 'node:util';
import type { LaunchOptions, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { descendants } from './descendants.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    transport: { type: 'string', default: 'threads' },
  },
});
const [family = 'threads', wire] = values.transport.split('-');
const isMpi = family !== 'threads';
const tasks = taskModule<typeof import('../pool/tasks/chaos.js')>(new URL('../pool/tasks/chaos.js', import.meta.url));
const workers = 4;
const inFlight = 6;
/** Longer than any deadline of a task, its grace, the end by force and a new epoch together. */
const hangMs = 120_000;
const ends = ['good', 'good', 'throw', 'exit', 'late', 'spin', 'cancel', 'timeout', 'skip'] as const;

let state = (Number(values.seed) % 2_147_483_646) + 1;
const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
const pick = <T>(list: readonly T[]): T | undefined => list[random(Math.max(1, list.length))];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const counts = new Map<string, number>();
const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
const faults: string[] = [];

process.on('uncaughtException', (error) => {
  if (error.message === 'listener of the user') count('listener threw');
  else faults.push(`uncaught: ${error.stack}`);
});

async function runOne(pool: Pool): Promise<void> {
  const end = pick(ends) ?? 'good';
  const [size, afterMs] = [1 + random(workers), random(60)];
  const timeoutMs = end === 'timeout' ? 30 : end === 'spin' ? 200 : 30_000;
  const what = `${end} on ${size} after ${afterMs} ms`;
  const handle = pool.submit(tasks, { workers: size, args: [end, afterMs, 1 + random(1e6)], timeoutMs });
  if (end === 'cancel') setTimeout(() => handle.cancel(), afterMs);
  const hang = setTimeout(() => {
    faults.push(`HANG: task ${handle.id} (${what}): ${handle.state}\n${inspect(pool.status(), { depth: 4 })}`);
    report(1);
  }, hangMs);
  try {
    const results = await handle.result();
    if (results.length !== size || results.some((result) => result !== 'right')) {
      faults.push(`wrong result: ${what}: ${inspect(results)}`);
    }
    count('right');
  } catch (error) {
    const { code, cause } = error as { code?: string; cause?: unknown };
    if (!code?.startsWith('ERR_SHOAL_')) faults.push(`untyped: ${what}: ${inspect(error)}`);
    if (String(cause).includes('wrong')) faults.push(`wrong: ${what}: ${inspect(error)}`);
    count(code ?? 'untyped');
  } finally {
    clearTimeout(hang);
  }
}

/** Does to one process of the pool what happens to processes. */
async function sabotage(): Promise<void> {
  const victim = pick(descendants());
  if (!victim) return;
  const kind = /rank-process/.test(victim.command) ? 'rank' : /mpiexec|hydra|orted|proxy/.exec(victim.command)?.[0];
  const stops = random(3) === 0;
  count(`${stops ? 'stopped' : 'killed'} ${kind ?? 'other'}`);
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(victim.pid, name);
    } catch {
      // It has ended meanwhile.
    }
  };
  signal(stops ? 'SIGSTOP' : 'SIGKILL');
  if (!stops) return;
  await sleep(random(4_000));
  signal('SIGCONT');
}

function report(exitCode: number): never {
  for (const fault of faults) console.log(fault);
  console.log(`transport ${values.transport}, seed ${values.seed}, ${values.minutes} minutes`);
  for (const [what, number] of [...counts].sort()) console.log(`${String(number).padStart(8)} ${what}`);
  process.exit(exitCode);
}

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('shoal-'));
const descriptors = (): number => readdirSync('/proc/self/fd').length;

const before = { folders: folders(), shared: readdirSync('/dev/shm') };
const options: LaunchOptions = {
  workers,
  graceMs: 200,
  timeoutMs: 20_000,
  maxRestarts: 100,
  startTimeoutMs: 60_000,
  ...(isMpi ? { mpiexec: `mpiexec.${family}` } : { transport: 'threads' as const }),
  ...(wire ? { window: false as const } : { window: 8 * 2 ** 20 }),
};
// Once before: what a first pool loads for good is no leak.
await (await launch(options)).close();
const openBefore = descriptors();
const pool = await launch(options);
for (const event of ['taskDone', 'taskFailed', 'workerDied', 'workerReplaced', 'drain', 'warning'] as const) {
  pool.on(event, () => {
    if (random(10) === 0) throw new Error('listener of the user');
  });
}
const until = performance.now() + Number(values.minutes) * 60_000;
const lanes = Array.from({ length: inFlight }, async () => {
  while (performance.now() < until) await runOne(pool);
});
const saboteur = (async (): Promise<void> => {
  while (isMpi && performance.now() < until) {
    await sleep(500 + random(4_000));
    await sabotage();
  }
})();
await Promise.all([...lanes, saboteur]);
counts.set('epochs', pool.status().epoch);
const closing = setTimeout(() => {
  faults.push(`HANG: close()\n${inspect(pool.status(), { depth: 4 })}`);
  report(1);
}, hangMs);
await pool.close();
clearTimeout(closing);
await sleep(500);

const isNew = (list: readonly string[], known: readonly string[]): string[] =>
  list.filter((each) => !known.includes(each));
const left = {
  processes: descendants(),
  folders: isNew(folders(), before.folders),
  shared: isNew(readdirSync('/dev/shm'), before.shared),
  descriptors: descriptors() - openBefore,
};
if (left.processes.length + left.folders.length + left.shared.length > 0 || left.descriptors > 0) {
  faults.push(`left behind: ${inspect(left)}`);
}
report(faults.length === 0 ? 0 : 1);
