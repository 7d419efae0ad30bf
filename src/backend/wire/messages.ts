/** The message calls that the wire stands on: MPI's, or those of its twin for tests. */

/** Messages between the ranks of one communicator, matched by source and tag in the order in which they were sent. */
export interface Messages {
  /** Start a send. The bytes stay where they are until `test` returns 1. */
  isend(bytes: Uint8Array, dest: number, tag: number): number;
  /** Start a receive; a negative source is any. The bytes belong to the call until `test` returns 1. */
  irecv(bytes: Uint8Array, source: number, tag: number): number;
  /** 1 once, when the request is complete; its number is then gone. Throws when the message failed, or is unknown. */
  test(request: number): 0 | 1;
  /** End a receive: `test` returns 1 afterwards, whether it was cancelled or had been matched before. */
  cancel(request: number): void;
}
