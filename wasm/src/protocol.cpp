#include "protocol.h"

#include <string.h>

#include "dtype.h"
#include "kernels.h"
#include "memory.h"
#include "plan.h"

namespace shoal {
namespace {

Slot& slot_of(const CallBlock& f) { return *at<Slot>(f.slot); }
Member& member_of(const CallBlock& f, uint32_t rank) { return slot_of(f).members[rank]; }
Descriptor& own_descriptor(const CallBlock& f) { return member_of(f, f.self).descriptors[f.descriptor.sequence % kRing]; }

// About a microsecond.
constexpr uint32_t kTurnsBeforeHelp = 300;

bool aborted(const CallBlock& f) { return load(slot_of(f).control.abort) != 0; }

// Rules 2, 6 and 7: whoever makes a condition true notifies the sleepers. One step can make two conditions true, and notifies
// after both: those asleep now are the ones, since whoever has woken in between checks again before it sleeps.
void notify_sleepers(CallBlock& f) {
  f.notifyCount = 0;
  for (uint32_t m = 0; m < f.size; m++) {
    if (m != f.self && load(member_of(f, m).sleep.asleep)) f.notify[f.notifyCount++] = m;
  }
}

// Up to kSmallBytes, without the cost of calling memcpy: blocks as kernels copy them, then words, then bytes.
void copy_small(uint8_t* target, const uint8_t* source, uint64_t bytes) {
  constexpr uint64_t kBlockBytes = 64;
  uint64_t i = bytes > kBlockBytes ? bytes / kBlockBytes * kBlockBytes : 0;
  if (i != 0) copy(source, &target, 1, i);
  for (; i + 8 <= bytes; i += 8) memcpy(target + i, source + i, 8);
  for (; i < bytes; i++) target[i] = source[i];
}

enum Gathered { kMissing, kAll, kAnEnd };

// A member that refused this call or has finished decides it before the others arrive:
// whatever they bring, the call cannot succeed.
Gathered gather(const CallBlock& f) {
  const uint64_t sequence = f.descriptor.sequence;
  uint32_t arrived = 0;
  for (uint32_t m = 0; m < f.size; m++) {
    const Descriptor& descriptor = descriptor_of(f, m);
    if (load(descriptor.sequence) == sequence) {
      if (descriptor.state != kArrived) return kAnEnd;
      arrived++;
    } else {
      const uint64_t finished = load(member_of(f, m).sleep.finished);
      if (finished != 0 && finished <= sequence) return kAnEnd;
    }
  }
  return arrived == f.size ? kAll : kMissing;
}

void publish(CallBlock& f, DescriptorState state) {
  Descriptor& own = own_descriptor(f);
  // The payload of a small call stands there already.
  memcpy(reinterpret_cast<uint8_t*>(&own) + sizeof(own.sequence),
         reinterpret_cast<const uint8_t*>(&f.descriptor) + sizeof(own.sequence),
         offsetof(Descriptor, payload) - sizeof(own.sequence));
  if (f.descriptor.nameLength != 0) memcpy(own.name, f.descriptor.name, sizeof(own.name));
  own.state = state;
  store(own.sequence, f.descriptor.sequence);
}

// Where the payload of a small call stands until all have departed: beside the descriptor if it fits there.
Address payload_place(CallBlock& f, uint64_t bytes) {
  if (bytes <= sizeof(Descriptor::payload)) return address_of(own_descriptor(f).payload);
  if (bytes > kNameBytes || f.descriptor.nameLength != 0) return staging_half(f);
  return address_of(own_descriptor(f).name);
}

void arrive(CallBlock& f) {
  if (f.descriptor.operation != kBarrier) {
    const bool small = is_small(f);
    const uint64_t bytes = blocks_brought(f) * f.descriptor.count * item_bytes(f);
    f.descriptor.stagingAddress = staging_half(f);
    f.descriptor.address = small ? payload_place(f, bytes) : f.source != 0 ? f.source : f.descriptor.stagingAddress;
    f.descriptor.targetAddress = f.target;
    f.descriptor.flags = uint8_t((f.source == 0 || f.target == 0 ? kStaged : 0) | (f.pieceStart ? kPiece : 0));
    if (small && sends(f, f.self)) copy_small(at<uint8_t>(f.descriptor.address), at<uint8_t>(f.source), bytes);
  }
  publish(f, kArrived);
  if (gather(f) != kMissing) notify_sleepers(f);
}

// Rule 5. Between touch() and release() this rank reads and writes other members' memory.
bool touch(CallBlock& f) {
  Member& own = member_of(f, f.self);
  store(own.touch.busy, 1u);
  if (!aborted(f)) return true;
  store(own.touch.busy, 0u);
  return false;
}
void release(CallBlock& f) { store(member_of(f, f.self).touch.busy, 0u); }

// Few chunks have a line each, so that ranks that claim theirs do not wait for one another.
Claim& claim_of(const CallBlock& f, uint32_t chunk) {
  constexpr uint32_t kPerLine = kLineBytes / sizeof(Claim);
  return slot_of(f).claims[f.chunks <= kMaxChunks / kPerLine ? chunk * kPerLine : chunk];
}

bool all_done(CallBlock& f) {
  while (f.firstUndone < f.chunks && load(claim_of(f, f.firstUndone).done) == f.descriptor.sequence) f.firstUndone++;
  return f.firstUndone == f.chunks;
}

// Claims and works the chunks from `first` to before `last` that nobody has claimed; false when the lease was aborted.
bool work_chunks(CallBlock& f, uint32_t first, uint32_t last) {
  for (uint32_t chunk = first; chunk < last; chunk++) {
    Claim& claim = claim_of(f, chunk);
    const uint64_t seen = load(claim.claimed);
    if (seen == f.descriptor.sequence || !swap(claim.claimed, seen, f.descriptor.sequence)) continue;
    if (!touch(f)) return false;
    run_chunk(f, chunk);
    store(claim.done, f.descriptor.sequence);
    release(f);
  }
  return true;
}

// Rule 4: this rank's own share.
Status work(CallBlock& f) {
  if (f.chunks == 0) {
    // Reads nothing but staged payloads, which rules 2 and 8 keep, and writes this rank's own memory: no touch.
    if (f.foldsAlone) run_alone(f);
    else run_small(f);
    return kComplete;
  }
  const auto first = [&f](uint32_t rank) { return uint32_t(uint64_t(rank) * f.chunks / f.size); };
  if (!work_chunks(f, first(f.self), first(f.self + 1))) return kAborted;
  f.phase = kHelp;
  return kPending;
}

// Rule 4: then anybody's. Ranks that go through a call together work on their own shares, which their caches hold: one that
// is ready waits some turns before it takes over what nobody has claimed.
Status help(CallBlock& f, uint32_t turns) {
  for (uint32_t turn = 0; turn < turns && turn < kTurnsBeforeHelp; turn++) {
    if (all_done(f)) break;
    if (aborted(f)) return kAborted;
  }
  if (!all_done(f) && !work_chunks(f, 0, f.chunks)) return kAborted;
  f.phase = kFinish;
  if (all_done(f)) notify_sleepers(f);
  return kPending;
}

}  // namespace

bool may_arrive(CallBlock& f, bool staging) {
  const uint64_t depth = staging ? 2 : kRing;
  if (f.pastDeparted + depth >= f.descriptor.sequence) return true;
  uint64_t least = UINT64_MAX;
  for (uint32_t m = 0; m < f.size; m++) {
    const uint64_t departed = load(member_of(f, m).progress.departed);
    if (departed < least) least = departed;
  }
  f.pastDeparted = least;
  return least + depth >= f.descriptor.sequence;
}

namespace {

Status run(CallBlock& f, uint32_t turns) {
  if (f.phase == kPrepare) {
    if (aborted(f)) return kAborted;
    if (!may_arrive(f, true)) return kPending;
    arrive(f);
    f.phase = kWaitForAll;
    // Those asleep are to be notified before this rank works: a long call is then shared out.
    if (f.notifyCount != 0 && !is_small(f)) return kPending;
  }
  if (f.phase == kWaitForAll) {
    for (uint32_t turn = 0;; turn++) {
      if (aborted(f)) return kAborted;
      const Gathered gathered = gather(f);
      if (gathered == kAnEnd) return kEnded;
      if (gathered == kAll) break;
      if (turn >= turns) return kPending;
    }
    // Who has arrived here has departed from the call before: rule 2 needs no look at `departed` next time.
    f.pastDeparted = f.descriptor.sequence - 1;
    if (!plan(f)) return kMismatch;
    f.phase = kWork;
  }
  if (f.phase == kWork) {
    const Status status = work(f);
    if (status == kComplete) f.phase = kDone;
    if (status != kPending) return status;
  }
  if (f.phase == kHelp) {
    const Status status = help(f, turns);
    if (status != kPending) return status;
  }
  if (f.phase == kFinish) {
    for (uint32_t turn = 0;; turn++) {
      if (all_done(f)) break;
      if (aborted(f)) return kAborted;
      if (turn >= turns) return kPending;
    }
    f.phase = kDone;
  }
  return kComplete;
}

}  // namespace

uint32_t advance(CallBlock& f, uint32_t turns) {
  f.notifyCount = 0;
  const Status status = run(f, turns);
  // What was folded alone into the scratch, whole, is this rank's own: nobody waits for the copy.
  const bool isOwn = f.foldsAlone && !folds_on(f) && !copies(f) && !is_ragged(f);
  const bool copiesOut = status == kComplete && f.target == 0 && f.result != 0 && !isOwn;
  if (status != kPending && status != kAborted && !copiesOut) depart(f);
  return status | (f.notifyCount != 0 ? kNotifies : 0) | (copiesOut ? kCopiesOut : 0) |
         (copiesOut && f.foldsAlone ? kFoldsOn : 0);
}

uint32_t start(CallBlock& f, uint64_t sequence, uint32_t turns) {
  f.descriptor.sequence = sequence;
  f.phase = kPrepare;
  return advance(f, turns);
}

void depart(CallBlock& f) { store(member_of(f, f.self).progress.departed, f.descriptor.sequence); }

void refuse(CallBlock& f) {
  f.notifyCount = 0;
  publish(f, kRefused);
  notify_sleepers(f);
  depart(f);
}

void finish(CallBlock& f) {
  f.notifyCount = 0;
  // The descriptor serves error reports; the word alone decides, so a full ring delays nobody.
  if (may_arrive(f, false)) publish(f, kFinished);
  store(member_of(f, f.self).sleep.finished, f.descriptor.sequence);
  notify_sleepers(f);
}

uint32_t abort_lease(CallBlock& f, uint32_t reason) {
  f.notifyCount = 0;
  Slot& slot = slot_of(f);
  if (swap(slot.control.abort, 0u, reason)) notify_sleepers(f);
  return load(slot.control.abort);
}

Status leave(CallBlock& f) {
  for (uint32_t m = 0; m < f.size; m++) {
    const Member& member = member_of(f, m);
    if (m != f.self && load(member.touch.busy) && !load(member.control.dead)) return kPending;
  }
  // The last chunk may have been finished between the decision to leave and now.
  if (f.phase == kWaitForAll && gather(f) == kAll && plan(f) && f.chunks != 0) f.phase = kFinish;
  if ((f.phase == kWork || f.phase == kHelp) && f.chunks != 0) f.phase = kFinish;
  if (f.phase == kDone || (f.phase == kFinish && all_done(f))) return kComplete;
  return kLeft;
}

}  // namespace shoal
