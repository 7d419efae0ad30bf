// What a call's descriptors say is to be done, and doing it: pure functions of all members' descriptors.
#pragma once
#include "dtype.h"
#include "memory.h"
#include "moves.h"
#include "protocol.h"

namespace shoal {

inline const Descriptor& descriptor_of(const CallBlock& f, uint32_t rank) {
  return at<Slot>(f.slot)->members[rank].descriptors[f.descriptor.sequence % kRing];
}
inline uint64_t item_bytes(const CallBlock& f) { return kItemBytes[f.descriptor.dtype]; }
// Whether the result goes to one place that all members read.
inline bool is_shared(const CallBlock& f) { return f.descriptor.agreedFlags & kSharedTarget; }
// Small calls are folded by every member from the staged inputs. A shared target is written by one member alone, and nobody
// leaves before that: such a call goes through chunks, however short.
inline bool is_small(const CallBlock& f) {
  const uint32_t brought = blocks_brought(f), got = blocks_got(f);
  return (brought > got ? brought : got) * f.descriptor.count * item_bytes(f) <= kSmallBytes && !is_shared(f) && !is_ragged(f);
}
// Two halves alternate by sequence.
inline Address staging_half(const CallBlock& f) {
  return f.staging + (f.descriptor.sequence & 1 ? f.stagingBytes : 0);
}

// Fills the block's plan from all descriptors (rule 3); false when they disagree.
bool plan(CallBlock& block);
// Folds or copies one chunk for every target (rule 4).
void run_chunk(CallBlock& block, uint32_t chunk);
// Folds or copies a small call for this member alone.
void run_small(CallBlock& block);
// Folds a staged piece, or its first part, for this member alone; or copies the blocks that it gets.
void run_alone(CallBlock& block);
// Whether run_alone() has left elements for fold_on().
inline bool folds_on(const CallBlock& f) { return f.foldsAlone && f.target == 0 && f.chunkCount < f.pieceCount; }
// Where block `block` of the result is, once a call that copies out has completed; of blocks of any length: the staging of
// rank `block`.
Address result_block(const CallBlock& block, uint32_t index);

}  // namespace shoal
