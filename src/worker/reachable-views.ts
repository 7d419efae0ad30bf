/** The views of memory that can be reached from a value. */
import { types } from 'node:util';

/**
 * Typed arrays and DataViews that a value is or holds: in own fields, elements and entries, however deep. What only code
 * can tell, such as a closure, a getter or a private field, is not looked into.
 */
export function reachableViews(value: unknown): ArrayBufferView[] {
  const views: ArrayBufferView[] = [];
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  const add = (part: unknown): void => {
    if (typeof part === 'object' && part !== null && !seen.has(part)) open.push(part);
  };
  while (open.length > 0) {
    const object = open.pop();
    if (typeof object !== 'object' || object === null || seen.has(object)) continue;
    seen.add(object);
    if (ArrayBuffer.isView(object)) views.push(object);
    else if (!types.isProxy(object)) partsOf(object).forEach(add);
  }
  return views;
}

function partsOf(object: object): readonly unknown[] {
  if (Array.isArray(object)) return object;
  const fields = Object.values(Object.getOwnPropertyDescriptors(object)).map((field) => field.value as unknown);
  if (types.isMap(object)) return [...fields, ...Map.prototype.keys.call(object), ...Map.prototype.values.call(object)];
  if (types.isSet(object)) return [...fields, ...Set.prototype.values.call(object)];
  return fields;
}
