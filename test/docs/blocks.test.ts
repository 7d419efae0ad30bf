/** The code of every page is compiled, and run over small pools on threads. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';
import { complaints } from './compile.js';
import type { Project } from './pages.js';
import { needs, projectOf, readPages } from './pages.js';

const test = suite('blocks of the pages');
const limitMs = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'shoal-pages-'));
test.after(() => rmSync(folder, { recursive: true }));

const pages = readPages();
const projects = pages.map(projectOf);

/** Blocks that are not run, by what they need: a change here is a change of what the tests leave out. */
const notRun: Readonly<Record<string, number>> = {
  'needs-mpi': 2,
  'needs-hosts': 1,
  'needs-packages': 1,
  'needs-clone': 25,
};

test('blocks that are not run are as many as are known, and each says what it needs', () => {
  const marks = pages.flatMap(({ blocks }) => blocks.map(({ mark }) => mark)).filter((mark) => mark in needs);
  const found = Object.fromEntries(
    Object.keys(needs).map((mark) => [mark, marks.filter((each) => each === mark).length]),
  );
  assert.equal(found, notRun);
});

test('every block compiles, and a wrong one would not', () => {
  const files = new Map(
    projects.flatMap(({ page, files }, i) =>
      [...files].map(([name, text]) => [`page-${i}-${slug(page.path)}/${name}`, text]),
    ),
  );
  assert.ok(files.size >= 10, `${files.size} files`);
  assert.equal(complaints(files), []);
  const wrong = `import { collective } from 'shoal/worker';\nawait collective.allreduce('text');\n`;
  assert.is(complaints(new Map([['wrong/main.ts', wrong]])).length, 1);
});

test('every file of a page is used by a program or a command of that page', () => {
  for (const { page, files, runs } of projects) {
    const shell = page.blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const used = [...runs.map(({ commands }) => commands), ...shell, ...files.values()].join('\n');
    for (const name of files.keys()) {
      const stem = name.replace(/\.\w+$/, '');
      const others = used.replace(`// ${name}\n`, '');
      assert.match(others, new RegExp(`\\b${stem}\\.(ts|js|mjs)\\b`), `${page.path}: nothing uses ${name}`);
    }
  }
});

for (const project of projects) {
  if (project.runs.length === 0) continue;
  test(`${project.page.path}: what it runs ends well and prints what it says`, () => {
    const place = layOut(project);
    try {
      runAll(project, place);
    } finally {
      endPools(place);
    }
  });
}

function slug(path: string): string {
  return path.replace(/\W+/g, '-');
}

/** A folder as an installed project has it, with an empty home. */
function layOut({ page, files }: Project): string {
  const place = join(folder, slug(page.path));
  const bin = join(place, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }\n');
  symlinkSync(root, join(place, 'node_modules/shoal'));
  symlinkSync(join(root, 'node_modules/@opentelemetry'), join(place, 'node_modules/@opentelemetry'));
  symlinkSync(join(root, 'dist/cli.js'), join(bin, 'shoal'));
  symlinkSync(join(root, 'node_modules/jiti/lib/jiti-cli.mjs'), join(bin, 'jiti'));
  // Commands of installed packages alone: what is missing is an error and no question to a registry.
  const npx = join(bin, 'npx');
  writeFileSync(npx, '#!/bin/sh\nexec "$@"\n');
  for (const file of [npx, join(root, 'dist/cli.js')]) chmodSync(file, 0o755);
  for (const [name, text] of files) writeFileSync(join(place, name), text);
  return place;
}

/** A pool that the page has started and, where it failed, not stopped. */
function endPools(place: string): void {
  const pools = join(place, '.shoal/pools');
  for (const name of existsSync(pools) ? readdirSync(pools) : []) {
    const { pid } = JSON.parse(readFileSync(join(pools, name), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGTERM');
  }
}

function runAll(project: Project, place: string): void {
  const path = [join(place, 'node_modules/.bin'), join(process.execPath, '..'), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, HOME: place, SHOAL_WINDOW: '8388608', NODE_OPTIONS: '' };
  for (const { at, commands, output } of project.runs) {
    const result = spawnSync('bash', ['-euo', 'pipefail', '-c', commands], {
      cwd: place,
      env,
      encoding: 'utf8',
      timeout: limitMs,
    });
    const { status, stdout, stderr, error } = result;
    assert.is(status, 0, `${at}: ${String(error ?? status)}\n${stdout}\n${stderr}`);
    if (output !== undefined) assertPrinted(at, stdout, output);
  }
}

/** `…` in a line of the page stands for any text there. */
function assertPrinted(at: string, stdout: string, output: string): void {
  const wanted = output.trimEnd().split('\n');
  const lines = stdout.trimEnd().split('\n');
  const fits = wanted.map((line, i) => {
    const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(lines[i] ?? '');
  });
  assert.ok(fits.every(Boolean) && lines.length === wanted.length, `${at}: printed\n${stdout}\nsays\n${output}`);
}

test.run();
