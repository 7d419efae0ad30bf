/** What is said of an operation in more than one place: all of it stands in its row. */

/** Options that all operations have. */
export const commonOptions = ['name', 'timeoutMs', 'signal'] as const;

/** One, or one for each rank. */
export type Blocks = 'one' | 'each';

/** All options. */
export type OptionName =
  | 'op'
  | 'dtype'
  | 'accumulate'
  | 'out'
  | 'root'
  | 'tag'
  | 'sendTag'
  | 'recvTag'
  | 'bytes'
  | BlockOptionName
  | (typeof commonOptions)[number];

/** Options of operations whose blocks have any length. */
export type BlockOptionName =
  'counts' | 'displacements' | 'sendCounts' | 'sendDisplacements' | 'recvCounts' | 'recvDisplacements';

/** The methods that it has. */
export function methodNames({ name, takes }: Operation): string[] {
  const isPreparable = takes !== 'class' && takes !== 'object';
  return isPreparable ? [name, `${name}Sync`, `${name}Init`] : [name, `${name}Sync`];
}

/** Names that a method has beside its own: as Ray spells it. */
export const aliases: Readonly<Record<string, string>> = {
  reducescatter: 'reduceScatter',
  reducescatterSync: 'reduceScatterSync',
  reducescatterInit: 'reduceScatterInit',
};

/** The row of an operation; its file also has the types of its methods. */
export interface Operation {
  /** The awaited method; `…Sync` and `…Init` are named after it. */
  readonly name: string;
  /** In descriptors; mirrors `Operation` of `wasm/src/layout.h`. */
  readonly number: number;
  /**
   * What comes before the options: nothing; a buffer; a buffer whose blocks have any length; the class and the count of
   * an array that is made; or any value. Calls with the last two cannot be prepared.
   */
  readonly takes: 'nothing' | 'buffer' | 'blocks' | 'class' | 'object';
  /** Whether the buffer may be a list of arrays; or a number, which then is the result too. */
  readonly takesList: boolean;
  readonly takesNumber: boolean;
  /** Whether it folds what the ranks bring. */
  readonly reduces: boolean;
  /** Blocks in what a rank brings: one, or one for each rank. The count of a call is that of a block. */
  readonly brings: Blocks;
  /** Blocks in what a rank gets. */
  readonly gets: Blocks;
  /** Where the result goes without `out`: into the buffer, into an array that is made, or nowhere: it must be given. */
  readonly withoutOut: 'buffer' | 'made' | 'refused';
  /** Whether all ranks get the same: then `out` may be an array that they share. */
  readonly givesSame: boolean;
  /** Whether the root alone has a result. */
  readonly isRooted: boolean;
  readonly options: readonly OptionName[];
  /** Whether a rank brings data into the call. */
  sends(rank: number, root: number): boolean;
  /** Whether a rank's buffer is written by the call. */
  receives(rank: number, root: number): boolean;
}
