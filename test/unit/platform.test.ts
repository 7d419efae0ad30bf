import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { detectLauncher } from '../../src/launch/family.js';
import type { Platform } from '../../src/native/platform.js';
import { addonAdvice, thisPlatform, whyNoProcesses } from '../../src/native/platform.js';
import { throwsCode } from '../support/check.js';

const test = suite('platforms');
const debian: Platform = { runtime: 'Node', system: 'linux', cpu: 'x64', isMusl: false };

test('this is Node on Linux with glibc', () => {
  assert.equal(thisPlatform(), { ...debian, cpu: process.arch });
});

const cases: readonly [name: string, platform: Partial<Platform>, processes: RegExp | undefined, addon: RegExp][] = [
  ['Debian', {}, undefined, /^`npx shoal build-mpi`/],
  ['Debian on arm64', { cpu: 'arm64' }, undefined, /is for x64, and this is arm64: `npx shoal build-mpi`/],
  ['Alpine', { isMusl: true }, undefined, /is for glibc, .* musl, such as Alpine: `npx shoal build-mpi`/],
  ['macOS', { system: 'darwin', cpu: 'arm64' }, /need Linux, and this is darwin on arm64/, /use transport: 'threads'/],
  ['Windows', { system: 'win32' }, /need Linux, and this is win32 on x64.*'threads'/, /this is win32 on x64: use/],
  ['Bun', { runtime: 'Bun' }, /need Node, and this is Bun; start the driver with node/, /is for Node, and this is Bun/],
  ['Deno', { runtime: 'Deno' }, /need Node, and this is Deno; start/, /is for Node, and this is Deno: use node/],
  ['Bun on macOS', { runtime: 'Bun', system: 'darwin' }, /need Linux, and this is darwin/, /is for Linux/],
];
for (const [name, part, processes, addon] of cases) {
  test(`${name} is told what works there`, () => {
    const platform = { ...debian, ...part };
    const why = whyNoProcesses(platform);
    if (processes === undefined) assert.is(why, undefined);
    else assert.match(why ?? '', processes);
    assert.match(addonAdvice(platform), addon);
  });
}

test('a launch of processes elsewhere is refused before an mpiexec is looked for', () => {
  const { versions } = process;
  Object.defineProperty(process, 'versions', { value: { ...versions, bun: '1.0.0' } });
  try {
    const error = throwsCode(() => detectLauncher('/absent'), 'UNSUPPORTED');
    assert.match(error.message, 'this is Bun; start the driver with node');
  } finally {
    Object.defineProperty(process, 'versions', { value: versions });
  }
});

test.run();
