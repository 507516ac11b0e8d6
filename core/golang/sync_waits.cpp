#include "golang/sync_waits.h"

namespace parked::golang {

namespace {

// What the wait reason alone tells; before 1.20 (WaitGroup: 1.24) it is only "semacquire".
SyncUse useByReason(ReasonClass reason) {
  switch (reason) {
    case ReasonClass::mutexLock:
      return SyncUse::mutex;
    case ReasonClass::rwMutexRLock:
      return SyncUse::rwMutexReader;
    case ReasonClass::rwMutexLock:
      return SyncUse::rwMutexWriter;
    case ReasonClass::waitGroupWait:
      return SyncUse::waitGroup;
    default:
      return SyncUse::other;
  }
}

bool isSync(ObjectKind kind) {
  return kind == ObjectKind::mutex || kind == ObjectKind::rwMutex ||
         kind == ObjectKind::waitGroup || kind == ObjectKind::cond || kind == ObjectKind::once;
}

}  // namespace

const SemaphoreTable& SyncWaits::semaphores() {
  if (!semaphores_) {
    semaphores_.emplace();
    if (builder_.haveSudogs) {
      semaphores_->read(builder_.access, builder_.sudogs,
                        snapshot_.goroutines.size() + snapshot_.deadGoroutines, snapshot_);
    }
  }
  return *semaphores_;
}

NotifyLists& SyncWaits::lists() {
  if (!lists_) {
    lists_.emplace(builder_.access, builder_.sudogs);
    // Every waiter is looked at once when its list is walked; the rest are false starts.
    lists_->setBudget(snapshot_.goroutines.size() * 64 + (1 << 16));
  }
  return *lists_;
}

void SyncWaits::collectSemaphore(Index index, const WaitSite& site) {
  using Parker = WaitSite::Parker;
  const Goroutine& goroutine = snapshot_.goroutines[index];
  if (site.parker != Parker::semacquire && site.parker != Parker::none) {
    builder_.unknown(index, "parked with a semaphore's wait reason by other code");
    return;
  }
  const SemaphoreTable& table = semaphores();
  const schema::SudogLayout& layout = builder_.sudogs;
  Wait wait;
  Addr word = 0;
  if (const SemaphoreWaiter* found = table.of(goroutine.address)) {
    wait.sudog = found->sudog;
    if (found->inFlux) {
      wait.note = builder_.note("the semaphore's queue was being changed");
    } else if (found->doubtful ||
               (goroutine.waitingSudog != 0 && goroutine.waitingSudog != found->sudog)) {
      wait.note = builder_.note("the semaphore's queue is damaged");
    }
    wait.queued = wait.note == kEmptyString;
    word = found->semaphore;
  } else if (const image::Object sudog =
                 layout.read(builder_.access.memory, goroutine.waitingSudog);
             sudog && sudog[layout.g] == goroutine.address && sudog[layout.elem] != 0) {
    // Since 1.26 the goroutine itself records where it waits.
    wait.sudog = goroutine.waitingSudog;
    word = sudog[layout.elem];
    wait.note = builder_.note(table.known() ? "not in the semaphore's queue: just being woken"
                                            : "the semaphore table was not found");
  } else {
    builder_.unknown(index, table.known() ? "in no semaphore's queue: just being woken"
                                          : "the semaphore table was not found");
    return;
  }
  const SyncUse use =
      site.use != SyncUse::unknown ? site.use : useByReason(snapshot_.reasonOf(goroutine));
  add(index, use, word, wait);
}

void SyncWaits::collectCond(Index index, const WaitSite& site) {
  const Goroutine& goroutine = snapshot_.goroutines[index];
  NotifyLists& known = lists();
  if (!known.usable() || !builder_.haveSudogs) {
    builder_.unknown(index, "the layout of the runtime's notifyList was not found");
    return;
  }
  Addr recorded = 0;  // since 1.26 the goroutine's own sudog has the list's address
  if (const image::Object sudog =
          builder_.sudogs.read(builder_.access.memory, goroutine.waitingSudog);
      sudog && sudog[builder_.sudogs.g] == goroutine.address) {
    recorded = sudog[builder_.sudogs.elem];
    known.visit(recorded);
  }
  const NotifyLists::Member* member = recorded != 0 ? known.of(goroutine.address) : nullptr;
  const std::uint32_t offset = locks_.condOffset();
  if (recorded == 0 && site.parker == WaitSite::Parker::notifyList &&
      offset != image::Field<Addr>::kAbsent) {
    // Cond.Wait's frame is the one behind notifyListWait's; its arguments lie behind it.
    constexpr Addr kArguments = 4 * sizeof(Addr);
    const auto& stack = builder_.frames(goroutine, site.frame + 2U);
    if (!stack.empty()) {
      member = known.search(goroutine.address, goroutine.sp, stack.back().fp + kArguments, offset);
    }
  }
  Wait wait;
  if (member != nullptr) {
    wait.sudog = member->sudog;
    if (member->list.locked) {
      wait.note = builder_.note("the condition's queue was being changed");
    } else if (recorded != 0 &&
               (member->sudog != goroutine.waitingSudog || member->list.address != recorded)) {
      wait.note = builder_.note("the condition's queue is damaged");
    }
    wait.queued = wait.note == kEmptyString;
    add(index, SyncUse::cond, member->list.address, wait);
  } else if (recorded != 0) {
    wait.sudog = goroutine.waitingSudog;
    wait.note = builder_.note("not in the condition's queue: just being woken");
    add(index, SyncUse::cond, recorded, wait);
  } else {
    builder_.unknown(index, "in no condition's queue that its stack refers to");
  }
}

void SyncWaits::add(Index index, SyncUse use, Addr word, Wait wait) {
  std::optional<Addr> base = locks_.baseOf(use, word);
  if (!base) {
    use = SyncUse::other;
    base = word;
    wait.note = builder_.note("the layout of the object's type was not found");
  }
  wait.goroutine = index;
  wait.kind = traitsOf(use).kind;
  wait.op = traitsOf(use).op;
  wait.address = *base;
  wait.object = locks_.add(use, *base, word);
  snapshot_.waits.push_back(wait);
}

void SyncWaits::resolve() {
  locks_.decode(snapshot_.goroutines.size());
  const StringId text =
      builder_.note("the object's state does not fit its waiters: it may just be changing");
  for (Wait& wait : snapshot_.waits) {
    if (!isSync(wait.kind) || snapshot_.locks[wait.object].decoded) continue;
    wait.queued = false;
    if (wait.note == kEmptyString) wait.note = text;
  }
}

}  // namespace parked::golang
