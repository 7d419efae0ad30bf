/** What the package's declarations say of its public names: summaries and examples, as an editor shows them. */
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../support/spawn.js';

/** What has a comment of its own. */
export interface PublicName {
  /** The entry that exports it, such as `shoal/worker`. */
  readonly entry: string;
  /** Such as `Pool` or `Pool.run`. */
  readonly name: string;
  readonly kind: 'export' | 'method' | 'property';
  readonly summary: string;
  /** Code of its `@example`s. */
  readonly examples: readonly string[];
}

const entries = { shoal: 'index', 'shoal/worker': 'worker', 'shoal/ray': 'ray', 'shoal/testing': 'testing' };

/** Every exported name of the built package, and every member of those that are classes or interfaces. */
export function publicNames(): PublicName[] {
  const files = Object.entries(entries).map(([entry, name]) => [entry, join(root, `dist/${name}.d.ts`)] as const);
  const program = ts.createProgram(
    files.map(([, file]) => file),
    { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: ['node'] },
  );
  const checker = program.getTypeChecker();
  return files.flatMap(([entry, file]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = (exported.flags & ts.SymbolFlags.Alias) === 0 ? exported : checker.getAliasedSymbol(exported);
      const told = [{ entry, name: exported.name, kind: 'export' as const, ...said(symbol, checker) }];
      return [
        ...told,
        ...members(symbol, checker).map((each) => ({ ...each, entry, name: `${exported.name}.${each.name}` })),
      ];
    });
  });
}

/** Members that the package declares itself, inherited ones too; what Node's classes have is told elsewhere. */
function members(symbol: ts.Symbol, checker: ts.TypeChecker): Omit<PublicName, 'entry'>[] {
  if ((symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) === 0) return [];
  const properties = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  return properties
    .filter(({ declarations = [] }) => declarations.some((each) => isOurs(each) && !isHidden(each)))
    .filter(({ name }) => name !== '#private' && !name.includes('#private') && !name.includes('toStringTag'))
    .map((property) => ({
      name: property.name.startsWith('__@') ? `[Symbol.${property.name.split('@')[1]!}]` : property.name,
      kind: (property.flags & ts.SymbolFlags.Method) === 0 ? 'property' : 'method',
      ...said(property, checker),
    }));
}

function isOurs(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.startsWith(join(root, 'dist/'));
}

function isHidden(declaration: ts.Declaration): boolean {
  return (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
}

function said(symbol: ts.Symbol, checker: ts.TypeChecker): Pick<PublicName, 'summary' | 'examples'> {
  const summary = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const examples = symbol
    .getJsDocTags(checker)
    .filter(({ name }) => name === 'example')
    .map(({ text }) => ts.displayPartsToString(text));
  return { summary, examples };
}
