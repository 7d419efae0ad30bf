/** Headers that OpenTelemetry's propagators send with a task, such as `traceparent`. They come from the user's code. */
import type { Shape } from './shape.js';

/** By name. */
export type Carrier = Readonly<Record<string, string>>;

/** Of one task; the characters are those of all names and values. W3C allows 8,192 for baggage. */
const mostHeaders = 16;
const mostCharacters = 12_288;

/** What HTTP takes for a name. */
const namePattern = /^[\w!#$%&'*+.^`|~-]{1,256}$/;

/** Headers of bounded number and length. */
export const carrierShape: Shape = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= mostHeaders && entries.every(isHeader) && sizeOf(entries) <= mostCharacters;
};

/** Those of some headers that are ones, as many as may be sent; undefined: none. */
export function boundedCarrier(headers: object): Carrier | undefined {
  const taken: [string, string][] = [];
  for (const header of Object.entries(headers)) {
    if (taken.length === mostHeaders) break;
    if (isHeader(header) && sizeOf([...taken, header]) <= mostCharacters) taken.push(header);
  }
  return taken.length === 0 ? undefined : Object.fromEntries(taken);
}

/** Characters that a task holds for them. */
export function carrierSize(carrier: Carrier | undefined): number {
  return carrier ? sizeOf(Object.entries(carrier)) : 0;
}

function isHeader(entry: [string, unknown]): entry is [string, string] {
  const [name, value] = entry;
  return namePattern.test(name) && typeof value === 'string';
}

function sizeOf(headers: readonly (readonly [string, string])[]): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
