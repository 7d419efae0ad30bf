import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RunnerProject } from '../support/runner-project.js';

const test = suite('Node and tsx');
let project: RunnerProject;
const tsx = 'node_modules/tsx/dist/cli.mjs';
const threads = { SHOAL_TRANSPORT: 'threads' };
const overMpi = (family: string): NodeJS.ProcessEnv => ({ SHOAL_TRANSPORT: 'mpi', SHOAL_MPIEXEC: `mpiexec.${family}` });

test.before(() => {
  project = new RunnerProject('tsx', ['tsx@4.23.15']);
});

/** Drivers that have something preloaded, by their arguments; `ts`: written in TypeScript. */
const drivers: readonly { args: readonly string[]; env?: NodeJS.ProcessEnv; ts: boolean; mpi?: string }[] = [
  { args: ['driver.mjs'], ts: false },
  { args: ['-r', './empty.cjs', 'driver.mjs'], ts: false, mpi: 'mpich' },
  { args: ['driver.mjs'], env: { NODE_OPTIONS: '--require ./empty.cjs' }, ts: false },
  { args: [tsx, 'driver.ts'], ts: true, mpi: 'openmpi' },
  { args: ['--import', 'tsx', 'driver.ts'], ts: true, mpi: 'mpich' },
  { args: ['driver.ts'], env: { NODE_OPTIONS: '--import tsx' }, ts: true, mpi: 'openmpi' },
  { args: ['-r', './empty.cjs', '--import=tsx', 'driver.ts'], ts: true },
];

for (const { args, env, ts, mpi } of drivers) {
  const name = [env?.NODE_OPTIONS && `NODE_OPTIONS=${env.NODE_OPTIONS}`, 'node', ...args].filter(Boolean).join(' ');
  for (const family of [undefined, ...(mpi === undefined ? [] : [mpi])]) {
    test(`${name} runs tasks in TypeScript and in CommonJS of tsc and esbuild, ${family ?? 'threads'}`, () => {
      const out = project.node(args, { env: { ...env, ...(family === undefined ? threads : overMpi(family)) } });
      assert.match(out, /^tsc 8 8 2$/m);
      assert.match(out, /^esbuild 8 8 2$/m);
      if (ts) assert.match(out, /^alias 1$/m);
    });
  }
}

const runners = [
  {
    name: 'node --test',
    args: ['--test'],
    extension: 'mjs',
    folder: 'node',
    names: ['pool', 'ranks', 'fake-timers'],
    passed: 5,
  },
  { name: 'tsx --test', args: [tsx, '--test'], extension: 'ts', folder: 'tsx', names: ['pool', 'ranks'], passed: 4 },
  {
    name: 'node --import tsx --test',
    args: ['--import', 'tsx', '--test'],
    extension: 'ts',
    folder: 'tsx',
    names: ['pool', 'ranks'],
    passed: 4,
  },
];

for (const { name, args, extension, folder, names, passed } of runners) {
  const files = (...names: string[]): string[] => names.map((each) => `${folder}/${each}.test.${extension}`);
  const tap = [...args, '--test-reporter=tap'];

  for (const family of [undefined, ...(name === 'node --import tsx --test' ? [] : ['openmpi'])]) {
    const where = family ?? 'threads';
    const env = family === undefined ? threads : overMpi(family);
    test(`${name} passes tests with a pool and with runRanks, ${where}`, () => {
      const out = project.node([...tap, ...files(...names)], { env });
      assert.match(out, new RegExp(`^# pass ${passed}$`, 'm'), out);
      assert.match(out, /^# fail 0$/m);
    });
  }

  test(`${name} shows what a beginner did wrong, and ends though no pool was closed`, () => {
    const out = project.node([...tap, ...files('mistakes')], { status: 1, env: threads });
    assert.match(out, /^# fail 2$/m);
    assert.match(out, /no module at .*\/tasks\/absent\.ts/);
    assert.match(out, /to export a function named .?"absent.?".*it exports .*fails/);
  });
}

test.run();
