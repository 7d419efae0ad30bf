import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as ray from 'shoal/ray';
import { collective } from 'shoal/worker';
import { root } from '../support/spawn.js';

const test = suite('docs/coming-from.md');
const page = readFileSync(join(root, 'docs/coming-from.md'), 'utf8');
const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1]!);

/** What the compiler says of modules that lie in the memory alone, beside the package's own files. */
function compile(modules: readonly string[]): string[] {
  const texts = new Map(modules.map((text, i) => [join(root, `coming-from-${i}.ts`), text]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => texts.has(path) || disk.fileExists(path),
    getSourceFile: (path, language) => {
      const text = texts.get(path);
      return text === undefined ? disk.getSourceFile(path, language) : ts.createSourceFile(path, text, language);
    },
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}

test('each block compiles, and a wrong one would not', () => {
  assert.ok(blocks.length >= 5, `${blocks.length} blocks`);
  assert.equal(compile(blocks), []);
  const wrong = `import { collective } from 'shoal/worker';\nawait collective.allreduce('text');\n`;
  assert.is(compile([wrong]).length, 1);
});

test('each method and function that the tables name exists', () => {
  const methods = [...page.matchAll(/collective\.([a-zA-Z]+)/g)].map((match) => match[1]!);
  assert.ok(methods.length > 40, `${methods.length} names`);
  assert.equal(
    methods.filter((name) => !(name in collective)),
    [],
  );
  const ofRay = Object.keys(ray).filter((name) => name !== 'ReduceOp');
  assert.equal(
    ofRay.filter((name) => !page.includes(name)),
    [],
  );
});

test.run();
