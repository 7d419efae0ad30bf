/** The values of a pool on the host of a node manager, as it lays and holds them. */
import { ProtocolError } from '../errors.js';
import { StoreWriter, ValueStores } from '../native/value-stores.js';
import { encodeError } from '../protocol/error-value.js';
import type { FromNode } from '../protocol/node-messages.js';

/** A value that comes in parts. */
interface Arriving {
  readonly writer: StoreWriter;
  writtenBytes: number;
}

/** One per node manager that is a process of its own. */
export class NodeValues {
  readonly #stores = new ValueStores();
  readonly #arriving = new Map<string, Arriving>();
  readonly #answer: (message: FromNode) => void;

  /** @param answer - Sends `valueLaid` for each value that has come, or that cannot be held. */
  constructor(answer: (message: FromNode) => void) {
    this.#answer = answer;
  }

  /** A value of so many bytes is about to come. */
  begin(id: string, sizeBytes: number): void {
    this.drop(id);
    this.#try(id, () => {
      this.#arriving.set(id, { writer: new StoreWriter(sizeBytes, 1), writtenBytes: 0 });
    });
  }

  /** The next bytes of one. Those of a value that cannot be held, which its sender was told, are dropped. */
  write(id: string, bytes: Uint8Array): void {
    const arriving = this.#arriving.get(id);
    if (!arriving) return;
    const { writer, writtenBytes } = arriving;
    this.#try(id, () => {
      const leftBytes = writer.sizeBytes - writtenBytes;
      if (bytes.length > leftBytes) {
        throw new ProtocolError(`value ${id} has ${leftBytes} bytes left, ${bytes.length} came`);
      }
      writer.write(writtenBytes, bytes);
      arriving.writtenBytes += bytes.length;
      if (arriving.writtenBytes < writer.sizeBytes) return;
      const { descriptors } = this.#stores.add(id, writer);
      this.#arriving.delete(id);
      this.#answer({ type: 'valueLaid', id, descriptors });
    });
  }

  /** No task needs the value any more. */
  drop(id: string): void {
    this.#arriving.get(id)?.writer.drop();
    this.#arriving.delete(id);
    this.#stores.remove(id);
  }

  close(): void {
    for (const id of [...this.#arriving.keys()]) this.drop(id);
    this.#stores.close();
  }

  /** What fails here is told, and leaves nothing. */
  #try(id: string, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.drop(id);
      this.#answer({ type: 'valueLaid', id, error: encodeError(error, Infinity) });
    }
  }
}
