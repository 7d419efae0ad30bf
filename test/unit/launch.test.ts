import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MpiJob } from '../../src/launch/command-line.js';
import { mpiCommand } from '../../src/launch/command-line.js';
import { detectLauncher, parseVersion } from '../../src/launch/family.js';
import { preloadable } from '../../src/launch/preload.js';
import {
  launchedRank,
  launcherVariables,
  preloadWith,
  preloadWithout,
  sharedMemoryVariables,
} from '../../src/worker/launcher-environment.js';
import { makeJobFolder } from '../../src/native/job-folder.js';
import { throwsCode } from '../support/check.js';

const test = suite('launch');
const job: MpiJob = {
  ranks: 3,
  program: ['node', 'x.js'],
  hosts: [],
  hostfile: undefined,
  extraArgs: [],
  root: false,
  folder: '/tmp/f',
};

test('tells the families by what their mpiexec prints', () => {
  const mpich = 'HYDRA build details:\n    Version:                                 4.0.2\n    Release Date: Thu';
  assert.equal(parseVersion('mpiexec.openmpi (OpenRTE) 4.1.4\n\nReport bugs to'), {
    family: 'openmpi',
    version: '4.1.4',
  });
  assert.equal(parseVersion('mpirun (Open MPI) 5.0.7\n'), { family: 'openmpi', version: '5.0.7' });
  assert.equal(parseVersion(mpich), { family: 'mpich', version: '4.0.2' });
  const intel = 'Intel(R) MPI Library for Linux* OS, Version 2021.9 Build 20230306 (id: d82b3071db)\nCopyright 2003';
  assert.equal(parseVersion(intel), { family: 'mpich', version: '2021.9' });
  assert.is(parseVersion(''), undefined);
});

test('says what was tried when there is none', () => {
  const error = throwsCode(() => detectLauncher('/absent/mpiexec'), 'LAUNCH');
  assert.match(error.message, '/absent/mpiexec');
  assert.match(error.message, 'apt-get install');
  throwsCode(() => detectLauncher('true'), 'LAUNCH');
});

test('builds the command line of each family', () => {
  const line = (family: 'openmpi' | 'mpich', version: string, more: Partial<MpiJob>): string =>
    mpiCommand({ command: 'mpiexec', family, version }, { ...job, ...more }).args.join(' ');
  assert.is(line('openmpi', '4.1.4', {}), '-n 3 --oversubscribe --bind-to none --enable-recovery node x.js');
  assert.is(line('openmpi', '5.0.7', {}), '-n 3 --map-by :OVERSUBSCRIBE --bind-to none --with-ft ulfm node x.js');
  assert.is(line('mpich', '4.0.2', {}), '-n 3 -bind-to none node x.js');
  assert.is(line('mpich', '2021.9', {}), '-n 3 node x.js');
  const hosts = [
    { name: 'a', ranks: 2 },
    { name: 'b', ranks: 1 },
  ];
  const more = { hosts, extraArgs: ['--x', 'y'] };
  const forwarded = '-x NO_COLOR -x UCX_HANDLE_ERRORS -x UCX_MEM_EVENTS -x SHOAL_HEAD';
  assert.match(
    line('openmpi', '4.1.4', { ...more, forward: ['SHOAL_HEAD'] }),
    `--host a:2,b:1 ${forwarded} --x y node x.js`,
  );
  assert.match(line('mpich', '4.0.2', more), '-hosts a:2,b:1 --x y node x.js');
  assert.match(line('openmpi', '4.1.4', { hostfile: 'h' }), '--hostfile h');
  assert.match(line('mpich', '4.0.2', { hostfile: 'h' }), '-f h');
  assert.match(line('mpich', '4.0.2', { preload: '/a.so' }), '-genv LD_PRELOAD /a.so node x.js');
});

test('tells Open MPI that root is meant, and keeps the trap handler of V8 under both', () => {
  const env = (family: 'openmpi' | 'mpich', root: boolean): Readonly<Record<string, string>> =>
    mpiCommand({ command: 'mpiexec', family, version: '4.1.4' }, { ...job, root }).env;
  assert.is(env('openmpi', true).OMPI_ALLOW_RUN_AS_ROOT, '1');
  assert.is(env('openmpi', false).OMPI_ALLOW_RUN_AS_ROOT, undefined);
  assert.is(env('mpich', true).OMPI_ALLOW_RUN_AS_ROOT, undefined);
  for (const family of ['openmpi', 'mpich'] as const) assert.is(env(family, false).UCX_HANDLE_ERRORS, 'none');
});

test('preloads its own library before those of the user, and hides it from their children', () => {
  assert.is(preloadWith('/x/ucx-yield.so'), '/x/ucx-yield.so');
  assert.is(preloadWith('/x/ucx-yield.so', 'a.so b.so'), '/x/ucx-yield.so:a.so b.so');
  assert.is(preloadWithout('/x/ucx-yield.so'), undefined);
  assert.is(preloadWithout('/x/ucx-yield.so:a.so b.so'), 'a.so:b.so');
});

test('a library whose path LD_PRELOAD cannot hold is preloaded by a link in the folder of the job', () => {
  const folder = mkdtempSync(join(tmpdir(), 'preload-'));
  const [plain, odd] = ['plain.so', 'a b:c.so'].map((name) => join(folder, name));
  for (const path of [plain!, odd!]) writeFileSync(path, '');
  assert.is(preloadable(plain!, undefined), plain);
  assert.is(preloadable(join(folder, 'absent.so'), folder), undefined);
  assert.is(preloadable(odd!, undefined), undefined);
  assert.is(preloadable(odd!, `${folder}/a b`), undefined);
  const linked = mkdtempSync(join(folder, 'job-'));
  const library = join(folder, 'with space');
  mkdirSync(library);
  writeFileSync(join(library, 'x.so'), 'the library');
  assert.is(preloadable(join(library, 'x.so'), linked), join(linked, 'x.so'));
  assert.is(readFileSync(join(linked, 'x.so'), 'utf8'), 'the library');
  rmSync(folder, { recursive: true });
});

test('the folder of a job has an absolute path, whatever TMPDIR is', () => {
  const { TMPDIR: before = '' } = process.env;
  process.env.TMPDIR = '.';
  try {
    const folder = makeJobFolder();
    rmSync(folder, { recursive: true });
    assert.ok(isAbsolute(folder), folder);
  } finally {
    process.env.TMPDIR = before;
    if (before === '') delete process.env.TMPDIR;
  }
});

test("tells each library where to keep shared memory, by its version's name, unless the user has", () => {
  const variables = (version: string, env = {}): unknown => sharedMemoryVariables(env, version, '/f');
  const [vader, sm] = ['OMPI_MCA_btl_vader_backing_directory', 'OMPI_MCA_btl_sm_backing_directory'];
  assert.equal(variables('Open MPI v4.1.4, package: x'), { UCX_POSIX_DIR: '/f', [vader]: '/f' });
  assert.equal(variables('Open MPI v5.0.7, package: x'), { UCX_POSIX_DIR: '/f', [sm]: '/f' });
  assert.equal(variables('MPICH Version: 4.0.2'), { UCX_POSIX_DIR: '/f' });
  for (const name of [vader, sm]) {
    assert.equal(variables('Open MPI v5.0.7', { [name]: '/user' }), { UCX_POSIX_DIR: '/f' });
  }
  assert.equal(variables('MPICH Version: 4.0.2', { UCX_POSIX_DIR: '/user' }), {});
});

test('finds its place in a job of either family, and none without a launcher', () => {
  const openmpi = {
    OMPI_COMM_WORLD_RANK: '2',
    OMPI_COMM_WORLD_SIZE: '4',
    PMIX_RANK: '2',
    PMI_RANK: '2',
    PMI_SIZE: '4',
  };
  assert.equal(launchedRank(openmpi), { family: 'openmpi', rank: 2, size: 4 });
  assert.equal(launchedRank({ PMI_RANK: '0', PMI_SIZE: '1' }), { family: 'mpich', rank: 0, size: 1 });
  for (const env of [{}, { PMI_RANK: '1' }, { PMI_RANK: '1', PMI_SIZE: '1' }, { PMI_RANK: 'x', PMI_SIZE: '2' }]) {
    assert.is(launchedRank(env), undefined);
  }
  assert.equal(launcherVariables({ ...openmpi, PATH: 'x', HOME: 'y' }).sort(), Object.keys(openmpi).sort());
});

test.run();
