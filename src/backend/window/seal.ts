/** What nobody writes once a window is made: the first bytes of its memory and its header, kept to compare with. */
import type { WindowLayout } from './layout.js';
import { canaryBytes, identityBytes, sealedBytes } from './layout.js';

/** No number that programs write often is like this, and neither do zeros. */
const canaryByte = 0xc5;

/** Copies of what a window began with; cheap to send. */
export interface Seal {
  /** From byte 0: bytes that nobody uses, where a view of the whole memory begins, then the kernels' constants. */
  readonly low: Uint8Array;
  /** What says which window it is. */
  readonly identity: Uint8Array;
}

/** Fill what nobody uses, so that any write there shows. */
export function writeCanary(bytes: Uint8Array): void {
  bytes.fill(canaryByte, 0, canaryBytes);
}

/** Copy what is never to change; once all of it is written. */
function takeSeal(bytes: Uint8Array, { header }: WindowLayout): Seal {
  return { low: bytes.slice(0, sealedBytes), identity: bytes.slice(header, header + identityBytes) };
}

/** Compares a window with its seal. */
export class SealCheck {
  readonly seal: Seal;
  readonly #parts: readonly (readonly [where: string, now: Uint8Array, then: Uint8Array])[];

  /** @param seal - Left out: what is there now. */
  constructor(bytes: Uint8Array, layout: WindowLayout, seal: Seal = takeSeal(bytes, layout)) {
    const { header } = layout;
    this.seal = seal;
    this.#parts = [
      ['the first bytes of its memory', bytes.subarray(0, sealedBytes), seal.low],
      ['its header', bytes.subarray(header, header + identityBytes), seal.identity],
    ];
  }

  /** What somebody has written to; undefined: nothing. */
  broken(): string | undefined {
    return this.#parts.find(([, now, then]) => Buffer.compare(now, then) !== 0)?.[0];
  }
}
