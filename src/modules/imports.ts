/** What a file of source imports, as its text says: without its modules being loaded or parsed. */
import { statSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname, extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `from '…'`, `import '…'`, `import('…')`, `require('…')`. A pattern and no parser: the text may be TypeScript, or have
 * errors of syntax. What only resembles an import, as in a comment, costs no more than a check of a file.
 */
const importPattern = /\b(?:from|import|require)\s{0,99}(?:\(\s{0,99})?(["'`])((?:(?!\1)[^\\\n$]){1,999})\1/g;
const extensions = ['.ts', '.mts', '.cts', '.tsx', '.jsx', '.js', '.mjs', '.cjs', '.json'];
/** What TypeScript names by what it compiles to. */
const compiledFrom: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};
const builtins = new Set(builtinModules);

/** What a text imports, without what Node has built in and this package; each once, in order. */
export function importsOf(text: string): readonly string[] {
  const found = new Set<string>();
  for (const [, , specifier = ''] of text.matchAll(importPattern)) {
    if (specifier.startsWith('node:') || builtins.has(specifier) || /^shoal(\/|$)/.test(specifier)) continue;
    found.add(specifier);
  }
  return [...found];
}

/**
 * The files that an import may mean. It is all of them where a loader has to choose, as between `./x.js` and the
 * `./x.ts` that it is compiled from. Empty: none that is there, or one of `node_modules`.
 */
export function resolveImport(file: string, specifier: string): readonly string[] {
  const path = pathOf(file, specifier);
  if (path === undefined) return ownPackage(file, specifier);
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const candidates = [
    path,
    ...(compiledFrom[extension] ?? []).map((other) => stem + other),
    ...extensions.map((each) => path + each),
  ];
  const found = candidates.filter(isSource);
  return found.length > 0 ? found : extensions.map((each) => join(path, `index${each}`)).filter(isSource);
}

/** Of a package: others edit those. */
export function isInstalled(path: string): boolean {
  return path.split(sep).includes('node_modules');
}

function pathOf(file: string, specifier: string): string | undefined {
  if (/^\.\.?(\/|$)/.test(specifier)) return join(dirname(file), specifier.replace(/[?#].*$/, ''));
  if (specifier.startsWith('/')) return specifier;
  if (!specifier.startsWith('file:///')) return undefined;
  try {
    return fileURLToPath(specifier);
  } catch {
    return undefined; // no URL of a file of this host
  }
}

/** `#name`, or a package that is linked to a folder of the project. */
function ownPackage(file: string, specifier: string): readonly string[] {
  try {
    const found = createRequire(file).resolve(specifier);
    return isSource(found) ? [found] : [];
  } catch {
    return []; // not there, or not for `require`
  }
}

function isSource(path: string): boolean {
  return extensions.includes(extname(path)) && !isInstalled(path) && (statSync(path, quietly)?.isFile() ?? false);
}

const quietly = { throwIfNoEntry: false } as const;
