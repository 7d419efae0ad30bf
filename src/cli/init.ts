/** `shoal init`: a project that runs, with a driver, a task and a test. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { assetPath } from '../asset.js';
import { InvalidArgumentError } from '../errors.js';
import { packageVersion } from '../version.js';

interface Flags {
  js?: boolean;
  json?: boolean;
}

/** The command. */
export function initCommand(): Command {
  return new Command('init')
    .summary('make a project that runs: driver, task, test')
    .description('Write a project with a driver, a task and a test, in TypeScript. No file is written over.')
    .argument('[folder]', 'where', '.')
    .option('--js', 'in JavaScript, without a compiler')
    .option('--json', 'print one JSON object: folder and files')
    .action((folder: string, { js = false, json = false }: Flags) => {
      const files = writeProject(resolve(folder), js ? 'js' : 'ts');
      process.stdout.write(json ? `${JSON.stringify({ folder: resolve(folder), files })}\n` : say(folder, files));
    });
}

/** Write the files of a template; returns their names. @throws {@link InvalidArgumentError} when one is there. */
function writeProject(folder: string, language: 'js' | 'ts'): string[] {
  const template = join(assetPath('#templates'), language);
  const files = readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(template, join(entry.parentPath, entry.name)))
    .sort();
  const targets = files.map(targetOf);
  const there = targets.filter((name) => existsSync(join(folder, name)));
  if (there.length > 0) {
    throw new InvalidArgumentError(
      `init: ${folder} has ${there.join(', ')} already, and nothing was written; name an empty folder: shoal init <folder>`,
    );
  }
  for (const name of files) {
    const content = readFileSync(join(template, name), 'utf8');
    const target = join(folder, targetOf(name));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, name === 'package.json' ? manifestOf(content, folder) : content, { flag: 'wx' });
  }
  return targets;
}

/** npm would leave a .gitignore out of the package. */
function targetOf(name: string): string {
  return name === 'gitignore' ? '.gitignore' : name;
}

/** package.json with the folder's name, as npm allows it, and this version of the package. */
function manifestOf(template: string, folder: string): string {
  const manifest = JSON.parse(template) as { name: string; dependencies: Record<string, string> };
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  if (name !== '' && name !== 'shoal') manifest.name = name;
  manifest.dependencies['shoal'] = `^${packageVersion()}`;
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function say(folder: string, files: readonly string[]): string {
  const next = [...(folder === '.' ? [] : [`cd ${folder}`]), 'npm install', 'npm start', 'npm test'];
  return `wrote ${files.join(', ')}\n\nnext:\n${next.map((line) => `  ${line}\n`).join('')}`;
}
