/** Which messages a receive or a probe is for. */
import type { MessageHead } from '../../backend/carrier.js';

/** A source and a tag; undefined: any. */
export class Pattern {
  readonly source: number | undefined;
  readonly tag: number | undefined;

  constructor(source: number | undefined, tag: number | undefined) {
    this.source = source;
    this.tag = tag;
  }

  fits({ source, tag }: MessageHead): boolean {
    // Tags below 0 are of calls of our own, such as those that make a group.
    const isTag = this.tag === undefined ? tag >= 0 : this.tag === tag;
    return isTag && (this.source === undefined || this.source === source);
  }

  get text(): string {
    return `source ${this.source ?? 'any'}${tagText(this.tag)}`;
  }
}

/** Tags below 0 are of calls of our own, which say themselves what they are. */
export function tagText(tag: number | undefined): string {
  return tag !== undefined && tag < 0 ? '' : `, tag ${tag ?? 'any'}`;
}
