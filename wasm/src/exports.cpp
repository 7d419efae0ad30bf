// What JavaScript calls. src/kernels/wasm-module.ts declares the same names in the same order.
#include <stddef.h>

#include "dtype.h"
#include "kernels.h"
#include "plan.h"
#include "protocol.h"

using namespace shoal;

#define EXPORT extern "C" __attribute__((visibility("default"), used))

// The numbers that TypeScript mirrors, by index, compared by a test.
EXPORT uint32_t shoal_layout(uint32_t index) {
  constexpr uint32_t numbers[] = {
      kLineBytes, kRing, kMaxRanks, kMaxChunks, kChunkBytes, kSmallBytes, kScratchBytes, kNameBytes,
      sizeof(Descriptor), sizeof(Member), kMembersOffset, sizeof(CallBlock),
      offsetof(Member, progress), offsetof(Member, touch), offsetof(Member, sleep), offsetof(Member, sleep.finished),
      offsetof(Member, control), offsetof(Member, control.outbox), offsetof(Member, control.openers),
      offsetof(Member, control.waitsFor), offsetof(Member, control.waitsTag),
      offsetof(Descriptor, lease), offsetof(Descriptor, state), offsetof(Descriptor, code),
      offsetof(Descriptor, targetAddress), offsetof(Descriptor, operation),
      offsetof(Descriptor, dtype), offsetof(Descriptor, op), offsetof(Descriptor, agreedFlags), offsetof(Descriptor, root), offsetof(Descriptor, count),
      offsetof(Descriptor, nameLength), offsetof(Descriptor, name),
      offsetof(CallBlock, slot), offsetof(CallBlock, self), offsetof(CallBlock, size), offsetof(CallBlock, phase),
      offsetof(CallBlock, staging), offsetof(CallBlock, stagingBytes), offsetof(CallBlock, source), offsetof(CallBlock, target),
      offsetof(CallBlock, pieceStart), offsetof(CallBlock, pastDeparted), offsetof(CallBlock, pieceCount), offsetof(CallBlock, chunkCount), offsetof(CallBlock, result),
      offsetof(CallBlock, notifyCount), offsetof(CallBlock, descriptor), offsetof(CallBlock, notify),
  };
  return index < sizeof(numbers) / sizeof(numbers[0]) ? numbers[index] : 0;
}

// int MPI_Reduce_local's shape, over k sources; with none of them nothing is written. Returns 0 when there is no such kernel.
EXPORT uint32_t shoal_reduce(uint32_t dtype, uint32_t op, const uint8_t* const* sources, uint32_t k, uint8_t* target,
                             uint32_t count) {
  const uint64_t bytes = k != 0 && target && dtype < kDtypes ? uint64_t(count) * kItemBytes[dtype] : 0;
  return reduce(dtype, op, sources, k != 0 ? k : 1, target, bytes);
}

// void *memmove(void *dest, const void *src, size_t n);
EXPORT void shoal_copy(uint8_t* target, const uint8_t* source, uint32_t bytes) { __builtin_memmove(target, source, bytes); }

EXPORT uint32_t shoal_may_arrive(CallBlock* block, uint32_t staging) { return may_arrive(*block, staging != 0); }
// A sequence is a number of JavaScript.
EXPORT uint32_t shoal_start(CallBlock* block, double sequence, uint32_t turns) {
  return start(*block, uint64_t(sequence), turns);
}
EXPORT uint32_t shoal_advance(CallBlock* block, uint32_t turns) { return advance(*block, turns); }
EXPORT uint32_t shoal_fold_on(CallBlock* block, uint32_t first) { return uint32_t(fold_on(*block, first)); }
EXPORT Address shoal_result_block(CallBlock* block, uint32_t index) { return result_block(*block, index); }
EXPORT void shoal_depart(CallBlock* block) { depart(*block); }
EXPORT void shoal_refuse(CallBlock* block) { refuse(*block); }
EXPORT void shoal_finish(CallBlock* block) { finish(*block); }
EXPORT uint32_t shoal_abort(CallBlock* block, uint32_t reason) { return abort_lease(*block, reason); }
EXPORT uint32_t shoal_leave(CallBlock* block) { return leave(*block); }
