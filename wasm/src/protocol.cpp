#include "protocol.h"

#include <string.h>

#include "dtype.h"
#include "kernels.h"
#include "memory.h"
#include "plan.h"

namespace shoal {
namespace {

Slot& slot_of(const Frame& f) { return *at<Slot>(f.slot); }
Member& member_of(const Frame& f, uint32_t rank) { return slot_of(f).members[rank]; }
Record& record_of(const Frame& f, uint32_t rank) {
  return member_of(f, rank).ring[f.draft.sequence % kRing];
}

bool aborted(const Frame& f) { return load(slot_of(f).control.abort) != 0; }

// Rules 2, 6 and 7: whoever makes a condition true rings the sleepers. One step can make two conditions true, and rings
// after both: those asleep now are the ones to ring, since whoever has woken in between looks again before it sleeps.
void ring_sleepers(Frame& f) {
  f.ringCount = 0;
  for (uint32_t m = 0; m < f.size; m++) {
    if (m != f.self && load(member_of(f, m).sleep.asleep)) f.ring[f.ringCount++] = m;
  }
}

enum Gathered { kMissing, kAll, kAnEnd };

// A member that refused this call or has finished decides it before the others arrive:
// whatever they bring, the call cannot succeed.
Gathered gather(const Frame& f) {
  const uint64_t sequence = f.draft.sequence;
  uint32_t arrived = 0;
  for (uint32_t m = 0; m < f.size; m++) {
    const Record& record = record_of(f, m);
    if (load(record.sequence) == sequence) {
      if (record.state != kArrived) return kAnEnd;
      arrived++;
    } else {
      const uint64_t finished = load(member_of(f, m).progress.finished);
      if (finished != 0 && finished <= sequence) return kAnEnd;
    }
  }
  return arrived == f.size ? kAll : kMissing;
}

void publish(Frame& f, RecordState state) {
  Record& own = record_of(f, f.self);
  memcpy(reinterpret_cast<uint8_t*>(&own) + sizeof(own.sequence),
         reinterpret_cast<const uint8_t*>(&f.draft) + sizeof(own.sequence), sizeof(Record) - sizeof(own.sequence));
  own.state = state;
  store(own.sequence, f.draft.sequence);
}

void arrive(Frame& f) {
  if (f.draft.operation != kBarrier) {
    if (is_small(f) && f.source != 0 && sends(f)) {
      memcpy(at<uint8_t>(staging_half(f)), at<uint8_t>(f.source), f.draft.count * item_bytes(f));
    }
    const bool staged = f.source == 0 || f.target == 0;
    const bool own = !is_small(f) && f.source != 0;
    f.draft.stagingAddress = staging_half(f);
    f.draft.address = own ? f.source : f.draft.stagingAddress;
    f.draft.targetAddress = f.target;
    f.draft.flags = uint8_t((staged ? kStaged : 0) | (f.pieceStart ? kPiece : 0));
  }
  publish(f, kArrived);
  if (gather(f) != kMissing) ring_sleepers(f);
}

// Rule 5. Between touch() and release() this rank reads and writes other members' memory.
bool touch(Frame& f) {
  Member& own = member_of(f, f.self);
  store(own.touch.busy, 1u);
  if (!aborted(f)) return true;
  store(own.touch.busy, 0u);
  return false;
}
void release(Frame& f) { store(member_of(f, f.self).touch.busy, 0u); }

bool all_done(Frame& f) {
  Slot& slot = slot_of(f);
  while (f.firstUndone < f.chunks && load(slot.claims[f.firstUndone].done) == f.draft.sequence) f.firstUndone++;
  return f.firstUndone == f.chunks;
}

// Rule 4: claim chunks, the own share first, then anybody's.
Status work(Frame& f) {
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
    if (seen == f.draft.sequence || !swap(claim.claimed, seen, f.draft.sequence)) continue;
    if (!touch(f)) return kAborted;
    run_chunk(f, chunk);
    store(claim.done, f.draft.sequence);
    release(f);
  }
  f.phase = kFinish;
  if (all_done(f)) ring_sleepers(f);
  return kPending;
}

}  // namespace

bool may_arrive(const Frame& f, bool staging) {
  const uint64_t depth = staging ? 2 : kRing;
  for (uint32_t m = 0; m < f.size; m++) {
    if (load(member_of(f, m).progress.departed) + depth < f.draft.sequence) return false;
  }
  return true;
}

Status advance(Frame& f, uint32_t turns) {
  f.ringCount = 0;
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

void depart(Frame& f) { store(member_of(f, f.self).progress.departed, f.draft.sequence); }

void refuse(Frame& f) {
  f.ringCount = 0;
  publish(f, kRefused);
  ring_sleepers(f);
  depart(f);
}

void finish(Frame& f) {
  f.ringCount = 0;
  // The record serves error reports; the word alone decides, so a full ring delays nobody.
  if (may_arrive(f, false)) publish(f, kFinished);
  store(member_of(f, f.self).progress.finished, f.draft.sequence);
  ring_sleepers(f);
}

uint32_t abort_lease(Frame& f, uint32_t reason) {
  f.ringCount = 0;
  Slot& slot = slot_of(f);
  if (swap(slot.control.abort, 0u, reason)) ring_sleepers(f);
  return load(slot.control.abort);
}

Status leave(Frame& f) {
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
