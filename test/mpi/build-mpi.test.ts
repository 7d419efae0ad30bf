/** `shoal build-mpi` in a copy of the package that has no addon for MPI. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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
});

test.after(() => {
  rmSync(scratch, { recursive: true });
});

const hello = ['run', '-n', '2', '--mpiexec', 'mpiexec.openmpi', 'hello.mjs'];

test('a pool without the addon names the command, which builds it, and the pool finds it', () => {
  const before = shoal(hello);
  assert.is.not(before.status, 0);
  assert.match(before.err, 'libmpi.so.40 is here, and its addon');
  assert.match(before.err, 'npx shoal build-mpi');
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
  assert.equal(readdirSync(target).sort(), ['mpi-abi.node', 'mpi-openmpi.node', 'os.node']);
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
