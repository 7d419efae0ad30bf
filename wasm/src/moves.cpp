#include "moves.h"

#include "kernels.h"
#include "memory.h"
#include "plan.h"

namespace shoal {
namespace {

Address in_block(const CallBlock& f, uint32_t rank, uint32_t block) {
  const Descriptor& descriptor = descriptor_of(f, rank);
  const bool staged = descriptor.address == descriptor.stagingAddress;
  return descriptor.address + Address(block * (staged ? f.pieceCount : f.descriptor.count) * item_bytes(f));
}

Address out_block(const CallBlock& f, uint32_t rank, uint32_t block) {
  const Descriptor& descriptor = descriptor_of(f, rank);
  if (descriptor.targetAddress != 0) {
    return descriptor.targetAddress + Address(block * f.descriptor.count * item_bytes(f));
  }
  const uint32_t before = blocks_staged(f) == 1 ? 0 : blocks_brought(f);
  return descriptor.stagingAddress + Address((before + block) * f.pieceCount * item_bytes(f));
}

// A rank may bring and get the same memory: then there is nothing to do.
void copy_to(Address source, Address target, uint64_t bytes) {
  if (source == target) return;
  uint8_t* to = at<uint8_t>(target);
  copy(at<uint8_t>(source), &to, 1, bytes);
}

// The first `k` ranks' blocks into one.
void fold_blocks(const CallBlock& f, uint32_t k, uint32_t block, uint64_t first, uint64_t count, Address target) {
  const uint64_t item = item_bytes(f);
  const uint8_t* sources[kMaxRanks];
  for (uint32_t m = 0; m < k; m++) sources[m] = at<uint8_t>(in_block(f, m, block)) + first * item;
  reduce(f.descriptor.dtype, f.descriptor.op, sources, k, at<uint8_t>(target), count * item);
}

void run_allgather(const CallBlock& f, uint32_t unit, uint64_t offset, uint64_t bytes) {
  const Address source = in_block(f, unit, 0) + Address(offset);
  uint8_t* targets[kMaxRanks];
  uint32_t targetCount = 0;
  for (uint32_t m = 0; m < f.size; m++) {
    if (is_shared(f) && m != 0) break;
    const Address target = out_block(f, m, unit) + Address(offset);
    if (target != source) targets[targetCount++] = at<uint8_t>(target);
  }
  if (targetCount != 0) copy(at<uint8_t>(source), targets, targetCount, bytes);
}

}  // namespace

uint32_t unit_count(const CallBlock& f) {
  const uint8_t operation = f.descriptor.operation;
  return is_whole(f) || operation == kScan || operation == kExscan ? 1 : f.size;
}

void run_unit(const CallBlock& f, uint32_t unit, uint64_t first, uint64_t count) {
  const uint64_t item = item_bytes(f);
  const Address offset = Address(first * item);
  const uint64_t bytes = count * item;
  const uint32_t root = uint32_t(f.descriptor.root);
  switch (f.descriptor.operation) {
    case kAllgather:
    case kCounts:
      run_allgather(f, unit, offset, bytes);
      break;
    case kGather:
      copy_to(in_block(f, unit, 0) + offset, out_block(f, root, unit) + offset, bytes);
      break;
    case kScatter:
      copy_to(in_block(f, root, unit) + offset, out_block(f, unit, 0) + offset, bytes);
      break;
    case kAlltoall:
      for (uint32_t m = 0; m < f.size; m++) {
        copy_to(in_block(f, m, unit) + offset, out_block(f, unit, m) + offset, bytes);
      }
      break;
    case kReduceScatter:
      fold_blocks(f, f.size, unit, first, count, out_block(f, unit, 0) + offset);
      break;
    case kScan:
    case kExscan:
      // From the last rank down: a rank whose result goes in place is read by those after it alone.
      for (uint32_t m = f.size; m-- > 0;) {
        const uint32_t k = f.descriptor.operation == kScan ? m + 1 : m;
        if (k != 0) fold_blocks(f, k, 0, first, count, out_block(f, m, 0) + offset);
      }
      break;
    default:
      break;
  }
}

void fold_own(const CallBlock& f, uint64_t first, uint64_t count, Address target) {
  const uint8_t operation = f.descriptor.operation;
  const uint32_t k = operation == kScan ? f.self + 1 : operation == kExscan ? f.self : f.size;
  fold_blocks(f, k, operation == kReduceScatter ? f.self : 0, first, count, target);
}

Address own_source(const CallBlock& f, uint32_t block) {
  switch (f.descriptor.operation) {
    case kScatter:
      return in_block(f, uint32_t(f.descriptor.root), f.self);
    case kAlltoall:
      return in_block(f, block, f.self);
    default:
      return in_block(f, block, 0);
  }
}

void copy_own(const CallBlock& f) {
  const uint64_t stride = f.descriptor.count * item_bytes(f);
  const uint64_t bytes = f.pieceCount * item_bytes(f);
  for (uint32_t b = 0; b < blocks_got(f); b++) copy_to(own_source(f, b), f.target + Address(b * stride), bytes);
}

Address staged_result(const CallBlock& f, uint32_t block) { return out_block(f, f.self, block); }

}  // namespace shoal
