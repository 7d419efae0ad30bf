/** Arguments of a task: copied when it is submitted, for all ranks or for each. */
import { InvalidArgumentError, MessageTooLargeError, show } from '../errors.js';
import type { Refer } from '../protocol/encode-nodes.js';
import type { Encoded } from '../protocol/encoded.js';
import { encode } from '../protocol/encoded.js';
import type { UntypedRunOptions } from './task-options.js';

/**
 * Copy the arguments of a task.
 *
 * @param refer - Told of each reference in them.
 * @returns One entry for all ranks, or one for each.
 * @throws {@link InvalidArgumentError}, {@link NotSerializableError} with the path, {@link MessageTooLargeError}
 */
export function encodeArguments(
  what: string,
  { args, perRankArgs }: Pick<UntypedRunOptions, 'args' | 'perRankArgs'>,
  workers: number,
  maxMessageBytes: number,
  refer: Refer,
): readonly Encoded[] {
  if (perRankArgs === undefined) return [encodeOne(what, args ?? [], 'args', maxMessageBytes, refer)];
  const refuse = (text: string): never => {
    throw new InvalidArgumentError(`${what}: ${text}`, { option: 'perRankArgs' });
  };
  if (args !== undefined) refuse('expected args or perRankArgs, received both');
  if (!Array.isArray(perRankArgs) || perRankArgs.length !== workers) {
    refuse(
      `expected perRankArgs to be an array of ${workers} arrays, one for each rank, received ${show(perRankArgs)}`,
    );
  }
  return Array.from({ length: workers }, (_, rank) =>
    encodeOne(what, perRankArgs[rank], `perRankArgs[${rank}]`, maxMessageBytes, refer),
  );
}

/** @throws {@link MessageTooLargeError} when arguments of a rank take more than `maxMessageBytes`. */
export function assertFits(encoded: Encoded, maxMessageBytes: number): void {
  if (encoded.length <= maxMessageBytes) return;
  throw new MessageTooLargeError(
    `the arguments take ${encoded.length} bytes, more than maxMessageBytes (${maxMessageBytes}); pass a file's ` +
      `path instead, or launch with a larger maxMessageBytes`,
    { sizeBytes: encoded.length, maxMessageBytes },
  );
}

function encodeOne(what: string, args: unknown, path: string, maxMessageBytes: number, refer: Refer): Encoded {
  if (!Array.isArray(args)) {
    throw new InvalidArgumentError(`${what}: expected ${path} to be an array, received ${show(args)}`, {
      option: path.replace(/\[.*/, ''),
    });
  }
  const encoded = encode(args, path, refer);
  assertFits(encoded, maxMessageBytes);
  return encoded;
}
