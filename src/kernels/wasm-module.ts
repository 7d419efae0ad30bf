/** The typed face of `wasm/shoal.wasm`; names and order mirror `wasm/src/exports.cpp`. */
import { readFileSync } from 'node:fs';
import { assetPath } from '../asset.js';

/** Exports of one instance. Addresses are offsets into linear memory: read them with `>>> 0`. */
export interface KernelExports {
  readonly __stack_pointer: WebAssembly.Global;
  shoal_layout(index: number): number;
  /** `sources`: address of k addresses. Returns 0 when there is no such kernel. */
  shoal_reduce(dtype: number, op: number, sources: number, k: number, target: number, count: number): number;
  /** Between two ranges of the window, which may overlap. */
  shoal_copy(target: number, source: number, bytes: number): void;
  shoal_may_arrive(block: number, staging: number): number;
  shoal_start(block: number, sequence: number, turns: number): number;
  shoal_advance(block: number, turns: number): number;
  shoal_fold_on(block: number, first: number): number;
  shoal_result_block(block: number, index: number): number;
  shoal_depart(block: number): void;
  shoal_refuse(block: number): void;
  shoal_finish(block: number): void;
  shoal_abort(block: number, reason: number): number;
  shoal_leave(block: number): number;
}

/** What `start`, `advance` and `leave` return; mirrors `Status` of `wasm/src/protocol.h`. */
export const Status = { pending: 0, complete: 1, mismatch: 2, ended: 3, aborted: 4, left: 5 } as const;
/**
 * Beside a status of `start` and `advance`: members to notify, and a result to copy out before `depart`. Of that result
 * `fold_on` folds the rest, part by part.
 */
export const flags = { notifies: 0x100, copiesOut: 0x200, foldsOn: 0x400 } as const;

/** Compile the module; once per process, since a compiled module can be sent to threads. */
export function compileKernels(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(assetPath('#wasm')));
}

/**
 * Make an instance over shared memory with a stack of its own.
 *
 * @param stackTop - Address one past the stack's end; the caller keeps the bytes below it free.
 */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  stackTop: number,
): KernelExports {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as KernelExports;
  exports.__stack_pointer.value = stackTop;
  return exports;
}
