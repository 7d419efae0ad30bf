/** What this package is. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Its version, as its package.json has it. */
export function packageVersion(): string {
  const text = readFileSync(fileURLToPath(import.meta.resolve('#package')), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
