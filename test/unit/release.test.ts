import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';

interface Facts {
  readonly version: string;
  readonly changelog: string;
  readonly changes: string;
  readonly tags: readonly string[];
  readonly isDryRun: boolean;
}
interface Release {
  readonly reasonsAgainst: (facts: Facts) => string[];
  readonly lastCommands: (version: string, tarball: string) => { command: string; args: string[] }[];
}

const test = suite('release');
const script = join(root, 'scripts/release.mjs');
const { reasonsAgainst, lastCommands } = (await import(pathToFileURL(script).href)) as Release;
const good: Facts = {
  version: '1.2.3',
  changelog: '# Changelog\n\n## 1.2.3 (2026-11-27)\n\n## 1.2.2 (2026-10-01)\n',
  changes: '',
  tags: ['v1.2.2'],
  isDryRun: false,
};

test('a clean tree whose version is dated and has no tag can be released', () => {
  assert.equal(reasonsAgainst(good), []);
});

const refused: readonly [why: string, facts: Partial<Facts>, pattern: RegExp][] = [
  ['a changed tree', { changes: ' M src/index.ts' }, /not clean:\n M src\/index.ts/],
  ['a version that npm does not take', { version: '1.2', changelog: '## 1.2 (2026-11-27)' }, /has the version 1.2$/],
  ['another version in the changelog', { version: '1.2.4' }, /1.2.4, and CHANGELOG.md begins with 1.2.3/],
  ['a changelog without versions', { changelog: '# Changelog' }, /begins with none/],
  ['a version without a date', { changelog: '## 1.2.3 (unreleased)' }, /no date for 1.2.3.*\(unreleased\)/],
  ['a version that has its tag', { tags: ['v1.2.3'] }, /v1.2.3 is there already/],
];
for (const [why, facts, pattern] of refused) {
  test(`${why} is no release`, () => {
    const reasons = reasonsAgainst({ ...good, ...facts });
    assert.is(reasons.length, 1);
    assert.match(reasons[0] ?? '', pattern);
  });
}

test('a dry run wants no date', () => {
  const changelog = '## 1.2.3 (unreleased)';
  assert.equal(reasonsAgainst({ ...good, changelog, isDryRun: true }), []);
});

test('the package is published before its tag is set, and a version with a hyphen as next', () => {
  const lines = (version: string): string[] =>
    lastCommands(version, 'a.tgz').map(({ command, args }) => `${command} ${args.join(' ')}`);
  const tagged = (tag: string): string[] => [`git tag --annotate ${tag} --message ${tag}`, `git push origin ${tag}`];
  assert.equal(lines('1.2.3'), ['npm publish a.tgz', ...tagged('v1.2.3')]);
  assert.equal(lines('1.2.3-rc.1'), ['npm publish a.tgz --tag next', ...tagged('v1.2.3-rc.1')]);
});

test('the command refuses what it does not know', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--dryrun'], { encoding: 'utf8' });
  assert.is(status, 1);
  assert.match(stderr, /^release: Unknown option '--dryrun'/);
});

test.run();
