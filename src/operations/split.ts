/**
 * Split: groups of some of the ranks, inside a task.
 *
 * Source: MPI_Comm_split and MPI_Comm_create_group (MPI-4.1, section 7.4.2); numbers of groups that need no agreement
 * of all ranks, since each has a first member that counts its own. Cost on one host: 2 small calls, and 152 KiB of each
 * member's part of the window as long as the group is open.
 */
import { counts } from './counts.js';
import type { Operation } from './operation.js';

/** @see MPI-4.1 section 7.4.2 (MPI_Comm_split) */
export const split: Operation = { ...counts, name: 'split', number: 23, givesSame: false };

/** Splits of ranks that lie in a grid. @see MPI-4.1 sections 8.5.1 and 8.5.7 (MPI_Cart_create, MPI_Cart_sub) */
export const cart: Operation = { ...split, name: 'cart' };
/** See {@link cart}. */
export const sub: Operation = { ...split, name: 'sub' };

/** Groups of ranks that are listed: the members alone call it. @see MPI-4.1 section 7.4.2 (MPI_Comm_create_group) */
export const group: Pick<Operation, 'name' | 'options'> = { name: 'group', options: ['timeoutMs', 'signal'] };
