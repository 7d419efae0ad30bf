/** The forms of an allreduce that bench/collectives.ts times. A new form is one more entry of `forms`. */
import type { Collective } from 'shoal/worker';

/** One form over arrays of its own. */
export interface PreparedForm {
  /** What this rank gives to a call. */
  readonly input: Float32Array;
  /** Where the sum is after a call; `input` where the call works in place. */
  readonly result: Float32Array;
  /** Make so many calls, as a user's loop would. */
  readonly loop: (calls: number) => void | Promise<void>;
  /** Give the arrays back. */
  readonly free: () => void;
}

/** Make the arrays and the loop of a form. Collective: every rank prepares the same forms in the same order. */
type Prepare = (own: Collective, count: number) => PreparedForm;

const windowSync: Prepare = (own, count) => {
  const x = own.empty(Float32Array, count);
  const loop = (calls: number): void => {
    for (let i = 0; i < calls; i++) own.allreduceSync(x, { op: 'sum' });
  };
  return { input: x, result: x, loop, free: () => own.free(x) };
};

const startSync: Prepare = (own, count) => {
  const x = own.empty(Float32Array, count);
  const sum = own.allreduceInit(x, { op: 'sum' });
  const loop = (calls: number): void => {
    for (let i = 0; i < calls; i++) sum.startSync();
  };
  const free = (): void => {
    sum.free();
    own.free(x);
  };
  return { input: x, result: x, loop, free };
};

const plainSync: Prepare = (own, count) => {
  const x = new Float32Array(count);
  const loop = (calls: number): void => {
    for (let i = 0; i < calls; i++) own.allreduceSync(x, { op: 'sum' });
  };
  return { input: x, result: x, loop, free: () => undefined };
};

const windowAwaited: Prepare = (own, count) => {
  const x = own.empty(Float32Array, count);
  const loop = async (calls: number): Promise<void> => {
    for (let i = 0; i < calls; i++) await own.allreduce(x, { op: 'sum' });
  };
  return { input: x, result: x, loop, free: () => own.free(x) };
};

const outShared: Prepare = (own, count) => {
  const [x, out] = [own.empty(Float32Array, count), own.emptySharedSync(Float32Array, count)];
  const sum = own.allreduceInit(x, { op: 'sum', out });
  const loop = (calls: number): void => {
    for (let i = 0; i < calls; i++) sum.startSync();
  };
  const free = (): void => {
    sum.free();
    own.free(x);
    own.free(out);
  };
  return { input: x, result: out, loop, free };
};

/** Every form, by its name. */
export const forms: ReadonlyMap<string, Prepare> = new Map([
  ['startSync', startSync],
  ['out shared', outShared],
  ['window Sync', windowSync],
  ['window await', windowAwaited],
  ['plain Sync', plainSync],
]);
