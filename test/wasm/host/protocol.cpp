// The protocol on real threads: random calls, refusals, early leavers, under AddressSanitizer, UBSan and
// ThreadSanitizer. Every result is checked. After leaving early a rank overwrites its array at once, as a caller would,
// so that a write that comes too late is a data race or a wrong sum.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "dtype.h"
#include "memory.h"
#include "plan.h"
#include "protocol.h"

namespace shoal {
uint8_t* linear_memory = nullptr;
}
using namespace shoal;

namespace {

constexpr uint32_t kStagingBytes = 64 * 1024;
constexpr uint32_t kArrayBytes = 512 * 1024;
constexpr float kUntouched = -7;
constexpr uint8_t kOperations[] = {kAllreduce, kAllreduce, kAllreduce, kAllreduce, kBroadcast, kReduce,   kAllgather,
                                   kGather,    kScatter,   kReduceScatter, kAlltoall, kScan, kExscan};
constexpr uint32_t kRankBytes = 2 * kStagingBytes + kScratchBytes + kArrayBytes;
std::atomic<int> failures{0};
std::atomic<long> completed{0}, left{0}, refused{0}, continued{0};

void fail(const char* what, uint32_t rank, uint64_t sequence) {
  if (failures++ < 10) printf("rank %u call %llu: %s\n", rank, (unsigned long long)sequence, what);
}

// The same on every rank: the calls of a round are a function of seed and sequence.
uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15ull + b;
  x ^= x >> 31;
  x *= 0xbf58476d1ce4e5b9ull;
  return x ^ (x >> 29);
}

struct Round {
  uint32_t size;
  uint64_t seed;
  Address slot;
  Address ranks;
  bool mayLeave;
};

// Element i of what this rank gets, by definition.
template <typename Element>
float expected(const CallBlock& f, const Element& element, uint64_t i) {
  const uint64_t count = f.descriptor.count, block = i / count, within = i % count;
  const uint32_t root = uint32_t(f.descriptor.root);
  switch (f.descriptor.operation) {
    case kBroadcast: return element(root, i);
    case kAllgather: case kGather: return element(uint32_t(block), within);
    case kScatter: return element(root, f.self * count + i);
    case kAlltoall: return element(uint32_t(block), f.self * count + within);
    default: break;
  }
  const uint8_t operation = f.descriptor.operation;
  const uint32_t ranks = operation == kScan ? f.self + 1 : operation == kExscan ? f.self : f.size;
  float sum = 0;
  for (uint32_t r = 0; r < ranks; r++) sum += element(r, operation == kReduceScatter ? f.self * count + i : i);
  return sum;
}

// One rank's calls; returns when the round is over or the lease aborted.
void run_rank(const Round& round, uint32_t self) {
  auto frame_owner = std::make_unique<CallBlock>();
  CallBlock& f = *frame_owner;
  memset(&f, 0, sizeof f);
  f.slot = round.slot;
  f.self = self;
  f.size = round.size;
  f.staging = round.ranks + self * kRankBytes;
  f.stagingBytes = kStagingBytes;
  const Address array = f.staging + 2 * kStagingBytes + kScratchBytes;
  std::vector<float> ownIn, ownOut;
  uint64_t sequence = 0;
  for (uint64_t call = 0; call < 40; call++) {
    const uint64_t dice = mix(round.seed, call);
    // Each rank its own kind of array, or none in the window: then all take alone what they get.
    const bool window = mix(dice, self) % 2 && (dice >> 48) % 2;
    const bool refuses = dice % 11 == 0 && mix(dice, self) % 3 == 0;
    f.descriptor.lease = 1;
    f.descriptor.operation = kOperations[(dice >> 40) % (sizeof kOperations)];
    const uint32_t root = uint32_t((dice >> 44) % round.size);
    const uint64_t blocksIn = blocks_brought(f), blocksOut = blocks_got(f);
    const bool inPlace = blocksIn + blocksOut == 2;
    const uint64_t longest = inPlace ? 100000 : 12000;
    const uint64_t count = (dice >> 8) % 4 == 0 ? (dice >> 16) % longest : (dice >> 16) % 1500;
    f.descriptor.dtype = kFloat32;
    f.descriptor.op = kSum;
    f.descriptor.root = int32_t(root);
    f.descriptor.count = count;
    const bool isSender = sends(f, self), isReceiver = receives(f, self);
    const auto element = [&](uint32_t rank, uint64_t i) { return float((rank + 1) * 3 + (i + dice) % 5); };
    const uint64_t totalIn = blocksIn * count, totalOut = blocksOut * count;
    ownIn.resize(totalIn + 1);  // never without data(), also for count 0
    ownOut.resize(totalOut + 1);
    float* in = window ? at<float>(array) : ownIn.data();
    float* out = inPlace ? in : window ? in + totalIn : ownOut.data();
    for (uint64_t i = 0; i < totalOut; i++) out[i] = kUntouched;
    for (uint64_t i = 0; i < totalIn; i++) in[i] = element(self, i);

    uint64_t done = 0;
    bool ended = false;
    do {
      f.descriptor.sequence = ++sequence;
      f.pieceStart = done;
      const bool small = is_small(f);
      const Address scratch = f.staging + 2 * kStagingBytes;
      const Address inAddress = Address(array + done * 4), outAddress = inPlace ? inAddress : Address(inAddress + totalIn * 4);
      f.source = window ? inAddress : small ? scratch : 0;
      f.target = window ? outAddress : small ? scratch : 0;
      while (!may_arrive(f, !refuses)) {
        if (load(at<Slot>(round.slot)->control.abort)) break;
        std::this_thread::yield();
      }
      if (refuses && !load(at<Slot>(round.slot)->control.abort)) {
        refuse(f);
        refused++;
        ended = true;
        break;
      }
      if (!window && small && isSender) memcpy(at<uint8_t>(scratch), in, totalIn * 4);
      if (!window && !small && isSender && may_arrive(f, true)) {
        const uint64_t fits = kStagingBytes / (4 * blocks_staged(f));
        const uint64_t piece = count - done < fits ? count - done : fits;
        const Address half = f.staging + (sequence & 1 ? kStagingBytes : 0);
        for (uint64_t b = 0; b < blocksIn; b++) memcpy(at<uint8_t>(half) + b * piece * 4, in + b * count + done, piece * 4);
      }
      uint32_t given = start(f, sequence, 20);
      uint32_t status = given & 0xff;
      uint32_t waits = 0;
      const bool leaves = round.mayLeave && mix(dice, 77 + self) % 97 == 0;
      while (status == kPending) {
        if (leaves && ++waits > mix(dice, 3) % 50) {
          abort_lease(f, 1);
          status = kAborted;
          break;
        }
        std::this_thread::yield();
        given = advance(f, 20);
        status = given & 0xff;
      }
      const bool early = status == kAborted;
      if (early) {
        while ((status = leave(f)) == kPending) std::this_thread::yield();
      }
      if (status == kLeft) {
        for (uint64_t i = 0; i < totalOut; i++) out[i] = -1;  // the caller's array again
        std::this_thread::yield();
        for (uint64_t i = 0; i < totalOut; i++) if (out[i] != -1) fail("written after it left", self, sequence);
        left++;
        return;
      }
      if (status == kEnded) {
        ended = true;
        break;
      }
      if (status != kComplete) fail("unexpected status", self, sequence);
      if (!window && small && isReceiver && count != 0) {
        // In place of a broadcast's root the scratch has what it brought.
        memcpy(out, at<uint8_t>(scratch), totalOut * 4);
      } else if (!window && isReceiver && blocksOut > 1) {
        for (uint64_t b = 0; b < blocksOut && count != 0; b++) {
          memcpy(out + b * count + done, at<uint8_t>(result_block(f, uint32_t(b))), f.pieceCount * 4);
        }
      } else if (!window && isReceiver && !(f.descriptor.operation == kBroadcast && root == self)) {
        uint64_t part = (given & kFoldsOn) ? f.chunkCount : f.pieceCount;
        for (uint64_t from = 0; from < f.pieceCount; part = from < f.pieceCount ? fold_on(f, from) : 0) {
          memcpy(out + done + from, at<uint8_t>(f.result), part * 4);
          from += part;
        }
        if (given & kFoldsOn) continued++;
      }
      if (early || (given & kCopiesOut)) depart(f);
      done += f.pieceCount;
    } while (done < count);
    const auto before = [&](uint64_t i) { return inPlace ? element(self, i) : kUntouched; };
    if (ended) {
      for (uint64_t i = done; i < totalOut; i++) if (out[i] != before(i)) fail("a refused call wrote", self, sequence);
      continue;
    }
    completed++;
    for (uint64_t i = 0; i < totalOut; i++) {
      const float want = isReceiver ? expected(f, element, i) : before(i);
      if (out[i] != want) {
        fail("wrong result", self, sequence);
        break;
      }
    }
  }
  f.descriptor.sequence = sequence + 1;
  finish(f);
}

}  // namespace

int main() {
  const uint32_t slotBytes = kMembersOffset + 4 * sizeof(Member);
  const size_t bytes = 65536 + slotBytes + 4 * size_t(kRankBytes);
  linear_memory = static_cast<uint8_t*>(aligned_alloc(65536, (bytes + 65535) / 65536 * 65536));
  for (uint64_t seed = 1; seed <= 60; seed++) {
    for (uint32_t size : {2u, 3u, 4u}) {
      const Round round = {size, seed * 1000 + size, 65536, 65536 + (slotBytes + 127) / 128 * 128, seed % 2 == 0};
      memset(at<uint8_t>(round.slot), 0, slotBytes);
      std::vector<std::thread> threads;
      for (uint32_t rank = 0; rank < size; rank++) threads.emplace_back([&round, rank] { run_rank(round, rank); });
      for (std::thread& thread : threads) thread.join();
    }
  }
  free(linear_memory);
  printf("%ld completed, %ld refused, %ld left early, %ld folded in parts, %d failures\n", completed.load(), refused.load(),
         left.load(), continued.load(), failures.load());
  return failures == 0 && completed > 1000 && left > 10 && refused > 100 && continued > 100 ? 0 : 1;
}
