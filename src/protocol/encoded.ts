/**
 * Arguments and results on their way: plain ones as text, all others as `encodeValue` makes them. Text needs no memory
 * of its own in a message to a thread, and neither a table nor MessagePack.
 */
import { types } from 'node:util';
import { ProtocolError } from '../errors.js';
import type { DecodeOptions } from './decode-nodes.js';
import type { Refer } from './encode-nodes.js';
import { bytes, either } from './shape.js';
import type { Shape } from './shape.js';
import { decodeValue, encodeValue } from './values.js';

/** Bytes of `encodeValue`, or text: JSON of a scalar or of a flat list of scalars, empty for undefined. */
export type Encoded = Uint8Array | string;

/** Longest text, in UTF-16 code units. What is longer goes as bytes. */
const longestText = 256;
/** Longest list that is searched. */
const longestList = 16;

/** Taken before any user code runs. */
const { parse, stringify } = JSON;

/** What comes as arguments or a result. */
export const encodedShape: Shape = either((value) => typeof value === 'string' && value.length <= longestText, bytes);

/**
 * Encode arguments or a result.
 *
 * @param path - How error messages call the value, such as `args`.
 * @param refer - Told of references; default: they are refused.
 * @throws {@link NotSerializableError} with the path of the first part that cannot be copied.
 */
export function encode(value: unknown, path: string, refer?: Refer): Encoded {
  const text = plainText(value);
  return text !== undefined && text.length <= longestText ? text : encodeValue(value, path, undefined, refer);
}

/** Decode what `encode` made. @throws {@link ProtocolError} when it is truncated or damaged. */
export function decode(encoded: Encoded, options?: DecodeOptions): unknown {
  if (typeof encoded !== 'string') return decodeValue(encoded, options);
  if (encoded === '') return undefined;
  let value: unknown;
  try {
    value = parse(encoded);
  } catch (cause) {
    throw new ProtocolError('the text of a value between driver and task is damaged', {}, { cause });
  }
  if (isScalar(value) || (Array.isArray(value) && value.every(isScalar))) return value;
  throw new ProtocolError('the text of a value between driver and task holds more than a flat list');
}

/** The text of a value; undefined: it is not plain, or its text would say something else. */
function plainText(value: unknown): string | undefined {
  if (value === undefined) return '';
  if (!Array.isArray(value)) return scalarText(value);
  if (value.length > longestList || types.isProxy(value)) return undefined;
  let text = '[';
  for (let i = 0; i < value.length; i++) {
    const element = scalarText((value as readonly unknown[])[i]);
    if (element === undefined) return undefined;
    text += i === 0 ? element : `,${element}`;
  }
  return `${text}]`;
}

/** JSON escapes lone surrogates, so that every string comes back as it was. */
function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length <= longestText ? stringify(value) : undefined;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? `${value}` : undefined;
  return value === null || typeof value === 'boolean' ? String(value) : undefined;
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
