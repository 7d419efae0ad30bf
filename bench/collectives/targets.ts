/** What the forms of an allreduce are to reach with 2 ranks on 2 cores, by band of sizes. */

/** Limits of a band, in bytes, both inside. */
export interface Band {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What a form is to reach in a band. Absent: nothing. */
export interface Target {
  /** Times as fast as `MPI_Allreduce` of Open MPI. */
  readonly toC?: number;
  /** Part of the roofline's speed. */
  readonly toRoofline?: number;
  /** At most so many microseconds more than `window Sync`. */
  readonly extraUs?: number;
}

/** The bands, small to large. */
export const bands: readonly Band[] = [
  { name: '8 B–2 KiB', from: 8, to: 2_048 },
  { name: '8–64 KiB', from: 8_192, to: 65_536 },
  { name: '128 KiB–8 MiB', from: 131_072, to: 8_388_608 },
  { name: '16–64 MiB', from: 16_777_216, to: 67_108_864 },
];

const large = [
  { toC: 4, toRoofline: 0.8 },
  { toC: 7, toRoofline: 0.8 },
];

/** Targets of each form, one per band. */
export const targets: Readonly<Record<string, readonly Target[]>> = {
  startSync: [{ toC: 1.5 }, { toC: 4 }, ...large],
  'window Sync': [{ toC: 1.2 }, { toC: 4 }, ...large],
  'plain Sync': [{ toC: 0.8 }, { toC: 2 }, { toC: 1.5 }, { toC: 3 }],
  'window await': [{ extraUs: 1.5 }, { toC: 2 }, { toC: 3.5 }, { toC: 6 }],
  'out shared': [{}, { toC: 4 }, { toRoofline: 1 }, { toRoofline: 1 }],
};
