import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pack } from '../support/installed-project.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('shoal init');
const folder = mkdtempSync(join(tmpdir(), 'shoal-init-'));
let tarball = '';
test.before(() => {
  tarball = pack(folder);
});
test.after(() => rmSync(folder, { recursive: true }));

const init = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(root, 'dist/cli.js'), 'init', ...args], { cwd: folder, encoding: 'utf8' });

/** As npm would, with this package in place of the published one. */
function installAll(project: string): void {
  const manifest = join(project, 'package.json');
  const text = readFileSync(manifest, 'utf8');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.match(text, `"shoal": "^${version}"`);
  writeFileSync(manifest, text.replace(`"^${version}"`, JSON.stringify(`file:${tarball}`)));
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  mustRun('npm', ['install', ...flags], project);
}

for (const language of ['ts', 'js']) {
  test(`a new project runs and passes its test, ${language}`, () => {
    const name = `My ${language} project`;
    const { status, stdout, stderr } = init(name, ...(language === 'js' ? ['--js'] : []));
    assert.is(status, 0, stderr);
    assert.match(
      stdout,
      `next:\n  cd '${name}'\n  npm install\n  npm start\n  npm test\n\nif npm install does not find`,
    );
    const project = join(folder, name);
    assert.ok(existsSync(join(project, '.gitignore')));
    assert.match(readFileSync(join(project, 'package.json'), 'utf8'), `"name": "my-${language}-project"`);
    installAll(project);
    const out = mustRun('npm', ['start', '--silent'], project);
    assert.is(out, 'mean 499999.5, standard deviation 288675.1\n');
    assert.match(mustRun('npm', ['test', '--silent'], project), /pass 3$/m);
    // The command of a package that came from a tarball names that.
    const said = mustRun(join(project, 'node_modules/.bin/shoal'), ['init', 'next'], project);
    assert.not.match(said, 'does not find');
    assert.match(readFileSync(join(project, 'next/package.json'), 'utf8'), `"shoal": "file:${tarball}"`);
  });
}

test('nothing is written over', () => {
  const project = join(folder, 'taken');
  assert.is(init('taken', '--js', '--json').status, 0);
  rmSync(join(project, 'main.js'));
  const before = readdirSync(project);
  const { status, stderr } = init('taken', '--js');
  assert.is(status, 2);
  assert.match(stderr, /taken has \.gitignore, package\.json, statistics\.js, .* already, and nothing was written/);
  assert.equal(readdirSync(project), before);
});

test('a folder that cannot be made is refused in one line', () => {
  writeFileSync(join(folder, 'file'), '');
  for (const [where, why] of [
    ['file', 'EEXIST'],
    ['file/x/y', 'ENOTDIR'],
    ['/proc/foo', 'ENOENT'],
    ['/proc/foo/bar', 'ENOENT'],
  ] as const) {
    const { status, stdout, stderr } = init(where);
    assert.equal([status, stdout], [2, ''], stderr);
    assert.match(stderr, new RegExp(`init: .* cannot be written: ${why}.*; name a folder that can: .*\\n$`));
  }
});

test('--json says what was written', () => {
  const { stdout } = init('listed', '--json');
  const { folder: where, files } = JSON.parse(stdout) as { folder: string; files: string[] };
  assert.is(where, join(folder, 'listed'));
  assert.ok(files.includes('src/main.ts') && files.includes('.gitignore'));
  assert.ok(files.every((name) => existsSync(join(where, name))));
});

test.run();
