/** What is said of a message call in more than one place. */
import type { OptionName } from './operation.js';

/** The row of a message call; its file also has the types of its methods. */
export interface MessageOperation {
  /** The awaited method; `…Sync` is named after it. */
  readonly name: string;
  readonly options: readonly OptionName[];
}

/** The methods that it has. */
export function messageMethodNames({ name }: MessageOperation): string[] {
  return [name, `${name}Sync`];
}
