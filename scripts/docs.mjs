/**
 * `npm run docs`: build the site of docs/ into docs/.vitepress/dist.
 *
 * Types and doc comments of the public entries become pages in docs/reference/api first. Git ignores both folders.
 * `--pages` leaves these out, and only checks and builds what is written by hand.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, say, tool } from './command.mjs';

const unknown = process.argv.slice(2).filter((arg) => arg !== '--pages');
if (unknown.length > 0) {
  say(`docs: unknown argument ${unknown.join(' ')}; it takes --pages`);
  process.exit(1);
}
const api = join(root, 'docs/reference/api');
rmSync(api, { recursive: true, force: true });
if (!process.argv.includes('--pages')) tool('make pages of the doc comments', 'typedoc/bin/typedoc', []);
tool('build the site', 'vitepress/bin/vitepress.js', ['build', 'docs']);
say(`The site is in docs/.vitepress/dist`);
