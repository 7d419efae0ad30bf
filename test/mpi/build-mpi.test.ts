/** `shoal build-mpi` in a copy of the package that has no addon for MPI. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../support/check.js';
import { root } from '../support/spawn.js';

const test = suite('shoal build-mpi');
const scratch = mkdtempSync(join(tmpdir(), 'build-mpi-'));
/** A shell and make would read such a name otherwise. */
const folder = join(scratch, "it's $5");
const target = join(folder, 'bindings/build');

function shoal(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'dist/cli.js'), ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
    cwd: scratch,
  });
  return { status, out: stdout, err: stderr };
}

test.before(() => {
  mkdirSync(target, { recursive: true });
  for (const name of ['package.json', 'dist', 'wasm', 'bindings/Makefile', 'bindings/src']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  for (const name of ['os.node', 'mpi-abi.node']) cpSync(join(root, 'bindings/build', name), join(target, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(scratch, 'hello.mjs'), "console.log('hello');\n");
  const worker = JSON.stringify(pathToFileURL(join(folder, 'dist/worker.js')).href);
  const sum = `export default async () => (await collective.allreduce(Int32Array.of(context.rank + 1)))[0];`;
  writeFileSync(join(scratch, 'sum.mjs'), `import { collective, context } from ${worker};\n${sum}\n`);
  process.env.SHOAL_HOME = join(scratch, 'home');
});

test.after(() => {
  rmSync(scratch, { recursive: true });
});

const hello = ['run', '-n', '2', '--mpiexec', 'mpiexec.openmpi', 'hello.mjs'];

/** A pool of that package. */
async function started(): Promise<ChildProcess> {
  const args = [join(folder, 'dist/cli.js'), 'start', '-n', '2', '--mpiexec', 'mpiexec.openmpi'];
  const pool = spawn(process.execPath, args, { cwd: scratch, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  pool.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('pool of 2 workers') || pool.exitCode !== null, 60_000);
  return pool;
}

test('a pool without the addon names the command, which builds it under a pool that runs, and ranks find it', async () => {
  const before = shoal(hello);
  assert.is.not(before.status, 0);
  assert.match(before.err, 'libmpi.so.40 is here, and its addon');
  assert.match(before.err, 'npx shoal build-mpi');
  // One that has an addon loaded keeps it, and its next workers have the new one.
  const addon = join(target, 'mpi-openmpi.node');
  cpSync(join(root, 'bindings/build/mpi-openmpi.node'), addon);
  const old = statSync(addon).ino;
  const pool = await started();
  // What was interrupted is removed, what another process builds in is not.
  const [left, used] = [`.new-${2 ** 22 + 1}-abc`, `.new-${process.pid}-abc`];
  for (const name of [left, used]) mkdirSync(join(target, name));
  const { status, out, err } = shoal(['build-mpi', '--mpiexec', 'mpiexec.openmpi', '--json']);
  assert.is(status, 0, err);
  const { wrappers, built } = JSON.parse(out) as {
    wrappers: { family: string }[];
    built: { name: string; file: string }[];
  };
  assert.equal(
    wrappers.map(({ family }) => family),
    ['openmpi'],
  );
  assert.equal(built, [{ name: 'mpi-openmpi.node', file: join(target, 'mpi-openmpi.node') }]);
  assert.equal(readdirSync(target).sort(), [used, 'mpi-abi.node', 'mpi-openmpi.node', 'os.node']);
  rmSync(join(target, used), { recursive: true });
  assert.is.not(statSync(addon).ino, old);
  const sum = shoal(['submit', '-n', '2', 'sum.mjs']);
  assert.equal([sum.status, sum.out], [0, '3\n3\n'], sum.err);
  const { workers } = JSON.parse(shoal(['status', '--json']).out) as { workers: { pid: number }[] };
  process.kill(workers[0]!.pid, 'SIGKILL');
  const again = shoal(['submit', '-n', '2', '--max-retries', '3', 'sum.mjs']);
  assert.equal([again.status, again.out], [0, '3\n3\n'], again.err);
  pool.kill('SIGTERM');
  await once(pool, 'exit');
  const after = shoal(hello);
  assert.is(after.status, 0, after.err);
  assert.is(after.out.match(/hello/g)?.length, 2, after.out);
});

test('without a compiler, or where the folder cannot be written, it says what to do and leaves nothing', () => {
  const none = shoal(['build-mpi'], { CXX: '/absent/g++' });
  assert.is(none.status, 2);
  assert.match(none.err, 'there is no C++ compiler (/absent/g++) on the path; install both');
  assert.match(none.err, 'ERR_SHOAL_UNSUPPORTED');
  rmSync(target, { recursive: true });
  writeFileSync(target, '');
  const taken = shoal(['build-mpi']);
  assert.is(taken.status, 2);
  assert.match(taken.err, 'bindings/build cannot be written');
  assert.match(taken.err, 'as the user who installed the package');
  rmSync(target);
});

test('what does not compile replaces nothing, and --verbose has all that make said', () => {
  mkdirSync(target);
  writeFileSync(join(target, 'mpi-mpich.node'), 'old');
  writeFileSync(join(folder, 'bindings/src/messages.h'), '#error broken on purpose\n');
  const failed = shoal(['build-mpi', '--mpicc', 'mpicc.mpich', '--verbose'], { SHOAL_MPI_LIBRARY: 'absent' });
  assert.is(failed.status, 2);
  assert.match(failed.err, 'the addons were not built: ');
  assert.match(failed.err, 'error: #error broken on purpose');
  assert.match(failed.err, 'output:');
  assert.equal(readdirSync(target), ['mpi-mpich.node']);
  assert.is(readFileSync(join(target, 'mpi-mpich.node'), 'latin1'), 'old');
});

test.run();
