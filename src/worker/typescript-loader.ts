/** jiti, which loads TypeScript on every version of Node, as the threads of a pool use it. */
import type { Jiti, JitiOptions, TransformOptions } from 'jiti';
import { createRequire } from 'node:module';
import { compile, hasCompiler } from './babel.js';
import { compiledFolder } from './compiled-folder.js';
import { inTurn, sleep } from './in-turn.js';

/** What one that has the compiler needs from a file to the next. */
const headStartMs = 2;

type CreateJiti = (file: string, options?: JitiOptions) => Jiti;
const require = createRequire(import.meta.url);
/** This thread had what it needed from one that has the compiler. */
let follows = false;

/** A loader. The threads that want a file that nobody has compiled leave it to one of them. */
export function createLoader(options: JitiOptions = {}): Jiti {
  // Not by an import: Node would parse it a second time, for the names that it exports.
  const { createJiti } = require('jiti') as { createJiti: CreateJiti };
  const single = createJiti(import.meta.url, { transform: compile, ...options });
  const folder = compiledFolder();
  // The others get it from jiti's cache of files.
  if (options.transform || folder === undefined || !single.options.fsCache) return single;
  const transform = (given: TransformOptions): { code: string } => {
    if (follows && !hasCompiler()) sleep(headStartMs);
    const { value: code, waited } = inTurn(folder, `${given.filename}\n${given.source}`, () => single.transform(given));
    follows ||= waited;
    return { code };
  };
  return createJiti(import.meta.url, { transform, ...options });
}
