/** What this package is. */
import { readFileSync } from 'node:fs';
import { assetPath } from './asset.js';

/** Its version, as its package.json has it. */
export function packageVersion(): string {
  const text = readFileSync(assetPath('#package'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
