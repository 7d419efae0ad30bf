/** The compiler over modules that lie in memory alone, beside the package's own files. */
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../support/spawn.js';

const shared: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  skipLibCheck: true,
  noEmit: true,
  allowImportingTsExtensions: true,
};
/** As the compiler of a careful project; JavaScript is held against the types that can be told. */
const strict: ts.CompilerOptions = { ...shared, strict: true, noUncheckedIndexedAccess: true };
const script: ts.CompilerOptions = { ...shared, allowJs: true, checkJs: true };

/** What it says of these files: paths below the repository's root, and texts. */
export function complaints(files: ReadonlyMap<string, string>): string[] {
  const all = [...files].map(([path, text]) => [join(root, path), text] as const);
  return [
    ...check(new Map(all.filter(([path]) => path.endsWith('.ts'))), strict),
    ...check(new Map(all.filter(([path]) => !path.endsWith('.ts'))), script),
  ];
}

function check(texts: ReadonlyMap<string, string>, options: ts.CompilerOptions): string[] {
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => texts.has(path) || disk.fileExists(path),
    readFile: (path) => texts.get(path) ?? disk.readFile(path),
    directoryExists: (path) =>
      [...texts.keys()].some((each) => each.startsWith(`${path}/`)) || disk.directoryExists?.(path) === true,
    getSourceFile: (path, language) => {
      const text = texts.get(path);
      return text === undefined ? disk.getSourceFile(path, language) : ts.createSourceFile(path, text, language);
    },
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    const where = file?.fileName.slice(root.length) ?? '';
    return `${where}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
