/**
 * Yarn's Plug'n'Play: a table says where packages are, and there is no node_modules. jiti reads folders, so what a file
 * of TypeScript imports is replaced by the path that the table has for it.
 */
import type { JitiOptions } from 'jiti';
import { createRequire } from 'node:module';
import { resolveImport } from '../modules/imports.js';
import { compile } from './babel.js';

/** What Yarn adds to `node:module` of the processes that it starts. */
interface Table {
  resolveRequest(specifier: string, file: string, options: { conditions: Set<string> }): string | null;
}

/** The parts of Babel's tree that are used here. */
interface Literal {
  type: string;
  value: string;
}
interface Node {
  readonly source?: Literal | null;
  readonly callee?: { readonly type: string };
  readonly arguments?: readonly Literal[];
}
type Visit = (path: { readonly node: Node }) => void;
interface Program {
  traverse(visitor: Readonly<Record<string, Visit>>): void;
}

const conditions: readonly string[] = ['node', 'import', 'module-sync'];

/** Options for jiti; undefined where there is no table for the file. */
export function plugNPlay(file: string): JitiOptions | undefined {
  // Not by an import: the build makes those of the names that Node itself has.
  const { findPnpApi } = createRequire(import.meta.url)('node:module') as {
    findPnpApi?: (file: string) => Table | null;
  };
  if (!findPnpApi?.(file)) return undefined;
  return {
    // A text may come to mean another path when packages change.
    fsCache: false,
    transform: (options) => {
      const { filename = file, babel } = options;
      const resolve = (specifier: string): string => resolveWith(findPnpApi(filename), specifier, filename);
      return compile({ ...options, babel: { ...babel, plugins: [replaceImports(resolve)] } });
    },
  };
}

/** Unchanged: what Node has built in, and what is not there, which its import will say. */
function resolveWith(table: Table | null, specifier: string, file: string): string {
  if (/^(\.\.?(\/|$)|\/|file:)/.test(specifier)) return resolveImport(file, specifier)[0] ?? specifier;
  try {
    return table?.resolveRequest(specifier, file, { conditions: new Set(conditions) }) ?? specifier;
  } catch {
    return specifier;
  }
}

/** A plugin for Babel, which sees a file before what jiti makes of its imports. */
function replaceImports(resolve: (specifier: string) => string): () => object {
  const replace = (literal: Literal | null | undefined): void => {
    if (literal?.type === 'StringLiteral') literal.value = resolve(literal.value);
  };
  const ofSource: Visit = ({ node }) => {
    replace(node.source);
  };
  const ofCall: Visit = ({ node }) => {
    if (node.callee?.type === 'Import') replace(node.arguments?.[0]);
  };
  const visitor = {
    ImportDeclaration: ofSource,
    ExportNamedDeclaration: ofSource,
    ExportAllDeclaration: ofSource,
    CallExpression: ofCall,
  };
  return () => ({
    visitor: {
      Program: (program: Program) => {
        program.traverse(visitor);
      },
    },
  });
}
