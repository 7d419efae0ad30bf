// What each operation moves: which blocks of which ranks are read, folded and written where.
//
// A rank brings one block of `count` elements or one for each rank, and gets one block or one for each rank. So an
// alltoall brings and gets `size` blocks, an allgather brings one and gets `size`.
#pragma once
#include "protocol.h"

namespace shoal {

// Blocks that a rank brings, and that it gets. Who brings or gets nothing counts as those who do.
inline uint32_t blocks_brought(const CallBlock& f) {
  const uint8_t operation = f.descriptor.operation;
  return operation == kScatter || operation == kReduceScatter || operation == kAlltoall ? f.size : 1;
}
inline uint32_t blocks_got(const CallBlock& f) {
  const uint8_t operation = f.descriptor.operation;
  return operation == kAllgather || operation == kCounts || operation == kGather || operation == kAlltoall ? f.size : 1;
}

// Whether a rank brings data, and whether its array is written.
inline bool sends(const CallBlock& f, uint32_t rank) {
  const uint8_t operation = f.descriptor.operation;
  return (operation != kBroadcast && operation != kScatter) || uint32_t(f.descriptor.root) == rank;
}
inline bool receives(const CallBlock& f, uint32_t rank) {
  const uint8_t operation = f.descriptor.operation;
  if (operation == kReduce || operation == kGather) return uint32_t(f.descriptor.root) == rank;
  return operation != kExscan || rank != 0;
}

// Whether blocks are copied, and none is folded.
inline bool copies(const CallBlock& f) {
  const uint8_t operation = f.descriptor.operation;
  return operation == kAllgather || operation == kCounts || operation == kGather || operation == kScatter ||
         operation == kAlltoall;
}
// Whether all ranks' single blocks, or one of them, go to the same single block of some: one list of sources and one of
// targets say it all.
inline bool is_whole(const CallBlock& f) { return f.descriptor.operation <= kReduce; }

// Whether blocks have any length, and the caller alone knows where they are.
inline bool is_ragged(const CallBlock& f) { return f.descriptor.operation >= kAllgatherv; }

// Blocks of a piece in a staging half: what a rank brings, then what it gets. A single block is written over the one
// that was brought.
inline uint32_t blocks_staged(const CallBlock& f) {
  const uint32_t blocks = blocks_brought(f) + blocks_got(f);
  return blocks == 2 ? 1 : blocks;
}

// Parts of the work of a call that do not depend on each other. Each is cut into ranges of elements.
uint32_t unit_count(const CallBlock& f);
// Copies or folds elements `first` to before `first + count` of one unit, for every target.
void run_unit(const CallBlock& f, uint32_t unit, uint64_t first, uint64_t count);

// Folds elements of the result of this rank alone.
void fold_own(const CallBlock& f, uint64_t first, uint64_t count, Address target);
// Where block `block` of what this rank gets is to be read.
Address own_source(const CallBlock& f, uint32_t block);
// Copies all blocks that this rank gets to its target in the window.
void copy_own(const CallBlock& f);
// Where a staged rank finds block `block` of its result when all chunks are done.
Address staged_result(const CallBlock& f, uint32_t block);

}  // namespace shoal
