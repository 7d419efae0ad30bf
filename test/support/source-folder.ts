/** A folder of source files that a test writes, and edits. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Made at once; `remove` it at the end. */
export class SourceFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'sources-'));

  /** Write a file, anew if it is there; returns its path. */
  readonly file = (name: string, text: string): string => {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
