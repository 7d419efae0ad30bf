/** What a call reads or writes outside the window: an array, or several as one. */

/** Copies between the window and what is outside it. All return false where that has not so many bytes any more. */
export interface OutsideArray {
  /** Bytes that are left of it. */
  readonly bytesLeft: number;
  /** To memory of this rank's own. */
  into(address: number, offset: number, sizeBytes: number): boolean;
  /** To memory that other ranks read. */
  stage(address: number, offset: number, sizeBytes: number): boolean;
  outOf(address: number, offset: number, sizeBytes: number): boolean;
}
