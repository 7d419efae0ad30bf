/** What a test shares. */
export interface SharedData {
  readonly x: Float64Array;
  readonly y: Int32Array;
  readonly nested: { readonly labels: readonly string[]; readonly arrays: readonly Uint8Array[] };
}
