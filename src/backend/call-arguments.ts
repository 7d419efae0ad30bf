/** The checked arguments of a call: everything is filled, nothing is optional where it need not be. */
import type { ArrayParts } from '../operands/array-parts.js';
import type { Packing } from '../operands/strides.js';
import type { CallName } from '../operations/call-name.js';
import type { SharedPlace } from '../operations/descriptor.js';
import type { Operation } from '../operations/operation.js';
import type { TypedArray } from '../types/buffers.js';
import type { RaggedBlocks } from './ragged-blocks.js';

/** One rank's call of one collective. */
export interface CallArguments {
  readonly operation: Operation;
  readonly dtype: number;
  readonly op: number;
  readonly root: number;
  /** Elements of a block. */
  readonly count: number;
  /** Blocks in what a rank brings, one or one for each rank; and in what it gets. */
  readonly blocksIn: number;
  readonly blocksOut: number;
  readonly itemBytes: number;
  readonly name: CallName;
  /** Set where blocks have any length; then `count` is that of the longest stream. */
  readonly ragged?: RaggedBlocks | undefined;
  /** What this rank brings; undefined when it brings nothing. */
  readonly input: TypedArray | undefined;
  /** What the call writes; undefined when it writes nothing here. */
  readonly output: TypedArray | undefined;
  /** What this rank brings, and what the call writes, where that is several arrays as one. */
  readonly inputParts?: ArrayParts | undefined;
  readonly outputParts?: ArrayParts | undefined;
  /** Arrays of lists, none of which may be node-shared. */
  readonly inLists?: readonly TypedArray[] | undefined;
  /** Set when the result goes to a node-shared array. */
  readonly shared: SharedPlace | undefined;
  /** Set when `input` is a packed copy, to be filled at each start. */
  readonly packedInput: Packing | undefined;
  /** Set when `output` is a packed copy, to be put back where it belongs. */
  readonly packedOutput: Packing | undefined;
  /** The caller's memory that the call uses, that of the result last: nobody else may until it ends. */
  readonly memory: readonly TypedArray[];
  /** What the caller gets back: `out` where it was given, else the buffer, or the array that was made. */
  readonly result: unknown;
  /** Infinity means no limit. */
  readonly timeoutMs: number;
}
