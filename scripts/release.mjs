/**
 * `npm run release [-- --dry-run]`: check, build, pack, verify, and then publish and tag. With --dry-run it says what it
 * would publish and tag, and does neither.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildAddons, buildLibrary, installPackages } from './build.mjs';
import { npm, output, root, run, say, tool } from './command.mjs';
import { buildWasm } from './wasm.mjs';

/**
 * Why these facts make no release; empty: they do.
 *
 * @param facts.changes - What `git status --porcelain` prints.
 * @param facts.tags - Names of all tags.
 * @param facts.isDryRun - What is not yet dated is no reason.
 */
export function reasonsAgainst({ version, changelog, changes, tags, isDryRun }) {
  const reasons = [];
  if (changes !== '') reasons.push(`the tree is not clean:\n${changes}`);
  if (!/^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version)) reasons.push(`package.json has the version ${version}`);
  const [, heading, when] = /^## (\S+) \((.*)\)$/m.exec(changelog) ?? [];
  if (heading !== version) {
    reasons.push(`package.json has the version ${version}, and CHANGELOG.md begins with ${heading ?? 'none'}`);
  } else if (!/^\d{4}-\d{2}-\d{2}$/.test(when) && !(isDryRun && when === 'unreleased')) {
    reasons.push(`CHANGELOG.md has no date for ${version}: expected "## ${version} (YYYY-MM-DD)", found (${when})`);
  }
  if (tags.includes(`v${version}`)) reasons.push(`the tag v${version} is there already`);
  return reasons;
}

/** The commands that cannot be taken back, in their order. */
export function lastCommands(version, tarball) {
  const tag = `v${version}`;
  // A version with a hyphen is none that `npm install shoal` takes.
  const channel = version.includes('-') ? ['--tag', 'next'] : [];
  return [
    { label: `publish ${tarball}`, command: 'npm', args: ['publish', tarball, ...channel] },
    { label: `tag ${tag}`, command: 'git', args: ['tag', '--annotate', tag, '--message', tag] },
    { label: `push ${tag}`, command: 'git', args: ['push', 'origin', tag] },
  ];
}

function release(isDryRun) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const reasons = reasonsAgainst({
    version,
    changelog: readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
    changes: output('git', ['status', '--porcelain']) ?? 'git does not say',
    tags: (output('git', ['tag', '--list']) ?? '').split('\n'),
    isDryRun,
  });
  if (reasons.length > 0) stop(`release: no release of ${version}:\n${reasons.map((text) => `- ${text}`).join('\n')}`);
  installPackages();
  buildWasm();
  buildLibrary();
  buildAddons();
  npm('check types, style, layers and dead code', ['run', '--silent', 'check']);
  const folder = mkdtempSync(join(tmpdir(), 'shoal-release-'));
  try {
    const packed = npm('pack', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
    const [{ filename, entryCount, size, unpackedSize, integrity }] = JSON.parse(packed);
    const tarball = join(folder, filename);
    tool('verify the tarball with publint', 'publint/src/cli.js', [tarball, '--strict']);
    const types = [tarball, '--profile', 'esm-only', '--ignore-rules', 'false-esm', '--no-emoji'];
    tool('verify its types with attw', '@arethetypeswrong/cli/dist/index.js', types);
    const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
    say(
      `${filename}: ${entryCount} files, ${megabytes(size)} packed, ${megabytes(unpackedSize)} unpacked, ${integrity}`,
    );
    say(`commit ${output('git', ['rev-parse', 'HEAD'])}`);
    for (const { label, command, args } of lastCommands(version, tarball)) {
      if (isDryRun) say(`would ${label}: ${command} ${args.join(' ')}`);
      else run(label, command, args, { stdio: 'inherit' });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function stop(text) {
  say(text);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
    release(values['dry-run']);
  } catch (error) {
    if (error.code?.startsWith('ERR_PARSE_ARGS')) stop(`release: ${error.message}`);
    throw error;
  }
}
