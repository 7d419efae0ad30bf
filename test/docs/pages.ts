/**
 * The pages that people read, and the blocks of code in them.
 *
 * A block whose first line is a comment with a file's name is that file. The other TypeScript blocks of a page are one
 * program, in their order: `main.ts`. A block `text output` is what the block before it prints. A block of shell
 * commands is run in the folder of the page's files, unless a second word says what it needs that is not there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/spawn.js';

/** A fenced block. */
export interface Block {
  /** `docs/guide/start.md:12`, its first line. */
  readonly at: string;
  readonly language: string;
  /** What follows the language. */
  readonly mark: string;
  readonly text: string;
}

/** A page: its path in the repository, its text and its blocks. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** What makes up a page's small project. */
export interface Project {
  readonly page: Page;
  /** Modules and scripts by name. `main.ts` is made of the blocks without a name. */
  readonly files: ReadonlyMap<string, string>;
  /** What is run, in order, with what it prints; undefined: the page does not say. */
  readonly runs: readonly Run[];
}

/** `main.ts`, or the commands of a block. */
export interface Run {
  readonly at: string;
  readonly commands: string;
  readonly output: string | undefined;
}

const code = ['ts', 'js'];
const nameLine = /^\/\/ ([\w.-]+\.(?:ts|js|mjs))\n/;
/** What a block needs that the tests do not have, by its second word. */
export const needs: Readonly<Record<string, string>> = {
  'needs-mpi': 'Open MPI or MPICH',
  'needs-hosts': 'several hosts',
  'needs-packages': 'packages from the registry',
  'needs-clone': 'a clone, whose scripts and examples have tests of their own',
};

/** All pages: those at the root, under docs/ but what is made for the site, and those of the examples. */
export function readPages(): Page[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('.vitepress') && !path.startsWith('reference/api/'))
    .map((path) => `docs/${path}`)
    .sort();
  const ofExamples = readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}/README.md`)
    .filter((path) => existsSync(join(root, path)));
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...inDocs, ...ofExamples].map(readPage);
}

function readPage(path: string): Page {
  const text = readFileSync(join(root, path), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*) ?(.*)\n([^]*?)^```$/gm)].map((match): Block => {
    const line = text.slice(0, match.index).split('\n').length;
    return { at: `${path}:${line}`, language: match[1]!, mark: match[2]!.trim(), text: match[3]! };
  });
  return { path, text, blocks };
}

/** Put a page's blocks together. @throws when a block is of a kind that the rules do not have. */
export function projectOf(page: Page): Project {
  const files = new Map<string, string>();
  const runs: { at: string; commands: string; output: string | undefined }[] = [];
  let main: { at: string; commands: string; output: string | undefined } | undefined;
  let last: typeof main;
  for (const { at, language, mark, text } of page.blocks) {
    const name = nameLine.exec(text)?.[1];
    if (code.includes(language) && name !== undefined) {
      if (files.has(name)) throw new Error(`${at}: the page has another ${name}`);
      files.set(name, text);
    } else if (code.includes(language)) {
      if (!main) runs.push((main = { at, commands: 'npx jiti main.ts\n', output: undefined }));
      files.set('main.ts', `${files.get('main.ts') ?? ''}${text}`);
      last = main;
    } else if (language === 'sh') {
      if (mark !== '' && !(mark in needs)) throw new Error(`${at}: no rule for ${mark}`);
      last = undefined;
      if (mark === '') runs.push((last = { at, commands: text, output: undefined }));
    } else if (mark === 'output') {
      if (!last) throw new Error(`${at}: nothing that is run comes before this output`);
      last.output = `${last.output ?? ''}${text}`;
    } else if (!['', 'text', 'json', 'mermaid'].includes(language)) {
      throw new Error(`${at}: no rule for a block of ${language}`);
    }
  }
  // Where a command of the page runs the program, it is not run by itself too.
  const byCommand = runs.some((run) => run !== main && run.commands.includes('main.ts'));
  return { page, files, runs: byCommand ? runs.filter((run) => run !== main) : runs };
}
