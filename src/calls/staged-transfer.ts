/**
 * A call of several stages, such as an exchange of counts and then the blocks: to its group it is one call. Each stage
 * is what its rank makes of the results of the one before. Nothing of another call comes between two stages.
 */
import type { Channel, Transfer, TransferStatus } from '../backend/backend.js';
import type { CallArguments } from '../backend/call-arguments.js';
import { CollectiveMismatchError } from '../errors.js';
import type { ShoalError } from '../errors.js';
import type { CallWork } from '../records/call-work.js';

/** What all ranks throw after the same stage, for something that one of them cannot do. */
export class AgreedError extends Error {
  readonly error: ShoalError;

  constructor(error: ShoalError) {
    super(error.message, { cause: error });
    this.error = error;
  }
}

/**
 * The stages of one start, in turn.
 *
 * @throws {@link CollectiveMismatchError} where the ranks do not fit together, or an {@link AgreedError}: all ranks throw
 * it after the same stage, since all know the same of each other. The group goes on. Whatever else is thrown is this rank's alone, and fails the
 * group: the others come to the next stage.
 */
export type Stages = () => Iterator<CallArguments, void, undefined>;

/** A call that has stages. */
export interface StagedCall {
  /** What its caller gave. */
  readonly args: CallArguments;
  readonly stages: Stages;
}

/** See above. */
export class StagedTransfer implements Transfer {
  readonly #channel: Channel;
  readonly #stages: Stages;
  #left: Iterator<CallArguments, void, undefined> | undefined;
  /** By stage: what the start before has made. A stage that has the same arguments goes with it again. */
  readonly #prepared: { readonly args: CallArguments; readonly transfer: Transfer }[] = [];
  /** Which stage comes next. */
  #stage = 0;
  #transfer: Transfer | undefined;
  #disagreement: ShoalError | undefined;
  work: CallWork | undefined;

  constructor(channel: Channel, stages: Stages) {
    this.#channel = channel;
    this.#stages = stages;
  }

  get sequence(): number {
    return this.#transfer?.sequence ?? 0;
  }

  get polls(): boolean {
    return this.#transfer?.polls ?? false;
  }

  get ownError(): ShoalError | undefined {
    return this.#disagreement ?? this.#transfer?.ownError;
  }

  start(turns: number): TransferStatus {
    this.#disagreement = undefined;
    this.#left = this.#stages();
    this.#stage = 0;
    return this.#follow('complete', turns);
  }

  step(turns: number): TransferStatus {
    return this.#follow(this.#transfer?.step(turns) ?? 'pending', turns);
  }

  leave(): 'pending' | 'complete' | 'left' {
    const status = this.#transfer?.leave() ?? 'left';
    if (status !== 'complete') return status;
    // Another stage would follow, or the ranks do not fit together: there is no result.
    return this.#next() !== undefined || this.#disagreement ? 'left' : 'complete';
  }

  #follow(begun: TransferStatus, turns: number): TransferStatus {
    let status = begun;
    while (status === 'complete') {
      const next = this.#next();
      if (this.#disagreement) return 'mismatch';
      if (!next) return 'complete';
      this.#transfer = this.#prepare(next);
      this.#transfer.work = this.work;
      status = this.#transfer.start(turns);
    }
    return status;
  }

  #prepare(args: CallArguments): Transfer {
    const stage = this.#stage++;
    const before = this.#prepared[stage];
    if (before?.args === args) return before.transfer;
    const transfer = this.#channel.prepare(args, undefined);
    this.#prepared[stage] = { args, transfer };
    return transfer;
  }

  #next(): CallArguments | undefined {
    try {
      const { value } = this.#left?.next() ?? {};
      return value ?? undefined;
    } catch (error) {
      const agreed = error instanceof AgreedError ? error.error : error;
      if (agreed === error && !(error instanceof CollectiveMismatchError)) throw error;
      this.#disagreement = agreed as ShoalError;
      return undefined;
    }
  }
}
