/** What MPI keeps in /dev/shm is gone when its job is, however its processes have ended. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LaunchOptions, Pool } from 'shoal';
import { launch } from 'shoal';
import { codeOf, until } from '../support/check.js';
import { root } from '../support/spawn.js';
import { launcherOf, lives } from './left-behind.js';

const test = suite('shared memory');
const tasks = new URL('./tasks/processes.js', import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), 'shared-memory-'));
const shared = '/dev/shm';
const pools: Pool[] = [];
const drivers: number[] = [];

const start = async (family: string, more: LaunchOptions = {}): Promise<Pool> => {
  const pool = await launch({ workers: 2, mpiexec: `mpiexec.${family}`, window: 4 * 1024 * 1024, ...more });
  pools.push(pool);
  return pool;
};

/** Paths of memory that a process shares or has shared. */
const mapped = (pid: number): string => readFileSync(`/proc/${pid}/maps`, 'latin1');

/** The folder of a rank's job on its node. */
function folderOf(pid: number): string {
  const name = /\/dev\/shm\/(shoal-[0-9a-f]{16}-[0-9a-f]{16})\//.exec(mapped(pid))?.[1];
  assert.ok(name, mapped(pid));
  return join(shared, name);
}

/** The processes that a folder is made for. */
const ownersOf = (folder: string): number[] =>
  readdirSync(folder).flatMap((name) => /^owner-(\d+)\.json$/.exec(name)?.slice(1).map(Number) ?? []);

/** Folders of the same job: of this node and of others. */
const ofSameJob = (folder: string): string[] =>
  readdirSync(shared).filter((name) => join(shared, name).startsWith(folder.slice(0, -16)));

/** One that is ended may take others with it. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    assert.is(codeOf(error), 'ESRCH');
  }
}

for (const family of ['openmpi', 'mpich'] as const) {
  test(`${family}: a job's folder is private, and goes with its epoch when all ranks are killed`, async () => {
    const pool = await start(family);
    const { pid } = pool.status().workers[0]!;
    const first = folderOf(pid);
    assert.is(statSync(first).mode & 0o777, 0o700);
    const owners = ownersOf(first);
    assert.ok(owners.length >= 3, 'the agent, and the workers');
    for (const owner of owners) process.kill(owner, 'SIGKILL');
    assert.equal(await pool.run(tasks, { workers: 2, maxRetries: 3 }), [3, 3]);
    assert.is.not(pool.status().epoch, 1);
    assert.equal(ofSameJob(first), []);
    const second = folderOf(pool.status().workers[0]!.pid);
    assert.ok(existsSync(second));
    await pool.close();
    assert.equal(ofSameJob(second), []);
  });

  test(`${family}: ranks that are killed inside MPI_Init leave nothing`, async () => {
    const [hook, seen] = [join(scratch, `${family}.mjs`), join(scratch, `${family}.txt`)];
    // As soon as a rank has a file that still has a name, it ends all that have come.
    writeFileSync(
      hook,
      `import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
       const load = process.dlopen;
       process.dlopen = (module, path, ...rest) => {
         load(module, path, ...rest);
         if (!path.includes('/mpi-')) return;
         const init = module.exports.init;
         module.exports.init = async (...args) => {
           let inside = true;
           const begun = init(...args).finally(() => (inside = false));
           while (inside) {
             const maps = readFileSync('/proc/self/maps', 'latin1');
             const file = / (\\/dev\\/shm\\/\\S*(?:vader_segment|mpich_shar_tmp)\\S*)$/m.exec(maps)?.[1];
             if (file) {
               const folder = readdirSync('/dev/shm').map((name) => '/dev/shm/' + name).find((name) => {
                 try { return readdirSync(name).includes('owner-' + process.pid + '.json'); } catch { return false; }
               });
               // At once: another rank may end this one at any time, and write here too.
               appendFileSync(${JSON.stringify(seen)}, file + '\\n' + folder + '\\n');
               for (const name of readdirSync(folder)) {
                 const pid = Number(/^owner-(\\d+)/.exec(name)?.[1] ?? process.pid);
                 if (pid !== process.pid) process.kill(pid, 'SIGKILL');
               }
               process.kill(process.pid, 'SIGKILL');
             }
             await new Promise(setImmediate);
           }
           return begun;
         };
       };`,
    );
    // The moment is short: on a busy machine it can pass before a rank looks.
    for (let attempt = 0; attempt < 10 && !existsSync(seen); attempt++) {
      const error = await start(family, { execArgv: ['--import', hook] }).then((pool) => pool.close(), codeOf);
      if (existsSync(seen)) assert.is(error, 'ERR_SHOAL_LAUNCH');
    }
    const [file, folder, ...others] = readFileSync(seen, 'latin1').trim().split('\n');
    assert.ok(file && folder?.startsWith('/dev/shm/shoal-'), 'somebody was killed inside MPI_Init');
    assert.equal(
      [file, folder, ...others].filter((path) => existsSync(path!)),
      [],
    );
    assert.equal(ofSameJob(folder!), []);
  });

  test(`${family}: what a driver has left that was killed with all its processes is removed by the next launch`, async () => {
    const driver = spawn(process.execPath, [join(root, 'test/fixtures/drivers/mpi.mjs'), `mpiexec.${family}`, 'stay']);
    drivers.push(driver.pid!);
    let text = '';
    driver.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes('\n'), 20_000);
    const [pid] = JSON.parse(text) as number[];
    driver.kill('SIGSTOP');
    const folder = folderOf(pid!);
    const owners = ownersOf(folder);
    // Nobody of them finds out that another has ended.
    const launcher = launcherOf(pid!);
    for (const each of [launcher, ...owners]) process.kill(each, 'SIGSTOP');
    for (const each of [driver.pid!, launcher, ...owners]) killIfThere(each);
    await until(() => ![driver.pid!, launcher, ...owners].some(lives));
    assert.ok(existsSync(folder), 'nobody was there to remove it');
    const live = await start(family);
    assert.not.ok(existsSync(folder));
    const used = folderOf(live.status().workers[0]!.pid);
    await (await start(family)).close();
    assert.ok(existsSync(used), 'that of a job that lives stays');
    assert.equal(await live.run(tasks, { workers: 2 }), [3, 3]);
    await live.close();
  });

  test(`${family}: where the user has said where, MPI keeps it there`, async () => {
    const name = family === 'openmpi' ? 'OMPI_MCA_btl_vader_backing_directory' : 'UCX_POSIX_DIR';
    process.env[name] = scratch;
    try {
      const pool = await start(family);
      assert.match(mapped(pool.status().workers[0]!.pid), `${scratch}/`);
      await pool.close();
    } finally {
      Reflect.deleteProperty(process.env, name);
    }
  });
}

test.after.each(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close({ force: true })));
});
test.after(() => {
  for (const pid of drivers) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // As it should be.
    }
  }
  rmSync(scratch, { recursive: true, force: true });
});
test.run();
