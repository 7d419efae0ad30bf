/** From a value to its table of nodes; what has no value is refused with its path, or said in words. */
import { types } from 'node:util';
import { withArticle } from '../grammar.js';
import { NotSerializableError } from '../errors.js';
import { show, tagOf } from '../show.js';
import { causesFrom, errorKeys, errorNode } from './error-nodes.js';
import { flagsOf, sourceOf, unboxed, viewBytes, viewTag } from './intrinsics.js';
import { losesMethods, warnOfLostMethods } from './lost-methods.js';
import { Reference } from './reference.js';
import type { ValueKind } from './value-kinds.js';
import { kindOf } from './value-kinds.js';
import type { Slot, ValueNode } from './value-nodes.js';
import { alignUp, holesMark, negativeZero, nothing, Tag } from './value-nodes.js';
import type { Via } from './value-paths.js';
import { noParent, ValuePaths } from './value-paths.js';

/** What an encoding may take, and what becomes of the rest. */
export interface EncodeLimits {
  /** Nodes; what is met later is said in words. */
  readonly nodes: number;
  /** Characters of all texts, and some for every slot; what is met later is cut off. */
  readonly size: number;
  /** Bytes of all typed arrays together. */
  readonly rawBytes: number;
  /** Errors one behind the other by `cause`. */
  readonly causes: number;
  /** What stands in the place of something that is not copied. */
  readonly inWords: (value: unknown) => string;
}

/**
 * Told of each reference, once, with how it is reached. It throws for one that cannot be used.
 *
 * @returns The id that stands for it.
 */
export type Refer = (reference: Reference, path: string) => string;

/** Where a value goes, for the errors of what cannot go there. */
export interface Crossing {
  /** What their text begins with. */
  readonly call: string;
  readonly between: string;
}

/** What a slot takes of the size, beside its text. */
const slotSize = 8;

/** One encoding. */
export class NodeEncoder {
  /** Entry 0 is the slot of the value. */
  readonly table: (Slot | ValueNode)[] = [];
  /** Bytes to put behind the table, and where. */
  readonly raws: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  rawBytes = 0;
  readonly #root: string;
  readonly #limits: EncodeLimits | undefined;
  readonly #refer: Refer | undefined;
  readonly #crossing: Crossing;
  /** What is left of the size. */
  #left: number;
  readonly #indexes = new Map<object, number>();
  readonly #objects: object[] = [];
  readonly #kinds: ValueKind[] = [];
  readonly #paths = new ValuePaths();
  /** Of each error: how many it is the cause of, one behind the other. */
  readonly #causes: number[] = [];

  /**
   * @param limits - Undefined: everything is copied or refused.
   * @param refer - Undefined: references are refused.
   */
  constructor(
    root: string,
    limits?: EncodeLimits,
    refer?: Refer,
    crossing: Crossing = { call: '', between: 'driver and task' },
  ) {
    this.#crossing = crossing;
    this.#root = root;
    this.#limits = limits;
    this.#refer = refer;
    this.#left = limits?.size ?? Infinity;
  }

  /** @throws {@link NotSerializableError} with the path of the first part that cannot be copied; never with limits. */
  encode(value: unknown): void {
    this.table.push(null);
    this.table[0] = this.#slot(value, noParent, 'field', undefined);
    for (let index = 1; index < this.table.length; index++) {
      const object = this.#objects[index - 1];
      if (object) this.table[index] = this.#node(object, index);
    }
  }

  #slot(value: unknown, parent: number, via: Via, key: unknown): Slot {
    this.#left -= slotSize;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Object.is(value, -0) ? negativeZero : value;
      case 'boolean':
        return value;
      case 'undefined':
        return nothing;
      case 'bigint':
        return this.#leaf([Tag.bigint, `${value < 0n ? '-' : ''}${(value < 0n ? -value : value).toString(16)}`]);
      case 'object':
        return value === null ? null : this.#reference(value, parent, via, key);
      default:
        return this.#refuse(value, `is ${show(value)}`, parent, via, key);
    }
  }

  #text(given: string): Slot {
    // Half of what is left: a long message leaves room for the stack.
    const room = this.#limits ? Math.max(0, Math.floor(this.#left / 2)) : Infinity;
    const text = given.length > room ? `${given.slice(0, room)}… (cut off at ${room} of ${given.length})` : given;
    return this.#whole(text);
  }

  #whole(text: string): Slot {
    this.#left -= text.length;
    return isWellFormed(text) ? text : this.#leaf([Tag.text, Buffer.from(text, 'utf16le')]);
  }

  /** A node that is complete. */
  #leaf(node: ValueNode): Slot {
    return [this.table.push(node) - 1];
  }

  #reference(value: object, parent: number, via: Via, key: unknown): Slot {
    const known = this.#indexes.get(value);
    if (known !== undefined) return [known];
    let kind: ValueKind;
    try {
      kind = kindOf(value);
      if (kind === 'object' && !this.#limits && losesMethods(value)) {
        warnOfLostMethods(value, `${this.#paths.text(this.#root, parent, via, key)} is ${nameOf(value)}`);
      }
    } catch (cause) {
      return this.#refuse(value, 'is a proxy whose traps throw', parent, via, key, cause);
    }
    if (kind === 'refused') return this.#refuse(value, `is ${nameOf(value)}`, parent, via, key);
    if (kind === 'reference') return this.#referTo(value as Reference, parent, via, key);
    if (kind === 'boxed') return this.#slot(unboxed(value), parent, via, key);
    if (this.#limits && this.table.length >= this.#limits.nodes) return this.#words(value);
    const causes = kind === 'error' && key === 'cause' ? (this.#causes[parent] ?? 0) + 1 : 0;
    if (this.#limits && causes > this.#limits.causes) {
      const message = `… ${causesFrom(value)} further causes were left out`;
      return this.#leaf([Tag.error, null, 'message', message, 'stack', `Error: ${message}`]);
    }
    const index = this.table.push(null) - 1;
    this.#objects[index - 1] = value;
    this.#indexes.set(value, index);
    this.#kinds[index] = kind;
    this.#paths.note(index, parent, via, key);
    this.#causes[index] = causes;
    return [index];
  }

  #referTo(value: Reference, parent: number, via: Via, key: unknown): Slot {
    if (!this.#refer) {
      return this.#refuse(value, 'is a reference, which only the arguments of a task can hold', parent, via, key);
    }
    const id = this.#refer(value, this.#paths.text(this.#root, parent, via, key));
    const index = this.table.push([Tag.reference, id]) - 1;
    this.#indexes.set(value, index);
    return [index];
  }

  #node(value: object, index: number): ValueNode {
    switch (this.#kinds[index]) {
      case 'view':
        return this.#bytes(value, index, 'a view of a buffer that was detached or shrunk', () => {
          const kind = viewTag(value);
          return [kind, viewBytes(value, kind)];
        });
      case 'buffer':
        return this.#bytes(value, index, 'a buffer that was detached', () => [
          'ArrayBuffer',
          new Uint8Array(value as ArrayBuffer),
        ]);
      case 'date':
        return [Tag.date, Date.prototype.getTime.call(value)];
      case 'regExp':
        return [Tag.regExp, this.#text(sourceOf(value)), flagsOf(value)];
      case 'map':
        return this.#map(value as Map<unknown, unknown>, index);
      case 'set':
        return this.#set(value as Set<unknown>, index);
      case 'array':
        return this.#array(value as unknown[], index);
      case 'error':
        return this.#fields(errorNode(value), errorKeys(value), value, index);
      default:
        return this.#fields([Tag.object], this.#guard(value, index, () => Object.keys(value)) ?? [], value, index);
    }
  }

  /** Of what has bytes. @param lost - What it is where they cannot be read. */
  #bytes(value: object, index: number, lost: string, read: () => [kind: string, bytes: Uint8Array]): ValueNode {
    let kind, bytes;
    try {
      [kind, bytes] = read();
    } catch (cause) {
      const { parent, via, key } = this.#paths.of(index);
      return [Tag.array, this.#refuse(value, `is ${lost}`, parent, via, key, cause)];
    }
    return this.#raw(value, kind, bytes);
  }

  #raw(value: object, kind: string, bytes: Uint8Array): ValueNode {
    if (this.#limits && this.rawBytes + bytes.length > this.#limits.rawBytes) {
      return [Tag.array, this.#text(this.#limits.inWords(value))];
    }
    const offset = this.rawBytes;
    this.raws.push({ offset, bytes });
    this.rawBytes = alignUp(offset + bytes.length);
    return [Tag.raw, kind, offset, bytes.length];
  }

  #map(value: Map<unknown, unknown>, index: number): ValueNode {
    const node: ValueNode = [Tag.map];
    let at = 0;
    // By the intrinsic: a subclass may iterate over anything.
    for (const [key, entry] of Map.prototype.entries.call(value)) {
      if (this.#left <= 0) {
        node.push(`… ${value.size - at} further entries`, null);
        break;
      }
      node.push(this.#slot(key, index, 'key of', at++), this.#slot(entry, index, 'value of', key));
    }
    return node;
  }

  #set(value: Set<unknown>, index: number): ValueNode {
    const node: ValueNode = [Tag.set];
    let at = 0;
    for (const entry of Set.prototype.values.call(value)) {
      if (this.#left <= 0) {
        node.push(`… ${value.size - at} further entries`);
        break;
      }
      node.push(this.#slot(entry, index, 'entry of', at++));
    }
    return node;
  }

  #array(value: readonly unknown[], index: number): ValueNode {
    const node: ValueNode = [Tag.array];
    const length = this.#guard(value, index, () => value.length) ?? 0;
    let present: string[] | undefined;
    let at = 0;
    for (let i = 0; i < length; i++) {
      if (this.#left <= 0) {
        node.push(`… ${length - i} further elements`);
        break;
      }
      const slot = this.#property(value, i, index, 'index');
      if (slot !== nothing || this.#guard(value, index, () => i in value) !== false) {
        node.push(slot);
        continue;
      }
      // The array may have a thousand million elements, of which all but a few are not there.
      present ??= this.#guard(value, index, () => Object.keys(value)) ?? [];
      while (at < present.length && !(Number(present[at]) > i)) at++;
      const next = Number(present[at] ?? length); // keys that are indexes come first, in their order
      const end = next > i && next < length ? next : length;
      node.push([holesMark, end - i]);
      i = end - 1;
    }
    return node;
  }

  #fields(node: ValueNode, keys: readonly string[], value: object, index: number): ValueNode {
    for (const key of keys) {
      if (this.#left <= key.length) {
        node.push('…', 'further fields were left out');
        break;
      }
      const name = this.#whole(key);
      node.push(name, this.#property(value, key, index, 'field'));
    }
    return node;
  }

  #property(owner: object, key: string | number, index: number, via: Via): Slot {
    let value: unknown;
    try {
      value = (owner as Record<string | number, unknown>)[key];
    } catch (cause) {
      return this.#refuse(undefined, 'is a getter that throws', index, via, key, cause);
    }
    return this.#slot(value, index, via, key);
  }

  /** What a proxy's trap gives; undefined where it throws and that is not an error. */
  #guard<T>(value: object, index: number, read: () => T): T | undefined {
    try {
      return read();
    } catch (cause) {
      const { parent, via, key } = this.#paths.of(index);
      this.#refuse(value, 'is a proxy whose traps throw', parent, via, key, cause);
      return undefined;
    }
  }

  #refuse(value: unknown, what: string, parent: number, via: Via, key: unknown, cause?: unknown): Slot {
    if (this.#limits) return this.#words(value === undefined ? `[${what}]` : value);
    const path = this.#paths.text(this.#root, parent, via, key);
    const { call, between } = this.#crossing;
    throw new NotSerializableError(
      cause === undefined
        ? `${call}${path} ${what}; between ${between} go copies of values: numbers, strings, typed arrays, plain objects, ` +
            `arrays, maps, sets, dates and errors`
        : `${call}${path} ${what}`,
      { path },
      cause === undefined ? undefined : { cause },
    );
  }

  /** Say what is not copied. */
  #words(value: unknown): Slot {
    return this.#text(typeof value === 'string' ? value : (this.#limits?.inWords(value) ?? ''));
  }
}

/** With its article. */
function nameOf(value: object): string {
  const tag = tagOf(value);
  let name: unknown = tag;
  try {
    if (tag === 'Object') name = (value.constructor as { name?: unknown } | undefined)?.name;
  } catch {
    // A getter of the caller's: the tag is all that is known.
  }
  const known = withArticle(typeof name === 'string' && name !== '' ? name : tag);
  return types.isProxy(value) ? `a proxy of ${known}` : known;
}

/** ES2024: every supported Node has it, the es2022 library does not declare it. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
