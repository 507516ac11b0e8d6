#include "golang/notify_lists.h"

#include <bit>
#include <cstring>

#include "golang/channels.h"
#include "target/read_log.h"

namespace parked::golang {

namespace {
// Cond.Wait's callees and its own frame take a few hundred bytes; inlined into a large function by
// profile-guided optimisation, some kilobytes.
constexpr std::uint64_t kMaxSearch = 1 << 16;
}  // namespace

NotifyLists::NotifyLists(Access& access, const schema::SudogLayout& sudogs)
    : access_(access),
      sudogs_(sudogs),
      layout_(schema::NotifyListLayout::of(access.layouts, missing_)) {}

const NotifyLists::Member* NotifyLists::of(Addr goroutine) const {
  const auto index = byGoroutine_.find(goroutine);
  return index == AddrMap::kMissing ? nullptr : &members_[index];
}

void NotifyLists::visit(Addr address) {
  if (address == 0 || address % sizeof(Addr) != 0 || visited_.contains(address)) return;
  target::ReadLog::Trial trial(access_.memory.log());
  const image::Object object = image::readObject(access_.memory, address, layout_.size);
  const Addr head = object[layout_.head];
  const Addr tail = object[layout_.tail];
  const List list{address, object[layout_.wait], object[layout_.notify],
                  mutexHeld(object[layout_.lock])};
  // Tickets wrap around: the difference counts those that were handed out and not yet notified.
  const std::uint32_t tickets = list.wait - list.notify;
  if (!object || head == 0 || tail == 0 || tickets == 0) return;

  found_.clear();
  Addr anchor = 0;  // Brent's cycle detection: compare with a node remembered at powers of two
  for (Addr at = head;;) {
    if (at == anchor) return;
    if (std::has_single_bit(found_.size())) anchor = at;
    if (budget_ == 0 || found_.size() >= tickets) return;
    --budget_;
    const image::Object sudog = sudogs_.read(access_.memory, at);
    const Addr goroutine = sudog[sudogs_.g];
    if (!sudog || goroutine == 0 || byGoroutine_.contains(goroutine)) return;
    found_.emplace_back(goroutine, at);
    if (at == tail) break;
    at = sudog[sudogs_.next];
    if (at == 0) return;
  }
  trial.keep();
  visited_.insert(address, 0);
  for (const auto& [goroutine, sudog] : found_) {
    if (byGoroutine_.insert(goroutine, static_cast<std::uint32_t>(members_.size()))) {
      members_.push_back({list, sudog});
    }
  }
}

const NotifyLists::Member* NotifyLists::search(Addr goroutine, Addr from, Addr to,
                                               std::uint32_t condOffset) {
  if (to <= from || to - from > kMaxSearch) return nullptr;
  const auto bytes = access_.memory.view(from, to - from);
  const auto tryWord = [&](std::uint64_t offset) -> const Member* {
    Addr word = 0;
    if (offset + sizeof word > bytes.size()) return nullptr;
    std::memcpy(&word, bytes.data() + offset, sizeof word);
    // Neither small integers nor the frames themselves: a Cond that others can signal lives in the
    // heap or in a global.
    if (word < 4096 || word % sizeof word != 0 || (word >= from && word < to)) return nullptr;
    if (!access_.memory.contains(word)) return nullptr;
    const Addr list = word + condOffset;
    if (of(goroutine) == nullptr) visit(word);
    if (of(goroutine) == nullptr) visit(list);
    const Member* member = of(goroutine);
    const bool refers =
        member != nullptr && (member->list.address == word || member->list.address == list);
    if (refers) access_.memory.note(from + offset, sizeof word);
    return refers ? member : nullptr;
  };
  // Goroutines parked at the same place keep it in the same slot.
  if (const Member* member = tryWord(lastSlot_)) return member;
  for (std::uint64_t offset = 0; offset + sizeof(Addr) <= bytes.size(); offset += sizeof(Addr)) {
    if (const Member* member = tryWord(offset)) {
      lastSlot_ = offset;
      return member;
    }
  }
  return nullptr;
}

}  // namespace parked::golang
