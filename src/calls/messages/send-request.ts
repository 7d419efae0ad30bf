/** A send of one rank: a message that goes to another, or to itself. */
import type { Outgoing, Waiting } from '../../backend/carrier.js';
import type { MemoryRange } from '../../operands/buffers-in-use.js';
import { rangesOf } from '../../operands/buffers-in-use.js';
import type { Operand } from '../../operands/operand.js';
import type { MessageKind } from '../../records/record-layout.js';
import { objectId } from '../../types/dtype.js';
import { tagText } from './message-pattern.js';
import { MessageRequest } from './message-request.js';

/** A message to another rank. */
export class Send extends MessageRequest {
  readonly dest: number;
  readonly tag: number;
  /** Its number. */
  readonly dtype: number;
  readonly operand: Operand;
  readonly ranges: readonly MemoryRange[];
  /** Set before it starts, when the message is on its way already. */
  outgoing: Outgoing | undefined;

  constructor(what: string, timeoutMs: number, operand: Operand, dest: number, tag: number, dtype: number) {
    super(what, timeoutMs);
    this.operand = operand;
    this.dest = dest;
    this.tag = tag;
    this.dtype = dtype;
    this.ranges = rangesOf([operand.memory]);
  }

  get waiting(): Waiting {
    return { kind: 'send', peer: this.dest, tag: this.tag, lacksRoom: false };
  }

  get text(): string {
    return this.partOf ?? `${this.what}(dest ${this.dest}${tagText(this.tag)})`;
  }

  protected get kind(): MessageKind {
    if (this.tag < 0) return 'group';
    return this.dtype === objectId ? 'sendObject' : 'send';
  }

  protected get sizeBytes(): number {
    return this.operand.array.byteLength;
  }
}
