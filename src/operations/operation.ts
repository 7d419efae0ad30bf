/** What the engine must know of an operation: who brings data and who takes some away. */

/** One operation over a node window; the kernels do the moving (`wasm/src/plan.cpp`). */
export interface Algorithm {
  readonly name: 'barrier' | 'broadcast' | 'allreduce';
  /** Number in the records; mirrors `Operation` of `wasm/src/layout.h`. */
  readonly operation: number;
  /** Whether a rank brings data into the call. */
  sends(rank: number, root: number): boolean;
  /** Whether a rank's buffer is written by the call. */
  receives(rank: number, root: number): boolean;
}
