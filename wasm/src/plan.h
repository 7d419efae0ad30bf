// What a call's records say is to be done, and doing it: pure functions of all members' records.
#pragma once
#include "dtype.h"
#include "protocol.h"

namespace shoal {

inline uint64_t item_bytes(const Frame& f) { return kItemBytes[f.draft.dtype]; }
// Small calls are folded by every member from the staged inputs.
inline bool is_small(const Frame& f) { return f.draft.count * item_bytes(f) <= kSmallBytes; }
// Whether this rank brings data.
inline bool sends(const Frame& f) { return f.draft.operation != kBroadcast || uint32_t(f.draft.root) == f.self; }
// Two halves alternate by sequence.
inline Address staging_half(const Frame& f) {
  return f.staging + (f.draft.sequence & 1 ? f.stagingBytes : 0);
}

// Fills the frame's plan from all records (rule 3); false when they disagree.
bool plan(Frame& frame);
// Folds or copies one chunk for every target (rule 4).
void run_chunk(Frame& frame, uint32_t chunk);
// Folds or copies a small call for this member alone.
void run_small(Frame& frame);

}  // namespace shoal
