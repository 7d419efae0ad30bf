/** The name of a call as records carry it: whole where it fits, else its beginning and a hash of all of it. */
import { createHash } from 'node:crypto';
import { nameBytes } from './descriptor.js';

/** What a record has of a name: two calls have the same name when both parts are equal. */
export interface CallName {
  /** At most `nameBytes` bytes. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole name in UTF-8; plus 2^32 where `bytes` end with a hash. */
  readonly length: number;
}

const hashed = 2 ** 32;
/** 128 bits in base64. */
const hashChars = 22;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** No name. */
export const noName: CallName = { bytes: new Uint8Array(0), length: 0 };

/**
 * Encode a name. The hash is of its UTF-16 code units, so that lone surrogates, which UTF-8 cannot tell apart, count
 * too.
 */
export function encodeName(name: string): CallName {
  const whole = encoder.encode(name);
  if (whole.length <= nameBytes && !loneSurrogate.test(name)) return { bytes: whole, length: whole.length };
  const hash = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('base64url').slice(0, hashChars);
  const begin = whole.subarray(0, nameBytes - hashChars);
  const bytes = new Uint8Array(begin.length + hashChars);
  bytes.set(begin);
  bytes.set(encoder.encode(hash), begin.length);
  return { bytes, length: hashed + whole.length };
}

/** A name for errors: one that is longer says so, with its hash. */
export function nameText(field: Uint8Array, length: number): string {
  if (length < hashed) return decoder.decode(field.slice(0, length));
  const sizeBytes = length - hashed;
  const beginBytes = Math.min(sizeBytes, nameBytes - hashChars);
  const begin = decoder.decode(field.slice(0, beginBytes));
  const hash = decoder.decode(field.slice(beginBytes, beginBytes + hashChars));
  return `${begin}… (${sizeBytes} bytes, hash ${hash})`;
}
