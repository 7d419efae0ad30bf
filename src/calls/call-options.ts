/** The options of one call as they were given: each read once, so that getters and proxies cannot say two things. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { BlockOptionName, Operation, OptionName } from '../operations/operation.js';

/** How a collective is called. */
export type Form = 'awaited' | 'blocking' | 'prepared';

const suffixes = { awaited: '', blocking: 'Sync', prepared: 'Init' } as const;

/** The method of an operation and form, for errors. */
export function methodName({ name }: Pick<Operation, 'name'>, form: Form): string {
  return `${name}${suffixes[form]}`;
}

/** None is given. */
const noBlocks: GivenOptions['blocks'] = Object.freeze({});

/** What has options. */
type Optioned = Pick<Operation, 'name' | 'options'>;

/** Values by option; undefined where none was given. */
export class GivenOptions {
  op: unknown;
  root: unknown;
  dtype: unknown;
  accumulate: unknown;
  out: unknown;
  name: unknown;
  timeoutMs: unknown;
  signal: unknown;
  /** Counts and displacements, by option. */
  blocks: Readonly<Partial<Record<BlockOptionName, unknown>>> = noBlocks;
  tag: unknown;
  sendTag: unknown;
  recvTag: unknown;
  bytes: unknown;

  /**
   * Read what a caller gives: its own properties alone, nothing from a prototype.
   *
   * @throws {@link InvalidArgumentError} for an option that the operation does not have, and what a getter throws.
   */
  read(operation: Optioned, form: Form, options: unknown): void {
    this.#clear();
    if (options === undefined) return;
    if (typeof options !== 'object' || options === null) {
      const what = methodName(operation, form);
      throw new InvalidArgumentError(`${what}: expected options to be an object, received ${show(options)}`);
    }
    for (const key in options) {
      if (Object.prototype.hasOwnProperty.call(options, key))
        this.#set(operation, form, key, (options as Record<string, unknown>)[key]);
    }
    if (this.signal === undefined || form === 'awaited') return;
    const where = form === 'blocking' ? `the awaited form ${operation.name}` : 'start({ signal })';
    throw new InvalidArgumentError(`${methodName(operation, form)}: signal belongs to ${where}`, { option: 'signal' });
  }

  /** Whether another call was given the same values, but for `out`; a signal is of one start alone. */
  equals(other: GivenOptions): boolean {
    return (
      this.op === other.op &&
      this.root === other.root &&
      this.dtype === other.dtype &&
      this.accumulate === other.accumulate &&
      this.name === other.name &&
      this.timeoutMs === other.timeoutMs &&
      this.blocks === other.blocks
    );
  }

  #clear(): void {
    this.op = undefined;
    this.root = undefined;
    this.dtype = undefined;
    this.accumulate = undefined;
    this.out = undefined;
    this.name = undefined;
    this.timeoutMs = undefined;
    this.signal = undefined;
    this.blocks = noBlocks;
    this.tag = undefined;
    this.sendTag = undefined;
    this.recvTag = undefined;
    this.bytes = undefined;
  }

  #set(operation: Optioned, form: Form, key: string, value: unknown): void {
    if (!operation.options.includes(key as OptionName)) {
      const names = operation.options.join(', ');
      throw new InvalidArgumentError(
        `${methodName(operation, form)}: expected options among ${names}, received ${show(key)}`,
        { option: key },
      );
    }
    // A store under a name that stands in the code is several times faster than under one that is looked up.
    switch (key as OptionName) {
      case 'op':
        this.op = value;
        break;
      case 'root':
        this.root = value;
        break;
      case 'dtype':
        this.dtype = value;
        break;
      case 'accumulate':
        this.accumulate = value;
        break;
      case 'out':
        this.out = value;
        break;
      case 'name':
        this.name = value;
        break;
      case 'timeoutMs':
        this.timeoutMs = value;
        break;
      case 'tag':
        this.tag = value;
        break;
      case 'sendTag':
        this.sendTag = value;
        break;
      case 'recvTag':
        this.recvTag = value;
        break;
      case 'bytes':
        this.bytes = value;
        break;
      case 'signal':
        this.signal = value;
        break;
      default:
        this.blocks = { ...this.blocks, [key]: value };
    }
  }
}
