/** What fields of messages have to be, as small checks that are put together. */

import { types } from 'node:util';

/** Whether a value is what the field is to be. */
export type Shape = (value: unknown) => boolean;

/** Shapes of the messages of one direction, by their types. */
export type Shapes<M extends { readonly type: string }> = Readonly<Record<M['type'], Shape>>;

/** Text. */
export const text: Shape = (value) => typeof value === 'string';
/** True or false. */
export const flag: Shape = (value) => typeof value === 'boolean';
/** Encoded values, tokens … */
export const bytes: Shape = (value) => types.isUint8Array(value);
/** A number that is one; no limit is an infinite one. */
export const number: Shape = (value) => typeof value === 'number' && !Number.isNaN(value);
/** An integer that a double holds exactly. */
export const integer: Shape = (value) => Number.isSafeInteger(value);
/** An integer from 0. */
export const count: Shape = (value) => integer(value) && (value as number) >= 0;
/** An integer from 1. */
export const positive: Shape = (value) => integer(value) && (value as number) > 0;
/** Undefined or null, which a frame does not tell apart in a list, or that. */
export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || value === null || shape(value);
/** One of these. */
export const oneOf =
  (...values: readonly unknown[]): Shape =>
  (value) =>
    values.includes(value);
/** That or that. */
export const either =
  (...shapes: readonly Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value));
/** A list of these. */
export const list =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);
/** An object with these fields, and perhaps others. */
export const fields = (shapes: Readonly<Record<string, Shape>>): Shape => {
  const entries = Object.entries(shapes);
  return (value) =>
    isObject(value) && entries.every(([name, shape]) => shape(Object.hasOwn(value, name) ? value[name] : undefined));
};
/** An object whose own fields are all of a shape. */
export const dictionary =
  (shape: Shape): Shape =>
  (value) =>
    isObject(value) && Object.values(value).every(shape);
/** A message without fields. */
export const bare: Shape = () => true;

/** A message of one of these types, of its shape. */
export const message =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    faultOfMessage(value, shapes) === undefined;

/** What is wrong with a message; undefined: nothing. */
export function faultOfMessage(value: unknown, shapes: Readonly<Record<string, Shape>>): string | undefined {
  const type = isObject(value) && Object.hasOwn(value, 'type') ? value.type : undefined;
  if (typeof type !== 'string') return 'a message without a type';
  if (!Object.hasOwn(shapes, type)) return 'a message of a type that is none of its protocol';
  return shapes[type]?.(value) ? undefined : `a message ${JSON.stringify(type)} whose fields are not of their types`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
