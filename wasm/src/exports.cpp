// What JavaScript calls. src/kernels/wasm-module.ts declares the same names in the same order.
#include <stddef.h>

#include "dtype.h"
#include "kernels.h"
#include "protocol.h"

using namespace shoal;

#define EXPORT extern "C" __attribute__((visibility("default"), used))

// The numbers that TypeScript mirrors, by index, compared by a test.
EXPORT uint32_t shoal_layout(uint32_t index) {
  constexpr uint32_t numbers[] = {
      kLineBytes, kRing, kMaxRanks, kMaxChunks, kChunkBytes, kSmallBytes, kNameBytes,
      sizeof(Record), sizeof(Member), kMembersOffset, sizeof(Frame),
      offsetof(Member, progress), offsetof(Member, touch), offsetof(Member, sleep), offsetof(Member, control),
      offsetof(Record, lease), offsetof(Record, state), offsetof(Record, code), offsetof(Record, operation),
      offsetof(Record, dtype), offsetof(Record, op), offsetof(Record, root), offsetof(Record, count),
      offsetof(Record, nameLength), offsetof(Record, name),
      offsetof(Frame, slot), offsetof(Frame, self), offsetof(Frame, size), offsetof(Frame, phase),
      offsetof(Frame, staging), offsetof(Frame, stagingBytes), offsetof(Frame, source), offsetof(Frame, target),
      offsetof(Frame, pieceStart), offsetof(Frame, pieceCount), offsetof(Frame, result),
      offsetof(Frame, ringCount), offsetof(Frame, draft), offsetof(Frame, ring),
  };
  return index < sizeof(numbers) / sizeof(numbers[0]) ? numbers[index] : 0;
}

// int MPI_Reduce_local's shape, over k sources; with none of them nothing is written. Returns 0 when there is no such kernel.
EXPORT uint32_t shoal_reduce(uint32_t dtype, uint32_t op, const uint8_t* const* sources, uint32_t k, uint8_t* target,
                             uint32_t count) {
  const uint64_t bytes = k != 0 && target && dtype < kDtypes ? uint64_t(count) * kItemBytes[dtype] : 0;
  return reduce(dtype, op, sources, k != 0 ? k : 1, target, bytes);
}

EXPORT uint32_t shoal_may_arrive(const Frame* frame, uint32_t staging) { return may_arrive(*frame, staging != 0); }
EXPORT uint32_t shoal_advance(Frame* frame, uint32_t turns) { return advance(*frame, turns); }
EXPORT void shoal_depart(Frame* frame) { depart(*frame); }
EXPORT void shoal_refuse(Frame* frame) { refuse(*frame); }
EXPORT void shoal_finish(Frame* frame) { finish(*frame); }
EXPORT uint32_t shoal_abort(Frame* frame, uint32_t reason) { return abort_lease(*frame, reason); }
EXPORT uint32_t shoal_leave(Frame* frame) { return leave(*frame); }
