/** Every public name says what it is and shows its use, and what it shows compiles and runs. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';
import { complaints } from './compile.js';
import { exampleFixtures, exampleModules } from './example-modules.js';
import { publicNames } from './public-names.js';

const test = suite('examples of public names');
const names = publicNames();
const examples = exampleModules(names);
const fixtures = exampleFixtures();
const limitMs = 120_000;

/** Programs that need more than this test has: a change here is a change of what is left out. */
const notRun: Readonly<Record<string, string>> = { 'shoal: connect': 'a pool that runs by itself' };

/** Methods whose example is that of another one. */
const twin = /^(Blocking twin of|Prepare a call of|Another name of|`\w+\(.*\)` at the end of)/;

test('every exported name, method and property has a summary', () => {
  assert.ok(names.length > 500, `${names.length} names`);
  assert.equal(
    names.filter(({ summary }) => summary === '').map(({ entry, name }) => `${entry}: ${name}`),
    [],
  );
});

test('every exported name and every method has an example', () => {
  const without = names.filter(({ kind, summary, examples }) => {
    return kind !== 'property' && examples.length === 0 && !twin.test(summary);
  });
  assert.equal(
    without.map(({ entry, name }) => `${entry}: ${name}`),
    [],
  );
});

test('every example compiles, and a wrong one would not', () => {
  const files = [...fixtures, ...examples.flatMap(({ files }) => [...files])];
  const titles = new Map(examples.flatMap(({ title, files }) => [...files.keys()].map((path) => [path, title])));
  const said = complaints(new Map(files.map(([path, text]) => [`examples-of-names/${path}`, text])));
  const named = said.map((text) => `${titles.get(text.split(/[:/]/).slice(1, 2).join('')) ?? ''} ${text}`);
  assert.equal(named, []);
  const wrong = `import { launch } from 'shoal';\nawait launch({ workers: '2' });\n`;
  assert.is(complaints(new Map([['wrong/main.ts', wrong]])).length, 1);
});

test('every example runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-examples-'));
  try {
    layOut(folder);
    const listed = examples
      .filter(({ title, main }) => main !== undefined && !(title in notRun))
      .map(({ title, main, isTask }) => ({ title, main: main!.replace(/ts$/, 'js'), isTask }));
    assert.ok(listed.length > 150, `${listed.length} examples`);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['run.js', JSON.stringify(listed)], {
      cwd: folder,
      encoding: 'utf8',
      timeout: limitMs,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const failed = stdout.split('\n').filter((line) => line.startsWith('FAILED'));
    assert.is(status, 0, `${failed.join('\n')}\n${stderr.slice(-4000)}`);
    assert.equal(failed, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Everything compiled, in a folder as an installed project has it. */
function layOut(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@petamoriken'), { recursive: true });
  for (const name of ['shoal', '@petamoriken/float16']) {
    symlinkSync(name === 'shoal' ? root : join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const [path, text] of [...fixtures, ...examples.flatMap(({ files }) => [...files])]) {
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
    const { outputText } = ts.transpileModule(text, { compilerOptions });
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path.replace(/ts$/, 'js')), outputText);
  }
}

test.run();
