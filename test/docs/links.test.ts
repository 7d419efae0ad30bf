import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';
import { readPages } from './pages.js';

const test = suite('links of the pages');
const pages = readPages();

/** What a heading is called in a link. */
function anchorOf(heading: string): string {
  return heading
    .replace(/[`*]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

function anchorsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8').replace(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map((match) => match[1]!).flatMap((heading) => [anchorOf(heading)]);
}

/** Links to files of the repository, from prose: page, target and anchor. */
const links = pages.flatMap(({ path, text }) =>
  [...text.replace(/^```[^]*?^```$/gm, '').matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map((match) => ({
    path,
    target: match[1] === '' ? path : normalize(join(dirname(path), match[1]!)),
    anchor: match[2],
  })),
);

test('each leads to a file that is there', () => {
  assert.ok(links.length > 100, `${links.length} links`);
  const lost = links.filter(({ target }) => !existsSync(join(root, target)));
  assert.equal(lost, []);
});

test('each anchor is a heading of its page', () => {
  const withAnchor = links.filter(({ anchor, target }) => anchor !== undefined && target.endsWith('.md'));
  assert.ok(withAnchor.length >= 5, `${withAnchor.length} anchors`);
  const lost = withAnchor.filter(({ anchor, target }) => !anchorsOf(target).includes(anchor!));
  assert.equal(lost, []);
});

test.run();
