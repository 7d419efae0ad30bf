import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('site');

test('it builds: a link that leads nowhere would end the build', () => {
  mustRun(process.execPath, ['scripts/docs.mjs', '--pages'], root);
  for (const page of [
    'index',
    'guide/start',
    'reference/errors',
    'concepts/scheduling',
    'api',
    'decisions/19-priorities',
  ]) {
    assert.ok(existsSync(join(root, `docs/.vitepress/dist/${page}.html`)), page);
  }
});

test.run();
