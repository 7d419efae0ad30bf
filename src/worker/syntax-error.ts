/** Errors of syntax with the place they are at: where Node and jiti say it, it is not in the message. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isError } from '../show.js';
import { SourceFiles } from '../modules/module-graph.js';
import { createLoader } from './typescript-loader.js';

interface Place {
  readonly file: string;
  readonly line: number;
  /** From 1; undefined: not known. */
  readonly column: number | undefined;
}

/** Says where a text stops being a program; undefined: nowhere. */
type Parse = (file: string) => Place | undefined;

/**
 * The error of a module that cannot be loaded: one of syntax names its file, line and column.
 *
 * Everything else comes back as it is, also a SyntaxError that the module's own code has thrown.
 */
export function withPlace(error: unknown, url: string): unknown {
  if (!isError(error)) return error;
  const byJiti = /^ParseError: (.*?)\s*\n\s*(\/.*):(\d+):(\d+)$/s.exec(error.message);
  if (byJiti) {
    const [, what = '', file = '', line, column] = byJiti;
    return placed(error, what, { file, line: Number(line), column: Number(column) + 1 });
  }
  if (!(error instanceof SyntaxError)) return error;
  const { message, stack = '' } = error;
  const place = placeOnTop(stack);
  if (place) return placed(error, message, place);
  if (!isOfLoader(stack)) return error;
  const json = /^(\/.*?\.json): (.*)$/s.exec(message);
  if (json) {
    const [, file = '', what = ''] = json;
    return placed(error, what, placeInJson(file));
  }
  // Node keeps the place of an error in an ES module to itself.
  const parse = parser();
  const files = new SourceFiles().graph(url)?.files ?? [];
  for (const { path } of files) {
    const found = path.endsWith('.json') ? undefined : parse(path);
    if (found) return placed(error, message, found);
  }
  return new SyntaxError(`${message} (in ${fileURLToPath(url)}, or in a file that it imports)`, { cause: error });
}

/** As Node begins the stack: `file:///x.mjs:3`, the line, and a mark below it. */
function placeOnTop(stack: string): Place | undefined {
  const [first = '', , mark = ''] = stack.split('\n');
  const [, where = '', line] = /^((?:file:\/)?\/.*):(\d+)$/.exec(first) ?? [];
  if (line === undefined) return undefined;
  const column = mark.indexOf('^') + 1;
  return {
    file: where.startsWith('file:') ? fileURLToPath(where) : where,
    line: Number(line),
    column: column === 0 ? undefined : column,
  };
}

/** Whether the loader itself has thrown it, and no code that it has run. */
function isOfLoader(stack: string): boolean {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return (
    /^\s+at (compileSourceTextModule|parse|JSON\.parse|.*\(node:internal)/.test(frames[0] ?? '') &&
    frames.slice(1, 3).every((line) => line.includes('node:internal'))
  );
}

/** jiti holds the parser that knows TypeScript too. */
function parser(): Parse {
  const jiti = createLoader({ fsCache: false });
  return (file) => {
    const text = jiti.transform({ source: readFileSync(file, 'utf8'), filename: file, async: true });
    const found = /^exports\.__JITI_ERROR__ = (\{.*\})/.exec(text)?.[1];
    if (found === undefined) return undefined;
    const { line, column } = JSON.parse(found) as { line: number; column: number };
    return { file, line, column: column + 1 };
  };
}

/** Where a text stops being JSON: behind its longest beginning that could go on. */
function placeInJson(file: string): Place {
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  let good = 0;
  for (let bad = text.length + 1; bad - good > 1;) {
    const middle = (good + bad) >> 1;
    if (couldGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  const before = text.slice(0, good).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function couldGoOn(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as Error;
    return message.includes('end of JSON input') || new RegExp(`at position ${text.length}\\b`).test(message);
  }
}

function placed(cause: Error, what: string, { file, line, column }: Place): SyntaxError {
  const where = `${file}:${line}${column === undefined ? '' : `:${column}`}`;
  const error = new SyntaxError(`${where}: ${what}`, { cause });
  // Its own stack would name this file.
  error.stack = `${error.name}: ${error.message}\n    at ${where}`;
  return error;
}
