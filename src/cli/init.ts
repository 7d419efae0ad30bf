/** `shoal init`: a project that runs, with a driver, a task and a test. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { assetPath } from '../asset.js';
import { InvalidArgumentError } from '../errors.js';
import { makeFolders } from '../native/make-folders.js';
import { packageVersion } from '../version.js';
import type { OwnPackage } from './own-package.js';
import { ownPackage } from './own-package.js';

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
      const own = ownPackage();
      const files = writeProject(resolve(folder), js ? 'js' : 'ts', own);
      process.stdout.write(json ? `${JSON.stringify({ folder: resolve(folder), files })}\n` : say(folder, files, own));
    });
}

/** Write the files of a template; returns their names. @throws {@link InvalidArgumentError} when one is there. */
function writeProject(folder: string, language: 'js' | 'ts', own: OwnPackage): string[] {
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
    try {
      makeFolders(dirname(target));
      writeFileSync(target, name === 'package.json' ? manifestOf(content, folder, own) : content, { flag: 'wx' });
    } catch (cause) {
      throw new InvalidArgumentError(
        `init: ${folder} cannot be written: ${(cause as Error).message}; name a folder that can: shoal init <folder>`,
        { folder },
        { cause },
      );
    }
  }
  return targets;
}

/** npm would leave a .gitignore out of the package. */
function targetOf(name: string): string {
  return name === 'gitignore' ? '.gitignore' : name;
}

/** package.json with the folder's name, as npm allows it, and this package. */
function manifestOf(template: string, folder: string, { dependency }: OwnPackage): string {
  const manifest = JSON.parse(template) as { name: string; dependencies: Record<string, string> };
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  if (name !== '' && name !== 'shoal') manifest.name = name;
  manifest.dependencies['shoal'] = dependency;
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function say(folder: string, files: readonly string[], { isFound }: OwnPackage): string {
  const next = [...(folder === '.' ? [] : [`cd ${quoted(folder)}`]), 'npm install', 'npm start', 'npm test'];
  const hint =
    `\nif npm install does not find shoal ${packageVersion()}, first: ` +
    `npm install <path of shoal-${packageVersion()}.tgz>, which npm pack makes\n`;
  return `wrote ${files.join(', ')}\n\nnext:\n${next.map((line) => `  ${line}\n`).join('')}${isFound ? '' : hint}`;
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
