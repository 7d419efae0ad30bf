import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';

const test = suite('texts that the pages quote');

/** All texts of the sources, with what is filled in as `…`, and without the seams of texts that go over lines. */
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
  .join('\n')
  .replace(/['"`] \+\s+['"`]/g, '')
  .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…');

for (const path of ['docs/limits.md', 'docs/troubleshooting.md']) {
  const page = readFileSync(join(root, path), 'utf8');
  const quoted = [...page.matchAll(/^> (.*)$/gm)].map((match) => match[1]!.replaceAll('\\`', '`'));

  test(`${path}: the sources have each quoted text`, () => {
    assert.ok(quoted.length >= 5, `${quoted.length} texts`);
    assert.equal(
      quoted.filter((text) => !sources.includes(text)),
      [],
    );
  });
}

test.run();
