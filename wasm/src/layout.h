// The layout of the node window: what stands where in shared linear memory, and who may write it.
// src/backend/window/layout.ts mirrors every number here; test/wasm/contract.test.ts compares the two.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace shoal {

using Address = uint32_t;  // an offset into linear memory; 0 means "none"

constexpr uint32_t kLineBytes = 128;        // two cache lines: the adjacent-line prefetcher pairs them
constexpr uint32_t kRing = 8;               // descriptors per member
constexpr uint32_t kMaxRanks = 256;         // ranks of one host
constexpr uint32_t kMaxChunks = 1024;       // claim/done pairs per slot
constexpr uint32_t kChunkBytes = 64 * 1024; // smallest chunk of a large call
constexpr uint32_t kSmallBytes = 512;       // up to here every member folds for itself, wherever its array lies
constexpr uint32_t kAloneBytes = 32 * 1024; // staged calls: bytes for each member beyond the second, up to which each folds alone
constexpr uint32_t kPairAloneBytes = 4 * 1024; // staged calls of two members: up to here each folds alone
constexpr uint32_t kScratchBytes = 16 * 1024; // of one group: results that are copied out of the window
constexpr uint32_t kNameBytes = 64;         // how much of a call's name travels

// What makes node-shared arrays sums what each member says of them, as a small allreduce.
enum Operation : uint8_t {
  kBarrier = 1, kBroadcast = 2, kAllreduce = 3, kEmptyShared = 4, kReduce = 5,
  kAllgather = 6, kGather = 7, kScatter = 8, kReduceScatter = 9, kAlltoall = 10, kScan = 11, kExscan = 12,
  // An allgather of what the ranks say of the blocks of the call that follows; `root` has that call's operation.
  kCounts = 13,
  // Blocks of any length: each rank stages what it brings, and takes what it gets from the stagings by itself.
  kAllgatherv = 14, kGatherv = 15, kScatterv = 16, kAlltoallv = 17,
};
enum DescriptorState : uint8_t { kArrived = 1, kRefused = 2, kFinished = 3 };
enum Flag : uint8_t {
  kStaged = 1,  // its array is outside the window: it copies in and out of its staging itself
  kPiece = 2,   // a later piece of a call whose plain arrays exceed the staging
};

enum AgreedFlag : uint8_t {
  kSharedTarget = 1,  // all members have the same part of a node-shared array as their target
};

// One member's announcement of one call. `sequence` is stored last (release) and read first (acquire). The first 64 bytes
// say all of a call without a name; operation … nameLength must agree over all members and stand together.
struct Descriptor {
  uint64_t sequence;
  uint32_t lease;
  uint8_t state;
  uint8_t flags;
  uint16_t code;  // of a refusal: index into the error codes of src/errors.ts
  Address address;        // input
  Address targetAddress;  // where this member's result goes; `address` when in place
  Address stagingAddress; // this member's staging half for this sequence
  Address countsAddress;  // v-forms
  uint8_t operation;
  uint8_t dtype;
  uint8_t op;
  uint8_t agreedFlags;
  int32_t root;
  uint64_t count;  // elements of a block, in all pieces
  uint64_t nameLength;
  uint8_t payload[8];  // of a call of at most so many bytes
  // The name of the call; of a call without one its payload, if that fits here and not above.
  alignas(64) uint8_t name[kNameBytes];
};
static_assert(sizeof(Descriptor) == 128, "a descriptor is 128 bytes");
constexpr uint32_t kAgreedOffset = offsetof(Descriptor, operation);
constexpr uint32_t kAgreedBytes = 24;

// Words of one member. Each word has one writer: the member; but `dead`, which its control side writes.
struct Member {
  Descriptor descriptors[kRing];
  struct alignas(kLineBytes) { uint64_t departed; } progress;  // written in every call: who waits reads the other lines
  struct alignas(kLineBytes) { uint32_t busy; } touch;     // 1 while the member reads or writes others' memory
  // asleep: 1 while it waits for its doorbell. finished: 0, or the sequence at which the function returned.
  struct alignas(kLineBytes) { uint32_t asleep; uint32_t padding; uint64_t finished; } sleep;
  // dead: 1 once its thread or process is proven gone. The rest is of messages (section "Messages" of
  // docs/window-protocol.md): outbox: where its lanes are listed. openers: lanes to it that were opened; those who open
  // one add 1. waitsFor, waitsTag: what it waits for, for errors of others.
  struct alignas(kLineBytes) { uint32_t dead; Address outbox; uint32_t openers; uint32_t waitsFor; int32_t waitsTag; } control;
};
static_assert(sizeof(Member) == kRing * 128 + 4 * kLineBytes, "members are packed lines");

struct Claim {
  uint64_t claimed;  // compare-and-swap to the sequence
  uint64_t done;     // the sequence, after the last write of the chunk
};

// One lease at a time. `abort` goes from 0 to a reason once and is cleared only when the lease has ended; the control
// sides set it together with a look at `lease`, as one word of 64 bits, so that a late order hits no later lease.
struct alignas(kLineBytes) Slot {
  struct alignas(kLineBytes) { uint32_t abort; uint32_t lease; } control;
  Claim claims[kMaxChunks];
  Member members[1];  // as many as the host has ranks
};
constexpr uint32_t kMembersOffset = offsetof(Slot, members);

}  // namespace shoal
