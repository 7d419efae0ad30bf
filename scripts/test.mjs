/**
 * `npm test [-- --only suite,suite]`: set up, build, check the committed binary, run the tests.
 *
 * Where suites share the files of a folder, SHOAL_TEST_DRAW says which has which; it is drawn, and printed. Files of
 * suites that can run beside others run two at a time, and before the rest. One process per test file, or per folder
 * whose files run together, with a time limit. A file fails when it reports no tests, skipped tests or failed tests, or
 * exits with another code than 0. By itself uvu lets several of these pass. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { root, say, tool } from './command.mjs';
import { setup } from './setup.mjs';
import { filesUnder, once } from './stamps.mjs';
import { suites } from './suites.mjs';
import { checkCommittedWasm } from './wasm.mjs';

const fileLimitMs = 600_000;

const { values } = parseArgs({ options: { only: { type: 'string' }, yes: { type: 'boolean', default: false } } });
const all = Object.keys(suites);
const usual = all.filter((name) => !suites[name].byName);
const chosen = values.only === undefined ? usual : values.only.split(',').map((name) => name.trim());
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0 || chosen.length === 0) {
  say(`test: no suite named ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(1);
}
await setup(chosen, values.yes);
once('tests', ['src', 'examples', 'test', 'tsconfig.json', 'package-lock.json'], 'test/.build/src/index.js', () => {
  const args = ['--config', 'test/support/tsup.config.ts', '--silent'];
  tool('compile the tests', 'tsup/dist/cli-default.js', args);
});

const draw = Number(process.env.SHOAL_TEST_DRAW ?? Math.floor(Math.random() * 60));
say(`draw ${draw}`);
const total = { passed: 0, failed: 0 };
if (chosen.includes('wasm')) tally('committed shoal.wasm is what its sources give', checkCommittedWasm());
const runs = chosen.flatMap((name) => {
  const { folders, together, parts, env, beside } = suites[name];
  const files = folders.flatMap((folder) => testFiles(folder, parts?.[folder]));
  if (files.length === 0) tally(`${name}: no test files under ${folders.join(', ')}`, false);
  if (together !== undefined) files.push(together);
  return files.map((file) => ({ name, file, env, beside }));
});
await runAll(
  runs.filter(({ beside }) => beside),
  2,
);
await runAll(
  runs.filter(({ beside }) => !beside),
  1,
);
const left = all.filter((name) => !chosen.includes(name));
if (left.length > 0) say(`Left out: ${left.join(', ')}`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed === 0 ? 0 : 1);

function testFiles(folder, part) {
  const files = filesUnder(folder).filter((file) => file.endsWith('.test.ts'));
  if (!part) return files;
  return files.filter((_, index) => (index + draw) % part.of === part.index);
}

function tally(label, passed) {
  total[passed ? 'passed' : 'failed']++;
  say(`${passed ? '✓' : '✗'} ${label}`);
}

/** Run test files in their order, so many at a time. */
async function runAll(queue, lanes) {
  const runNext = async () => {
    for (let run = queue.shift(); run; run = queue.shift()) await runFile(run.name, run.file, run.env);
  };
  await Promise.all(Array.from({ length: lanes }, runNext));
}

async function runFile(suite, file, env) {
  const compiled = join(root, 'test/.build', file.replace(/\.ts$/, '.js'));
  const args = file.endsWith('.ts') ? [compiled] : [join(root, 'test/.build/test/support/together.js'), compiled];
  if (!existsSync(compiled)) {
    tally(`${suite} ${file}: was not compiled`, false);
    return;
  }
  const begun = performance.now();
  const { text, code, late } = await spawnTest(args, env);
  const count = (word) => Number(new RegExp(`${word}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
  const [tests, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
  const good = code === 0 && tests > 0 && passed === tests && skipped === 0;
  total.passed += passed;
  if (!good) total.failed += Math.max(1, tests - passed);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(`${good ? '✓' : '✗'} ${suite} ${file}: ${passed} of ${tests} in ${seconds} s`);
  if (good) return;
  const why = late ? `ended after ${fileLimitMs / 1000} s` : `exit code ${code}, ${skipped} skipped`;
  say(`  ${why}\n${text.replace(/^/gm, '  ')}`);
}

function spawnTest(args, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => (text += stripVTControlCharacters(chunk)));
    }
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, fileLimitMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ text, code, late });
    });
  });
}
