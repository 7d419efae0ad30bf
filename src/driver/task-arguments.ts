/** Arguments of a task: copied when it is submitted, for all ranks or for each. */
import { counted } from '../grammar.js';
import { InvalidArgumentError, MessageTooLargeError } from '../errors.js';
import { show } from '../show.js';
import type { Refer } from '../protocol/encode-nodes.js';
import type { Encoded } from '../protocol/encoded.js';
import { encode } from '../protocol/encoded.js';
import type { UntypedRunOptions } from './task-options.js';

/**
 * Copy the arguments of a task.
 *
 * @param workers - Ranks of the task; undefined: their number is checked by `assertOneForEach`.
 * @param refer - Told of each reference in them.
 * @returns One entry for all ranks, or one for each.
 * @throws {@link InvalidArgumentError}, {@link NotSerializableError} with the path, {@link MessageTooLargeError}
 */
export function encodeArguments(
  what: string,
  { args, perRankArgs }: Pick<UntypedRunOptions, 'args' | 'perRankArgs'>,
  workers: number | undefined,
  maxMessageBytes: number,
  refer: Refer,
): readonly Encoded[] {
  if (perRankArgs === undefined) return [encodeOne(what, args ?? [], 'args', maxMessageBytes, refer)];
  if (args !== undefined) {
    throw new InvalidArgumentError(`${what}: expected args or perRankArgs, received both`, { option: 'perRankArgs' });
  }
  if (workers !== undefined || !Array.isArray(perRankArgs)) assertOneForEach(what, perRankArgs, workers ?? 1);
  return Array.from({ length: perRankArgs.length }, (_, rank) =>
    encodeOne(what, perRankArgs[rank], `perRankArgs[${rank}]`, maxMessageBytes, refer),
  );
}

/** @throws {@link InvalidArgumentError} when the arguments are not a list for each rank. */
export function assertOneForEach(what: string, perRankArgs: unknown, workers: number): void {
  if (Array.isArray(perRankArgs) && perRankArgs.length === workers) return;
  throw new InvalidArgumentError(
    `${what}: expected perRankArgs to be an array of ${counted(workers, 'array')}, one for each rank, received ${show(perRankArgs)}`,
    { option: 'perRankArgs' },
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
