#include "plan.h"

#include <string.h>

#include "kernels.h"
#include "memory.h"

namespace shoal {
namespace {

bool agree(const Descriptor& a, const Descriptor& b) {
  // operation … nameLength: three words.
  uint64_t x[3], y[3];
  static_assert(sizeof x == kAgreedBytes && kAgreedOffset % 8 == 0, "they are compared word by word");
  memcpy(x, reinterpret_cast<const uint8_t*>(&a) + kAgreedOffset, sizeof x);
  memcpy(y, reinterpret_cast<const uint8_t*>(&b) + kAgreedOffset, sizeof y);
  if (a.lease != b.lease || x[0] != y[0] || x[1] != y[1] || x[2] != y[2]) return false;
  if (a.nameLength == 0) return true;
  return memcmp(a.name, b.name, a.nameLength < kNameBytes ? a.nameLength : kNameBytes) == 0;
}

// Sources and targets of the chunks of a whole operation. A staged member reads the shared `result`: one staging is
// written for all of them, and rule 2 keeps it until all have departed.
void list_addresses(CallBlock& f) {
  const bool broadcast = f.descriptor.operation == kBroadcast;
  const uint32_t root = uint32_t(f.descriptor.root);
  f.sourceCount = f.targetCount = 0;
  f.result = 0;
  if (broadcast) {
    const Descriptor& source = descriptor_of(f, root);
    f.sources[f.sourceCount++] = source.address;
    if (source.flags & kStaged) f.result = source.address;
  }
  for (uint32_t m = 0; m < f.size; m++) {
    const Descriptor& descriptor = descriptor_of(f, m);
    if (!broadcast) f.sources[f.sourceCount++] = descriptor.address;
    if ((is_shared(f) && m != 0) || !receives(f, m)) continue;
    if (broadcast && m == root && descriptor.targetAddress == descriptor.address) continue;
    if (descriptor.targetAddress != 0) {
      f.targets[f.targetCount++] = descriptor.targetAddress;
    } else if (f.result == 0) {
      // May hold this member's own input too: each element is read before it is overwritten.
      f.result = descriptor.stagingAddress;
      f.targets[f.targetCount++] = f.result;
    }
  }
}

// A pure function of the descriptors, like all of the plan. Staged inputs stay until all have departed (rule 2), so that
// members need not wait for each other's folds; the work grows with their number. From some length on two share: to read
// all of both stagings takes longer than the second wait. A target that all have is written once. Where each
// rank gets what no other gets, nothing is done twice, and each takes its own.
bool folds_alone(const CallBlock& f) {
  const uint8_t operation = f.descriptor.operation;
  if (f.size < 2 || operation == kBroadcast || is_shared(f)) return false;
  const uint64_t limit = f.size == 2 ? kPairAloneBytes : kAloneBytes / (f.size - 2);
  if (is_whole(f) && f.pieceCount * item_bytes(f) > limit) return false;
  for (uint32_t m = 0; m < f.size; m++) {
    const Descriptor& descriptor = descriptor_of(f, m);
    if (sends(f, m) && descriptor.address != descriptor.stagingAddress) return false;
  }
  return true;
}

// Each unit has ranges of at least 64 KiB of what it moves. Where there is one unit, each rank has a range.
void cut_chunks(CallBlock& f) {
  const uint64_t item = item_bytes(f);
  const uint64_t bytes = f.pieceCount * item;
  const uint32_t units = unit_count(f);
  const uint64_t moved = f.descriptor.operation == kAlltoall ? bytes * f.size : bytes;
  const uint64_t least = units == 1 ? f.size : 1;
  uint64_t ranges = moved / kChunkBytes;
  if (ranges < least) ranges = least;
  if (ranges > kMaxChunks / units) ranges = kMaxChunks / units;
  uint64_t rangeBytes = (bytes + ranges - 1) / ranges;
  rangeBytes = (rangeBytes + kLineBytes - 1) / kLineBytes * kLineBytes;
  f.chunkCount = rangeBytes / item;
  f.ranges = uint32_t((f.pieceCount + f.chunkCount - 1) / f.chunkCount);
  f.chunks = units * f.ranges;
  f.firstUndone = 0;
}

}  // namespace

bool plan(CallBlock& f) {
  const Descriptor& first = descriptor_of(f, 0);
  bool staged = false;
  for (uint32_t m = 0; m < f.size; m++) {
    const Descriptor& descriptor = descriptor_of(f, m);
    if (!agree(first, descriptor)) return false;
    if (is_shared(f) && descriptor.targetAddress != first.targetAddress) return false;
    staged = staged || (descriptor.flags & kStaged);
  }
  f.chunks = 0;
  f.foldsAlone = 0;
  f.pieceCount = f.descriptor.count - f.pieceStart;
  if (f.descriptor.operation == kBarrier || f.descriptor.count == 0 || is_small(f)) return true;
  if (is_ragged(f)) {
    f.foldsAlone = 1;
    return true;
  }
  // The root has written it where all members read it.
  if (f.descriptor.operation == kBroadcast && is_shared(f)) return true;
  const uint64_t fits = f.stagingBytes / (item_bytes(f) * blocks_staged(f));
  if (staged && f.pieceCount > fits) f.pieceCount = fits;
  f.foldsAlone = folds_alone(f);
  if (f.foldsAlone) return true;
  if (!is_whole(f)) {
    f.result = f.target == 0 && receives(f, f.self) ? staged_result(f, 0) : 0;
    cut_chunks(f);
    return true;
  }
  list_addresses(f);
  if (f.targetCount != 0) cut_chunks(f);
  return true;
}

void run_chunk(CallBlock& f, uint32_t chunk) {
  const uint64_t item = item_bytes(f);
  const uint64_t first = chunk % f.ranges * f.chunkCount;
  const uint64_t count = first + f.chunkCount < f.pieceCount ? f.chunkCount : f.pieceCount - first;
  if (!is_whole(f)) {
    run_unit(f, chunk / f.ranges, first, count);
    return;
  }
  const uint8_t* sources[kMaxRanks];
  uint8_t* targets[kMaxRanks];
  for (uint32_t s = 0; s < f.sourceCount; s++) sources[s] = at<uint8_t>(f.sources[s]) + first * item;
  for (uint32_t t = 0; t < f.targetCount; t++) targets[t] = at<uint8_t>(f.targets[t]) + first * item;
  if (f.descriptor.operation != kBroadcast) {
    reduce(f.descriptor.dtype, f.descriptor.op, sources, f.sourceCount, targets, f.targetCount, count * item);
  } else {
    copy(sources[0], targets, f.targetCount, count * item);
  }
}

void run_small(CallBlock& f) {
  f.result = 0;
  const uint64_t bytes = f.descriptor.count * (f.descriptor.operation == kBarrier ? 0 : item_bytes(f));
  if (bytes == 0 || is_shared(f) || !receives(f, f.self)) return;
  if (!is_small(f)) {
    // A large broadcast whose members all copy from the root's staging.
    f.result = f.sources[0];
    return;
  }
  if (f.descriptor.operation == kBroadcast) {
    const Address source = descriptor_of(f, uint32_t(f.descriptor.root)).address;
    if (f.target != 0 && !(sends(f, f.self) && f.source == f.target)) memcpy(at<uint8_t>(f.target), at<uint8_t>(source), bytes);
    return;
  }
  if (copies(f)) copy_own(f);
  else fold_own(f, 0, f.descriptor.count, f.target);
}

void run_alone(CallBlock& f) {
  f.chunkCount = f.pieceCount;
  f.result = 0;
  if (is_ragged(f)) {
    f.result = f.descriptor.stagingAddress;
    return;
  }
  if (!receives(f, f.self)) return;
  if (copies(f)) {
    if (f.target != 0) copy_own(f);
    else f.result = own_source(f, 0);
    return;
  }
  if (f.target != 0) {
    fold_own(f, 0, f.pieceCount, f.target);
    return;
  }
  const uint64_t fits = kScratchBytes / item_bytes(f);
  if (f.chunkCount > fits) f.chunkCount = fits;
  f.result = f.staging + 2 * f.stagingBytes;
  fold_own(f, 0, f.chunkCount, f.result);
}

uint64_t fold_on(CallBlock& f, uint64_t first) {
  const uint64_t left = f.pieceCount - first;
  const uint64_t count = left < f.chunkCount ? left : f.chunkCount;
  fold_own(f, first, count, f.result);
  return count;
}

Address result_block(const CallBlock& f, uint32_t index) {
  if (is_ragged(f)) return descriptor_of(f, index).stagingAddress;
  if (!copies(f)) return f.result;
  return f.foldsAlone ? own_source(f, index) : staged_result(f, index);
}

}  // namespace shoal
