/** The examples of doc comments as modules, with what they take as given around them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/spawn.js';
import type { PublicName } from './public-names.js';

/** An example as a module. */
export interface ExampleModule {
  /** The entry and the name, such as `shoal: Pool.run`. */
  readonly title: string;
  /** Its own files, in a folder of their own, or one function beside the fixtures. */
  readonly files: ReadonlyMap<string, string>;
  /** File to run: a program, or a module whose default export is the example; undefined: it is no program. */
  readonly main: string | undefined;
  /** It is run by the ranks of a task, not by a driver. */
  readonly isTask: boolean;
}

const fixtures = join(root, 'test/fixtures/examples');
const fileLine = /^\/\/ ([\w-]+\.ts)\n/m;

/** Modules that examples call, by path. */
export function exampleFixtures(): ReadonlyMap<string, string> {
  const names = readdirSync(fixtures).filter((name) => name.endsWith('.ts'));
  return new Map(names.map((name) => [name, readFileSync(join(fixtures, name), 'utf8')]));
}

/** Each example once: members of several groups are the same. */
export function exampleModules(names: readonly PublicName[]): ExampleModule[] {
  const exported = new Map<string, string[]>();
  for (const { entry, name, kind } of names) {
    if (kind === 'export') exported.set(entry, [...(exported.get(entry) ?? []), name]);
  }
  const seen = new Set<string>();
  const all = names.flatMap(({ entry, name, examples }) =>
    examples.map((text) => ({ title: `${entry}: ${name}`, entry, text })),
  );
  return all
    .filter(({ text }) => !seen.has(text) && seen.add(text))
    .map(({ title, entry, text }, number) => {
      const folder = `example-${number}`;
      const isTask = entry === 'shoal/worker' || entry === 'shoal/ray';
      const parts = text.split(fileLine).slice(1);
      if (parts.length > 0) {
        const files = parts.flatMap((part, i) => (i % 2 === 0 ? [[`${folder}/${part}`, parts[i + 1]!] as const] : []));
        const main = files.map(([path]) => path).find((path) => path.endsWith('/main.ts'));
        return { title, files: new Map(files), main, isTask };
      }
      const main = `${folder}.ts`;
      return { title, files: new Map([[main, asFunction(text, entry, exported)]]), main, isTask };
    });
}

/** Its imports, those that it leaves out, what is given, and the rest of it as a function. */
function asFunction(text: string, entry: string, exported: ReadonlyMap<string, readonly string[]>): string {
  const imports = [...text.matchAll(/^import .*;\n/gm)].map(([line]) => line);
  const body = text.replace(/^import .*;\n/gm, '');
  const lines = givenFor(body, entry);
  const code = [...lines, body].join('\n');
  const uses = (name: string): boolean =>
    new RegExp(`(?<![.\\w])${name}\\b`).test(code) && !imports.some((line) => line.includes(name));
  const own = exported.get(entry)!.filter(uses);
  // Code of ranks may use what task code imports.
  const others =
    entry === 'shoal/ray' ? exported.get('shoal/worker')!.filter((name) => uses(name) && !own.includes(name)) : [];
  const implied = [importOf(own, entry), importOf(others, 'shoal/worker')];
  if (/\bshared\b/.test(code)) implied.push(`import { shared } from './shared.js';\n`);
  return `${[...implied, ...imports].join('')}
export default async function (): Promise<void> {
${lines.join('\n')}
{
${body}
}
}
`;
}

function importOf(names: readonly string[], from: string): string {
  return names.length === 0 ? '' : `import { ${names.join(', ')} } from '${from}';\n`;
}

/** Lines that declare names which the example uses and does not import, and those that these lines use. */
function givenFor(body: string, entry: string): string[] {
  const file = join(fixtures, 'given', `${entry.split('/').at(-1)!}.txt`);
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const wanted: string[] = [];
  let used = body;
  for (const line of lines.reverse()) {
    const [, name] = /(?:const|let|using) (\w+)/.exec(line)!;
    // Groups of `shoal/ray` are there unless the example makes them.
    const isGroup = line.includes('initCollectiveGroup(');
    if (isGroup ? body.includes('initCollectiveGroup(') : !new RegExp(`(?<![.\\w])${name!}\\b`).test(used)) continue;
    wanted.unshift(line);
    used += line;
  }
  return wanted;
}
