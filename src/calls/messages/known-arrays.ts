/** Typed arrays that messages were sent from or received into before: what was checked of them still holds. */
import { ArrayMemory } from '../../operands/array-memory.js';
import type { MemoryRange } from '../../operands/buffers-in-use.js';
import { rangesOf } from '../../operands/buffers-in-use.js';
import { checkDtype } from '../../operands/numeric.js';
import type { Operand } from '../../operands/operand.js';
import { readOperand } from '../../operands/operand.js';
import type { TaskArrays } from '../../operands/task-arrays.js';
import { NotedMessage } from '../../records/recorder.js';
import { dtypeId, itemBytes } from '../../types/dtype.js';
import { isFixed } from '../steady-buffers.js';

interface Known {
  readonly operand: Operand;
  readonly sizeBytes: number;
  /** How often arrays had been freed. */
  readonly frees: number;
  /** It was received into, so it may be written. */
  isTarget: boolean;
  /** Made when it is used again. */
  ready: ReadyArray | undefined;
}

/** An array whose memory is as it was. */
export interface ReadyArray {
  readonly memory: ArrayMemory;
  readonly ranges: readonly MemoryRange[];
  /** Number of the dtype that its class stands for, and bytes of an element. */
  readonly dtype: number;
  readonly itemBytes: number;
  /** Where its messages are noted. */
  readonly sent: NotedMessage;
  readonly received: NotedMessage;
}

/** Owned by the message calls of a group. */
export class KnownArrays {
  readonly #arrays: TaskArrays;
  readonly #known = new WeakMap<object, Known>();

  constructor(arrays: TaskArrays) {
    this.#arrays = arrays;
  }

  /** Read a buffer. @throws {@link InvalidArgumentError} */
  read(what: string, buffer: unknown): Operand {
    const known = this.#find(buffer);
    if (known) return known.operand;
    const operand = readOperand(what, 'buffer', buffer, this.#arrays);
    const sizeBytes = operand.array.byteLength;
    // An array without bytes does not show that it was detached.
    if (ArrayBuffer.isView(buffer) && sizeBytes > 0 && isFixed(operand.array.buffer)) {
      const { frees } = this.#arrays;
      this.#known.set(buffer, { operand, sizeBytes, frees, isTarget: false, ready: undefined });
    }
    return operand;
  }

  /** It may be received into. */
  noteTarget(buffer: unknown): void {
    const known = this.#find(buffer);
    if (known) known.isTarget = true;
  }

  /** An array that was sent before, to be sent again; undefined: it has to be read. */
  source(buffer: unknown): ReadyArray | undefined {
    const known = this.#find(buffer);
    return known && (known.ready ?? prepare(known));
  }

  /** An array that was received into before. */
  target(buffer: unknown): ReadyArray | undefined {
    const known = this.#find(buffer);
    return known?.isTarget === true ? (known.ready ?? prepare(known)) : undefined;
  }

  /** A typed array of fixed length that was read before is as it was, unless its memory is gone. */
  #find(buffer: unknown): Known | undefined {
    const known = ArrayBuffer.isView(buffer) ? this.#known.get(buffer) : undefined;
    if (known?.frees !== this.#arrays.frees) return undefined;
    const { ready, operand, sizeBytes } = known;
    // That is read in a tenth of the time of `byteLength`.
    const isThere = ready ? ready.memory.isThere : operand.array.byteLength === sizeBytes;
    return isThere ? known : undefined;
  }
}

function prepare(known: Known): ReadyArray {
  const { operand } = known;
  const dtype = checkDtype('buffer', operand, undefined);
  const memory = new ArrayMemory(operand.array);
  const ranges = rangesOf([operand.memory]);
  const notes = { sent: new NotedMessage(), received: new NotedMessage() };
  return (known.ready = { memory, ranges, dtype: dtypeId(dtype), itemBytes: itemBytes[dtype], ...notes });
}
