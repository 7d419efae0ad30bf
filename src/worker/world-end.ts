/** The end of an SPMD world that somebody else launched: a rank that left MPI early would take the others along. */
import type { NodeWindow } from '../backend/window/node-window.js';
import type { MpiWire } from '../backend/wire/mpi-messages.js';
import { openEndpoint } from './rank-engine.js';
import { worldGrant } from './script-thread.js';

/** Say that this rank's script has ended. Returns whether all have, whenever it is asked. */
export function endInWorld(rank: number, size: number, node: NodeWindow, wire: MpiWire | undefined): () => boolean {
  const ranks = Array.from({ length: size }, (_, other) => other);
  if (!wire) {
    node.markDead(worldGrant.slot, rank);
    return () => ranks.every((other) => node.isDead(worldGrant.slot, other));
  }
  const endpoint = openEndpoint(rank, wire.world, wire);
  const told = endpoint.leave(ranks.filter((other) => other !== rank));
  return () => {
    endpoint.poll();
    return told.open === 0 && ranks.every((other) => other === rank || endpoint.memory.hasLeft(other));
  };
}
