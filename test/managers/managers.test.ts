import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { install, pack } from '../support/installed-project.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('package managers');
const folder = mkdtempSync(join(tmpdir(), 'shoal-managers-'));
const modules = join(folder, 'node_modules');
const types = ['typescript@5.9.3', '@types/node@20.19.43'];
let tarball = '';

test.before(() => {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  install(folder, ['pnpm@12.4.2', 'yarn1@npm:yarn@1.22.22', '@yarnpkg/cli-dist@4.18.1']);
  tarball = pack(folder);
});
test.after(() => rmSync(folder, { recursive: true }));

/** A package manager: how it installs into a project, and how it runs a program of the project, or `node`. */
interface Manager {
  readonly file: string;
  readonly install: readonly string[];
  readonly run: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const berry = (nodeLinker: string): Manager => ({
  file: '@yarnpkg/cli-dist/bin/yarn.js',
  install: ['add'],
  run: [],
  env: {
    YARN_NODE_LINKER: nodeLinker,
    YARN_NPM_REGISTRY_SERVER: mustRun('npm', ['config', 'get', 'registry'], root).trim(),
    YARN_GLOBAL_FOLDER: join(folder, 'berry'),
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_SCRIPTS: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
  },
});

const managers: Readonly<Record<string, Manager>> = {
  pnpm: {
    file: 'pnpm/bin/pnpm.mjs',
    install: ['add', '--ignore-scripts', '--store-dir', join(folder, 'store')],
    run: ['exec'],
  },
  'Yarn 1': {
    file: 'yarn1/bin/yarn.js',
    install: ['add', '--ignore-scripts', '--cache-folder', join(folder, 'yarn1')],
    run: ['--silent'],
  },
  'Yarn 4 with node_modules': berry('node-modules'),
  "Yarn 4 with Plug'n'Play": berry('pnp'),
};

for (const [name, manager] of Object.entries(managers)) {
  const project = join(folder, name.replace(/\W+/g, '-').toLowerCase());
  const call = (args: readonly string[], env: NodeJS.ProcessEnv = {}): string =>
    mustRun(process.execPath, [join(modules, manager.file), ...args], project, {
      ...process.env,
      SHOAL_WINDOW: '4194304',
      NO_COLOR: '1',
      ...manager.env,
      ...env,
    });
  const run = (program: readonly string[], env?: NodeJS.ProcessEnv): string => call([...manager.run, ...program], env);

  test(`${name} installs the package`, () => {
    mkdirSync(project);
    cpSync(join(root, 'test/fixtures/managers'), project, { recursive: true });
    // Without it Yarn 4 looks for a project in the folders above.
    writeFileSync(join(project, 'yarn.lock'), '');
    call([...manager.install, `shoal@file:${tarball}`, 'only-import@file:./only-import', ...types]);
  });

  for (const mpiexec of [undefined, 'mpiexec.openmpi', 'mpiexec.mpich']) {
    test(`${name}: tasks in .js and .ts find packages and each other's state, ${mpiexec ?? 'threads'}`, () => {
      const env = mpiexec === undefined ? {} : { SHOAL_TRANSPORT: 'mpi', SHOAL_MPIEXEC: mpiexec };
      assert.equal(JSON.parse(run(['node', 'driver.mjs'], env)), { js: [7, 7], ts: [7, 7], seen: [2, 2] });
    });
  }

  test(`${name} runs the installed command`, () => {
    const out = run(['shoal', 'run', '-n', '2', 'script.ts']);
    assert.equal(out.trim().split('\n').sort(), ['0 | sum 2', '1 | sum 2']);
  });

  test(`${name}: its types are found`, () => {
    run(['tsc', '--noEmit', '--strict', '--module', 'nodenext', 'types.ts']);
  });
}

test.run();
