/** A probe of one rank: it says which message comes next, and leaves it where it is. */
import type { Incoming, Waiting } from '../../backend/carrier.js';
import type { MemoryRange } from '../../operands/buffers-in-use.js';
import { objectId } from '../../types/dtype.js';
import { countOf, kindOf } from './message-content.js';
import type { Pattern } from './message-pattern.js';
import { MessageRequest } from './message-request.js';

/** See above. */
export class Probe extends MessageRequest {
  readonly pattern: Pattern;
  readonly ranges: readonly MemoryRange[] = [];
  protected readonly kind = 'probe';
  protected readonly dtype: number = objectId;
  protected readonly sizeBytes = 0;

  constructor(what: string, timeoutMs: number, pattern: Pattern) {
    super(what, timeoutMs);
    this.pattern = pattern;
  }

  get waiting(): Waiting {
    return { kind: 'recv', peer: this.pattern.source, tag: this.pattern.tag, lacksRoom: false };
  }

  get text(): string {
    return `${this.what}(${this.pattern.text})`;
  }

  /** A message that fits has come. */
  see({ source, tag, dtype, sizeBytes }: Incoming): void {
    this.result = { source, tag, dtype: kindOf(dtype), count: countOf(dtype, sizeBytes) };
    this.settle(undefined);
  }
}
