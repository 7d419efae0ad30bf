/** A receive of one rank: from the message that it is given to the array that the message is in. */
import type { Incoming, Waiting } from '../../backend/carrier.js';
import { lostBuffer } from '../../backend/piece-bytes.js';
import type { ShoalError } from '../../errors.js';
import { CollectiveMismatchError, InvalidArgumentError, MessageTruncatedError } from '../../errors.js';
import { counted } from '../../grammar.js';
import type { MemoryRange } from '../../operands/buffers-in-use.js';
import { rangesOf } from '../../operands/buffers-in-use.js';
import type { Operand } from '../../operands/operand.js';
import type { MessageKind } from '../../records/record-layout.js';
import { objectId } from '../../types/dtype.js';
import { countOf, kindOf } from './message-content.js';
import type { Pattern } from './message-pattern.js';
import { MessageRequest } from './message-request.js';

/** Where the bytes of a message go. */
export interface Target {
  /** Number of the dtype that is expected. */
  readonly dtype: number;
  /** Undefined: it is made when a message has come. */
  readonly operand: Operand | undefined;
  /** What the caller gets as `data`. */
  readonly data: unknown;
  /** Make both for so many bytes. */
  readonly make: (sizeBytes: number) => { operand: Operand; data: unknown };
}

/** A message from another rank. */
export class Receive extends MessageRequest {
  readonly pattern: Pattern;
  readonly ranges: readonly MemoryRange[];
  protected readonly dtype: number;
  readonly #target: Target;
  /** Of the memory of its array when the call was made. */
  readonly #sizeBytes: number;
  #incoming: Incoming | undefined;
  #operand: Operand | undefined;
  #data: unknown;
  #refusal: ShoalError | undefined;

  constructor(what: string, timeoutMs: number, pattern: Pattern, target: Target) {
    super(what, timeoutMs);
    this.pattern = pattern;
    this.dtype = target.dtype;
    this.#target = target;
    this.#sizeBytes = target.operand?.memory.byteLength ?? 0;
    this.ranges = target.operand ? rangesOf([target.operand.memory]) : [];
  }

  get waiting(): Waiting {
    return { kind: 'recv', peer: this.pattern.source, tag: this.pattern.tag, lacksRoom: false };
  }

  get text(): string {
    return this.partOf ?? `${this.what}(${this.pattern.text})`;
  }

  protected get kind(): MessageKind {
    if ((this.pattern.tag ?? 0) < 0) return 'group';
    return this.dtype === objectId ? 'recvObject' : 'recv';
  }

  protected get sizeBytes(): number {
    return this.#target.operand?.array.byteLength ?? 0;
  }

  protected override get carried(): { peer: number; tag: number; sizeBytes: number } {
    if (!this.#incoming) return super.carried;
    const { source: peer, tag, sizeBytes } = this.#incoming;
    return { peer, tag, sizeBytes };
  }

  get incoming(): Incoming | undefined {
    return this.#incoming;
  }

  /** The message that it gets. */
  match(incoming: Incoming, rank: number): void {
    this.#incoming = incoming;
    const { dtype, operand, data } = this.#target;
    const room = operand?.array.byteLength ?? Infinity;
    const bytesLeft = operand?.memory.byteLength ?? 0;
    if (bytesLeft < this.#sizeBytes) this.#refusal = lostBuffer(this.what, bytesLeft);
    else if (incoming.dtype !== dtype) this.#refusal = this.#otherDtype(incoming, rank);
    else if (incoming.sizeBytes > room) this.#refusal = this.#tooLong(incoming, room);
    else if (operand) [this.#operand, this.#data] = [operand, data];
    else this.#make(incoming);
    // A shorter message leaves the other elements as they were.
    this.#operand?.packed?.gather();
  }

  /**
   * Go on; false while bytes are still to come. `end` settles it then.
   *
   * @throws {@link InvalidArgumentError} when the array was detached or shrunk meanwhile.
   */
  step(): boolean {
    const array = this.#refusal ? undefined : this.#operand?.array;
    const status = this.#incoming?.take(array);
    if (status === 'lost') throw lostBuffer(this.what, array?.byteLength ?? 0);
    if (status !== 'complete') return false;
    if (this.#refusal || !this.#operand?.packed) return true;
    if (!this.#operand.packed.usable) throw lostBuffer(this.what, this.#operand.memory.byteLength);
    this.#operand.packed.scatter();
    return true;
  }

  /** All bytes have come. */
  end(): void {
    const incoming = this.#incoming;
    if (!incoming) return;
    if (!this.#refusal) {
      const { source, tag, sizeBytes, dtype } = incoming;
      this.result = { data: this.#data, source, tag, count: countOf(dtype, sizeBytes) };
    }
    this.settle(this.#refusal);
  }

  #make({ source, tag, dtype, sizeBytes }: Incoming): void {
    try {
      ({ operand: this.#operand, data: this.#data } = this.#target.make(sizeBytes));
    } catch (cause) {
      this.#refusal = new InvalidArgumentError(
        `${this.what}: no array can be made for ${counted(countOf(dtype, sizeBytes), 'element')} that rank ${source} has ` +
          `sent with tag ${tag}. The message is lost; send less at a time`,
        { source, tag },
        { cause },
      );
    }
  }

  #otherDtype({ source, tag, dtype, sizeBytes }: Incoming, rank: number): ShoalError {
    const count = countOf(dtype, sizeBytes);
    const sent =
      dtype === objectId
        ? `sendObject(${counted(count, 'byte')}, tag ${tag})`
        : `send(${kindOf(dtype)} × ${count}, tag ${tag})`;
    const takesObject = this.#target.dtype === objectId;
    const own = takesObject ? this.text : `${this.what}(${kindOf(this.#target.dtype)}, ${this.pattern.text})`;
    const wanted = takesObject ? 'a message of sendObject' : 'a message of the dtype of the buffer';
    const calls = [
      { rank: source, call: sent },
      { rank, call: own },
    ];
    return new CollectiveMismatchError(
      `${this.what}: expected ${wanted}; rank ${source} called ${sent}, rank ${rank} ${own}. The message is lost` +
        (takesObject ? '' : ' and the buffer as it was'),
      { calls },
    );
  }

  #tooLong({ source, tag, dtype, sizeBytes }: Incoming, room: number): ShoalError {
    const [count, capacity] = [countOf(dtype, sizeBytes), countOf(dtype, room)];
    return new MessageTruncatedError(
      `${this.what}: expected a message of at most ${counted(capacity, 'element')}, as many as the buffer has; rank ${source} has ` +
        `sent ${count} with tag ${tag}. The message is lost and the buffer as it was; probe tells the count before, ` +
        `and a class in place of a buffer takes any`,
      { source, tag, count, capacity },
    );
  }
}
