import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cases } from '../conformance/tasks/case.js';
import { root } from '../support/spawn.js';

const test = suite('docs/conformance.md');
const page = readFileSync(join(root, 'docs/conformance.md'), 'utf8');

const files = readdirSync(join(root, 'test/conformance'))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.test.ts'.length));

/** Names of cases by file. */
const cases = new Map<string, readonly string[]>();
for (const file of files) {
  const tasks = (await import(`../conformance/tasks/${file}.js`)) as { cases: Cases };
  cases.set(file, Object.keys(tasks.cases));
}

/** Tests that the page names, as file and case; a file of `*` is any that has the case. */
const named = [...page.matchAll(/`(\*|[a-z-]+): ([^`]+)`/g)].map((match) => [match[1]!, match[2]!] as const);

test('each case that the page names is one of the file', () => {
  assert.ok(named.length > 100, `${named.length} names found`);
  const missing = named.filter(([file, name]) => {
    const lists = file === '*' ? [...cases.values()] : [cases.get(file) ?? []];
    return !lists.some((list) => list.includes(name));
  });
  assert.equal(missing, []);
});

test('the page names each case', () => {
  const isNamed = (file: string, name: string): boolean =>
    named.some(([in_, each]) => each === name && (in_ === '*' || in_ === file));
  const unnamed = [...cases].flatMap(([file, list]) =>
    list.filter((name) => !isNamed(file, name)).map((name) => `${file}: ${name}`),
  );
  assert.equal(unnamed, []);
});

test('the table of files is that of the folder', () => {
  const table = page.split('## The files\n')[1]!.split('\n## ')[0]!;
  const listed = [...table.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]!);
  assert.equal([...listed].sort(), [...files].sort());
});

test('files elsewhere that the page names exist', () => {
  const paths = [...page.matchAll(/`(test\/(?!conformance\/|mpi\/)[^`]+\.ts)`/g)].map((match) => match[1]!);
  assert.ok(paths.length > 0);
  assert.equal(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test.run();
