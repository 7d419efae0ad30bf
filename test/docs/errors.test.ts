import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as shoal from 'shoal';
import { errorClasses } from '../../src/errors.js';
import { root } from '../support/spawn.js';

const test = suite('docs/reference/errors.md');
const page = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8');
const sections = page.split(/^## /m).slice(1);

test('each code has one section, which is its anchor, and the page has no others', () => {
  const titles = sections.map((text) => text.split('\n')[0]!);
  assert.equal([...titles].sort(), errorClasses.map(({ code }) => code).sort());
});

test('each section names the class, a cause and a cure', () => {
  for (const { name, code } of errorClasses) {
    const section = sections.find((text) => text.startsWith(`${code}\n`))!;
    for (const part of [`\`${name}\``, '**Cause.**', '**Cure.**']) assert.match(section, part, `${code}: ${part}`);
  }
});

test('each class is exported, for instanceof', () => {
  for (const { name } of errorClasses) assert.ok(name in shoal, name);
});

test.run();
