// What a call's descriptors say is to be done, and doing it: pure functions of all members' descriptors.
#pragma once
#include "dtype.h"
#include "protocol.h"

namespace shoal {

inline uint64_t item_bytes(const CallBlock& f) { return kItemBytes[f.descriptor.dtype]; }
// Whether the result goes to one place that all members read.
inline bool is_shared(const CallBlock& f) { return f.descriptor.agreedFlags & kSharedTarget; }
// Small calls are folded by every member from the staged inputs. A shared target is written by one member alone, and nobody
// leaves before that: such a call goes through chunks, however short.
inline bool is_small(const CallBlock& f) { return f.descriptor.count * item_bytes(f) <= kSmallBytes && !is_shared(f); }
// Whether this rank brings data.
inline bool sends(const CallBlock& f) { return f.descriptor.operation != kBroadcast || uint32_t(f.descriptor.root) == f.self; }
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
// Folds a staged piece, or its first part, for this member alone.
void run_alone(CallBlock& block);
// Whether run_alone() has left elements for fold_on().
inline bool folds_on(const CallBlock& f) { return f.foldsAlone && f.target == 0 && f.chunkCount < f.pieceCount; }

}  // namespace shoal
