// The window protocol: how the ranks of one group on one host go through one collective.
// docs/window-protocol.md has the rules by number; the numbers in comments here refer to them.
#pragma once
#include "layout.h"

namespace shoal {

enum Status : uint32_t {
  kPending = 0,   // waits for other members: call again
  kComplete = 1,  // the result stands; a caller that copies it out of `result` calls depart() afterwards
  kMismatch = 2,  // all arrived and disagree: nothing was written
  kEnded = 3,     // a member refused this call or has finished: nothing was written
  kAborted = 4,   // the lease was aborted: leave()
  kLeft = 5,      // leave(): nobody touches this rank's memory any more
};
// Beside a status: `notify` has members; the caller copies its result out of `result` and then calls depart().
constexpr uint32_t kNotifies = 0x100;
constexpr uint32_t kCopiesOut = 0x200;
// Beside kCopiesOut: `result` has the first `chunkCount` elements; fold_on() folds the next ones there.
constexpr uint32_t kFoldsOn = 0x400;

enum Phase : uint32_t { kPrepare = 0, kWaitForAll = 1, kWork = 2, kHelp = 3, kFinish = 4, kDone = 5 };

// One rank's side of one call. Private to the rank; filled by the caller up to `descriptor`.
struct CallBlock {
  Address slot;
  uint32_t self;
  uint32_t size;
  uint32_t phase;         // set to kPrepare for every call and piece
  Address staging;        // two halves of stagingBytes, then kScratchBytes of scratch
  uint32_t stagingBytes;  // of one half; the same on every rank of the pool
  // Up to kSmallBytes both are addresses of this rank's own. Above, 0 stands for an array outside the window: the caller
  // copies it into staging_half() before the call starts, and out of `result` afterwards.
  Address source;
  Address target;
  uint64_t pieceStart;    // elements of the call that earlier pieces have done
  // Filled here.
  uint64_t pastDeparted;  // every member has departed from this call, as far as this rank knows; 0 when a lease begins
  uint64_t pieceCount;  // elements of this piece
  Address result;       // where a caller without a window target finds its result
  uint32_t chunks;
  uint32_t ranges;      // chunks per unit of work
  uint64_t chunkCount;  // elements per chunk, or per turn of fold_on()
  uint32_t firstUndone;
  uint32_t sourceCount;
  uint32_t targetCount;
  uint32_t notifyCount;  // members to notify after this call
  uint32_t foldsAlone;   // every member folds the staged inputs for itself (rule 4)
  Descriptor descriptor;        // sequence, lease, operation … name: what arrive() publishes
  Address sources[kMaxRanks];
  Address targets[kMaxRanks];
  uint32_t notify[kMaxRanks];
};

// Whether the descriptor and the staging half of this sequence are free (rule 2).
bool may_arrive(CallBlock& block, bool staging);
// Starts call `sequence` and goes on with it as far as it can, waiting at most `turns` turns in each phase. Returns a
// Status with the flags above. Departs at the end, but with kCopiesOut.
uint32_t start(CallBlock& block, uint64_t sequence, uint32_t turns);
// Goes on with a call that is pending.
uint32_t advance(CallBlock& block, uint32_t turns);
// Folds further elements of a piece, from `first` on, into `result`: chunkCount of them, or what is left. Returns how many.
uint64_t fold_on(CallBlock& block, uint64_t first);
// Ends this rank's part in the call: its descriptor and staging may be reused (rule 6).
void depart(CallBlock& block);
// Publishes a call that its own rank refused; departs at once.
void refuse(CallBlock& block);
// Publishes that the rank's function has returned.
void finish(CallBlock& block);
// Sets the abort word, if it is still clear, and lists whom to notify. Returns the reason that holds.
uint32_t abort_lease(CallBlock& block, uint32_t reason);
// Leaves a call early (rule 7): kPending while another member is busy, then kComplete or kLeft.
Status leave(CallBlock& block);

}  // namespace shoal
