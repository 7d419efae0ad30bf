/**
 * A message call with nobody, beyond the border of a grid: nothing is sent, nothing comes, and it has ended at once.
 *
 * Source: MPI-4.1, section 3.10 (MPI_PROC_NULL).
 */
import type { Waiting } from '../../backend/carrier.js';
import type { MemoryRange } from '../../operands/buffers-in-use.js';
import { rangesOf } from '../../operands/buffers-in-use.js';
import type { NotReceived } from '../../operations/message-options.js';
import { objectId } from '../../types/dtype.js';
import { MessageRequest } from './message-request.js';
import type { Target } from './receive-request.js';

/** See above. It is never started. */
export class NullRequest extends MessageRequest {
  readonly ranges: readonly MemoryRange[];
  protected readonly kind = 'probe';
  protected readonly dtype: number = objectId;
  protected readonly sizeBytes = 0;
  override settled = true;

  /** @param result - What the caller gets. */
  constructor(what: string, timeoutMs: number, ranges: readonly MemoryRange[], result: unknown) {
    super(what, timeoutMs);
    this.ranges = ranges;
    this.result = result;
  }

  get waiting(): Waiting {
    return { kind: 'recv', peer: undefined, tag: undefined, lacksRoom: false };
  }

  get text(): string {
    return `${this.what}(nobody)`;
  }
}

/** A receive from nobody: its array stays as it is. */
export function notReceived(what: string, timeoutMs: number, { operand, data, make }: Target): NullRequest {
  const given = operand ? data : make(0).data;
  const result: NotReceived<unknown> = { data: given, source: undefined, tag: undefined, count: 0 };
  return new NullRequest(what, timeoutMs, operand ? rangesOf([operand.memory]) : [], result);
}
