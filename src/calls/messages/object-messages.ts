/** Messages whose bytes are an encoded value. */
import type { Operand } from '../../operands/operand.js';
import { readOperand } from '../../operands/operand.js';
import type { TaskArrays } from '../../operands/task-arrays.js';
import type { Received, ReceivedObject } from '../../operations/message-options.js';
import { decodeValue, encodeForRanks } from '../../protocol/values.js';
import { objectId } from '../../types/dtype.js';
import type { Target } from './receive-request.js';
import { Receive } from './receive-request.js';

/** What is sent of a value: a copy. @throws {@link NotSerializableError} */
export function encodedValue(what: string, value: unknown, arrays: TaskArrays): Operand {
  return readOperand(what, 'value', encodeForRanks(what, value, 'value'), arrays);
}

/** Where such a message goes. */
export function objectTarget(what: string, arrays: TaskArrays): Target {
  const make = (sizeBytes: number): ReturnType<Target['make']> => {
    const data = new Uint8Array(sizeBytes);
    return { operand: readOperand(what, 'value', data, arrays), data };
  };
  return { dtype: objectId, operand: undefined, data: undefined, make };
}

/** A value from another rank. */
export class ReceiveObject extends Receive {
  /** Decoded once, when the caller goes on. */
  override get given(): ReceivedObject<unknown> {
    const { data, source, tag } = this.result as Received<Uint8Array>;
    return { data: decodeValue(data), source, tag };
  }
}
