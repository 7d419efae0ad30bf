/** A prepared call over the wire: each start is an exchange of its own. */
import type { ShoalError } from '../../errors.js';
import type { CallWork } from '../../records/call-work.js';
import type { Transfer, TransferStatus } from '../backend.js';
import type { CallArguments } from '../call-arguments.js';
import type { WireMembers } from './wire-exchange.js';
import { WireExchange } from './wire-exchange.js';

/** See above. */
export class WireTransfer implements Transfer {
  readonly polls = false;
  work: CallWork | undefined;
  readonly #members: WireMembers;
  readonly #args: CallArguments;
  readonly #refusal: ShoalError | undefined;
  #exchange: WireExchange | undefined;

  constructor(members: WireMembers, args: CallArguments, refusal: ShoalError | undefined) {
    this.#members = members;
    this.#args = args;
    this.#refusal = refusal;
  }

  get sequence(): number {
    return this.#exchange?.sequence ?? 0;
  }

  get ownError(): ShoalError | undefined {
    return this.#exchange?.ownError;
  }

  start(turns: number): TransferStatus {
    const sequence = this.#members.nextSequence();
    this.#exchange = new WireExchange(this.#members, this.#args, this.#refusal, sequence, this.work);
    return this.#exchange.step(turns);
  }

  step(turns: number): TransferStatus {
    return this.#exchange?.step(turns) ?? 'pending';
  }

  leave(): 'left' {
    this.#exchange?.leave();
    return 'left';
  }
}
