/**
 * The name of a call as records carry it: whole where it fits, else its beginning and a hash of all of it. Of a call on
 * a list it begins with what the ranks compare of their lists.
 */
import { counted } from '../grammar.js';
import { createHash } from 'node:crypto';
import { nameBytes } from './descriptor.js';

/** What a record has of a name: two calls have the same name when both parts are equal. */
export interface CallName {
  /** At most `nameBytes` bytes. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole name in UTF-8; plus 2^32 where `bytes` end with a hash, plus 2^33 where they begin with a list. */
  readonly length: number;
}

/** What ranks compare of their lists. */
export interface ListShape {
  readonly arrays: number;
  /** Elements of all arrays. */
  readonly total: number;
  /** Of the dtypes and lengths of the arrays in their order: two words. */
  readonly hash: readonly [low: number, high: number];
}

/** A name, read back for errors. */
export interface NameText {
  /** One that is longer than its bytes says so, with its hash. */
  readonly name: string;
  /** Of a call on a list: its shape in words. */
  readonly list: string | undefined;
}

const hashed = 2 ** 32;
const listed = 2 ** 33;
/** 128 bits in base64. */
const hashChars = 22;
/** The count of arrays, the elements as two words, and the hash as two. */
const shapeWords = 5;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** No name. */
export const noName: CallName = { bytes: new Uint8Array(0), length: 0 };

/**
 * Encode a name. The hash is of its UTF-16 code units, so that lone surrogates, which UTF-8 cannot tell apart, count
 * too.
 *
 * @param list - Of a call on a list.
 */
export function encodeName(name: string, list?: ListShape): CallName {
  if (!list) return encodeWithin(name, nameBytes);
  const { arrays, total, hash } = list;
  const shape = Uint32Array.of(arrays, total >>> 0, Math.floor(total / 2 ** 32), ...hash);
  const { bytes, length } = encodeWithin(name, nameBytes - shape.byteLength);
  return { bytes: Buffer.concat([new Uint8Array(shape.buffer), bytes]), length: listed + length };
}

function encodeWithin(name: string, room: number): CallName {
  const whole = encoder.encode(name);
  if (whole.length <= room && !loneSurrogate.test(name)) return { bytes: whole, length: whole.length };
  const hash = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('base64url').slice(0, hashChars);
  const begin = whole.subarray(0, room - hashChars);
  const bytes = new Uint8Array(begin.length + hashChars);
  bytes.set(begin);
  bytes.set(encoder.encode(hash), begin.length);
  return { bytes, length: hashed + whole.length };
}

/** Read a name back; the field may lie in memory that others write. */
export function readName(field: Uint8Array, length: number): NameText {
  if (length < listed) return { name: nameText(field, length), list: undefined };
  const [arrays = 0, low = 0, high = 0, ...hash] = new Uint32Array(field.slice(0, 4 * shapeWords).buffer);
  const hashText = hash.map((word) => word.toString(16).padStart(8, '0')).join('');
  return {
    name: nameText(field.subarray(4 * shapeWords), length - listed),
    list: `${counted(arrays, 'array')} of ${counted(low + high * 2 ** 32, 'element')} in all, shapes ${hashText}`,
  };
}

function nameText(field: Uint8Array, length: number): string {
  if (length < hashed) return decoder.decode(field.slice(0, length));
  const sizeBytes = length - hashed;
  const beginBytes = Math.min(sizeBytes, field.length - hashChars);
  const begin = decoder.decode(field.slice(0, beginBytes));
  const hash = decoder.decode(field.slice(beginBytes, beginBytes + hashChars));
  return `${begin}… (${sizeBytes} bytes, hash ${hash})`;
}
