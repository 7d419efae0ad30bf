/** The pages that the package carries, as its users read them: what they link to and show is in the package too. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('links of the packed pages');

/** Paths that `npm pack` puts into the tarball. */
function packedFiles(): string[] {
  const said = mustRun('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], root);
  const [{ files }] = JSON.parse(said) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

/** Links and pictures of a page that lead to files: their paths from the top of the package. */
function targetsOf(page: string): string[] {
  const prose = readFileSync(join(root, page), 'utf8').replace(/^ *```[^]*?^ *```$/gm, '');
  const inMarkdown = [...prose.matchAll(/\]\(<?([^)\s>]+)/g)];
  const inHtml = [...prose.matchAll(/\s(?:src|href)="([^"]+)"/g)];
  const named = [...prose.matchAll(/^\[[^\]]+\]: *(\S+)/gm)];
  return [...inMarkdown, ...inHtml, ...named]
    .map(([, target]) => target!.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
    .map((target) => normalize(join(dirname(page), target)).replace(/\/$/, ''));
}

/** What a package of these files lacks, by page. */
function lost(files: readonly string[], pages: readonly string[]): string[] {
  const all = new Set(files);
  for (const file of files) for (let path = dirname(file); path !== '.'; path = dirname(path)) all.add(path);
  return pages.flatMap((page) => targetsOf(page).flatMap((target) => (all.has(target) ? [] : [`${page}: ${target}`])));
}

test('each leads to what the package has; without its pictures some would not', () => {
  const files = packedFiles();
  const pages = files.filter((path) => path.endsWith('.md'));
  assert.ok(pages.length > 50 && pages.includes('README.md'), `${pages.length} pages`);
  assert.ok(pages.flatMap(targetsOf).length > 200, `${pages.flatMap(targetsOf).length} links`);
  assert.equal(lost(files, pages), []);
  const withoutPictures = files.filter((path) => !path.endsWith('.png'));
  assert.ok(lost(withoutPictures, pages).includes('docs/guide/dashboard.md: docs/figures/dashboard-phone.png'));
});

test.run();
