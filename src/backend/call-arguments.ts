/** A validated call: everything is filled, nothing is optional. */
import type { Algorithm } from '../operations/index.js';
import type { TypedArray } from '../types/buffers.js';
import type { CallName } from './call-name.js';
import type { PackedCopy } from '../operands/strides.js';

/** One rank's call of one collective. */
export interface CallArguments {
  readonly algorithm: Algorithm;
  readonly dtype: number;
  readonly op: number;
  readonly root: number;
  /** Elements. */
  readonly count: number;
  readonly itemBytes: number;
  readonly name: CallName;
  /** What this rank brings; undefined when it brings nothing. */
  readonly input: TypedArray | undefined;
  /** What the call writes; undefined when it writes nothing here. */
  readonly output: TypedArray | undefined;
  /** Set when `output` is a packed copy, to be put back where it belongs. */
  readonly packed: PackedCopy | undefined;
  /** The caller's memory that the call uses, that of the result last: nobody else may until it ends. */
  readonly memory: readonly TypedArray[];
  /** What the caller gets back: `out` where it was given, else the buffer. */
  readonly result: unknown;
  /** Infinity means no limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}
