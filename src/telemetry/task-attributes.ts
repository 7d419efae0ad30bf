/** What spans say of the function that a task calls. */
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ActorStep, TaskSource } from '../protocol/thread-messages.js';

interface Called {
  readonly source: TaskSource;
  readonly actor?: ActorStep | undefined;
}

/** A name that is the same for all tasks of the function, such as `train`, `Model.step` and, of a default export, its file. */
export function labelOf({ source, actor }: Called): string {
  const { url, exportName } = source;
  const name = exportName === 'default' ? basename(url, extname(url)) : exportName;
  if (!actor) return name;
  return actor.does === 'make' ? `new ${name}` : `${name}.${actor.method ?? 'dispose'}`;
}

/**
 * Where it is, by the semantic conventions.
 *
 * @see OpenTelemetry semantic conventions 1.30, "Source code attributes"
 */
export function codeAttributes({ source, actor }: Called): Readonly<Record<string, string>> {
  const { url, exportName } = source;
  return {
    'code.function.name': actor?.method ? `${exportName}.${actor.method}` : exportName,
    'code.file.path': fileURLToPath(url),
  };
}
