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
Descriptor& descriptor_of(const CallBlock& f, uint32_t rank) {
  return member_of(f, rank).descriptors[f.descriptor.sequence % kRing];
}

bool aborted(const CallBlock& f) { return load(slot_of(f).control.abort) != 0; }

// Rules 2, 6 and 7: whoever makes a condition true notifies the sleepers. One step can make two conditions true, and notifies
// after both: those asleep now are the ones, since whoever has woken in between checks again before it sleeps.
void notify_sleepers(CallBlock& f) {
  f.notifyCount = 0;
  for (uint32_t m = 0; m < f.size; m++) {
    if (m != f.self && load(member_of(f, m).sleep.asleep)) f.notify[f.notifyCount++] = m;
  }
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
      const uint64_t finished = load(member_of(f, m).progress.finished);
      if (finished != 0 && finished <= sequence) return kAnEnd;
    }
  }
  return arrived == f.size ? kAll : kMissing;
}

void publish(CallBlock& f, DescriptorState state) {
  Descriptor& own = descriptor_of(f, f.self);
  memcpy(reinterpret_cast<uint8_t*>(&own) + sizeof(own.sequence),
         reinterpret_cast<const uint8_t*>(&f.descriptor) + sizeof(own.sequence), sizeof(Descriptor) - sizeof(own.sequence));
  own.state = state;
  store(own.sequence, f.descriptor.sequence);
}

void arrive(CallBlock& f) {
  if (f.descriptor.operation != kBarrier) {
    if (is_small(f) && f.source != 0 && sends(f)) {
      memcpy(at<uint8_t>(staging_half(f)), at<uint8_t>(f.source), f.descriptor.count * item_bytes(f));
    }
    const bool staged = f.source == 0 || f.target == 0;
    const bool own = !is_small(f) && f.source != 0;
    f.descriptor.stagingAddress = staging_half(f);
    f.descriptor.address = own ? f.source : f.descriptor.stagingAddress;
    f.descriptor.targetAddress = f.target;
    f.descriptor.flags = uint8_t((staged ? kStaged : 0) | (f.pieceStart ? kPiece : 0));
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

bool all_done(CallBlock& f) {
  Slot& slot = slot_of(f);
  while (f.firstUndone < f.chunks && load(slot.claims[f.firstUndone].done) == f.descriptor.sequence) f.firstUndone++;
  return f.firstUndone == f.chunks;
}

// Rule 4: claim chunks, the own share first, then anybody's.
Status work(CallBlock& f) {
  if (f.chunks == 0) {
    if (!touch(f)) return kAborted;
    run_small(f);
    release(f);
    return kComplete;
  }
  Slot& slot = slot_of(f);
  const uint32_t first = uint32_t(uint64_t(f.self) * f.chunks / f.size);
  for (uint32_t i = 0; i < f.chunks; i++) {
    const uint32_t chunk = first + i < f.chunks ? first + i : first + i - f.chunks;
    Claim& claim = slot.claims[chunk];
    const uint64_t seen = load(claim.claimed);
    if (seen == f.descriptor.sequence || !swap(claim.claimed, seen, f.descriptor.sequence)) continue;
    if (!touch(f)) return kAborted;
    run_chunk(f, chunk);
    store(claim.done, f.descriptor.sequence);
    release(f);
  }
  f.phase = kFinish;
  if (all_done(f)) notify_sleepers(f);
  return kPending;
}

}  // namespace

bool may_arrive(const CallBlock& f, bool staging) {
  const uint64_t depth = staging ? 2 : kRing;
  for (uint32_t m = 0; m < f.size; m++) {
    if (load(member_of(f, m).progress.departed) + depth < f.descriptor.sequence) return false;
  }
  return true;
}

Status advance(CallBlock& f, uint32_t turns) {
  f.notifyCount = 0;
  if (f.phase == kPrepare) {
    if (aborted(f)) return kAborted;
    if (!may_arrive(f, true)) return kPending;
    arrive(f);
    f.phase = kGather;
  }
  if (f.phase == kGather) {
    for (uint32_t turn = 0;; turn++) {
      if (aborted(f)) return kAborted;
      const Gathered gathered = gather(f);
      if (gathered == kAnEnd) return kEnded;
      if (gathered == kAll) break;
      if (turn >= turns) return kPending;
    }
    if (!plan(f)) return kMismatch;
    f.phase = kWork;
  }
  if (f.phase == kWork) {
    const Status status = work(f);
    if (status == kComplete) f.phase = kDone;
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
  store(member_of(f, f.self).progress.finished, f.descriptor.sequence);
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
  if (f.phase == kGather && gather(f) == kAll && plan(f) && f.chunks != 0) f.phase = kFinish;
  if (f.phase == kWork && f.chunks != 0) f.phase = kFinish;
  if (f.phase == kDone || (f.phase == kFinish && all_done(f))) return kComplete;
  return kLeft;
}

}  // namespace shoal
