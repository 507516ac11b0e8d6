#include "golang/select_cases.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <tuple>

namespace parked::golang {

namespace {

// selectgo(cas0 *scase, order0 *uint16, pc0 *uintptr, nsends, nrecvs int, block bool): register
// arguments are spilled to the caller's frame in this order. cas0, order0 and nsends are kept there
// for the whole call; the slot of nrecvs is not.
constexpr Addr kCasesSlot = 0;
constexpr Addr kOrderSlot = 8;
constexpr Addr kSendsSlot = 24;
constexpr std::size_t kCaseSize = 16;
constexpr std::size_t kIndexSize = sizeof(std::uint16_t);
constexpr std::size_t kOrderSize = 2 * kIndexSize;  // for each case
constexpr std::uint64_t kMaxCases = 1 << 16;        // selectgo's own limit

}  // namespace

std::int16_t SelectCases::sourceIndex(std::size_t i) const {
  if (i >= cases.size() || cases.size() > INT16_MAX) return -1;
  if (sends == cases.size()) return static_cast<std::int16_t>(i);
  if (sends == 0) return static_cast<std::int16_t>(cases.size() - 1 - i);
  return -1;
}

std::optional<SelectCases> readSelectCases(Access& access, std::span<const Frame> frames,
                                           std::size_t position) {
  if (position + 1 >= frames.size()) return std::nullopt;
  const Frame& frame = frames[position];
  Addr array = 0;
  std::uint64_t sends = 0;
  if (!access.memory.read(frame.argp + kCasesSlot, array) ||
      !access.memory.read(frame.argp + kSendsSlot, sends)) {
    return std::nullopt;
  }
  // How many there are: the array is a local variable of the caller, whose size the compiler
  // recorded for the garbage collector.
  const Frame& caller = frames[position + 1];
  const std::size_t size = access.code.stackObjectSize(caller, array);
  const std::size_t count = size / kCaseSize;
  if (size % kCaseSize != 0 || count == 0 || count > kMaxCases || sends > count) {
    return std::nullopt;
  }
  const auto bytes = access.memory.bytes(array, size);
  if (bytes.empty()) return std::nullopt;
  SelectCases select;
  // A local variable of the caller as well. Of a stack that was moved the slot may be old: the
  // collector does not look at it any more.
  Addr order = 0;
  if (access.memory.read(frame.argp + kOrderSlot, order) && order >= caller.sp &&
      order < caller.fp && caller.fp - order >= count * kOrderSize) {
    select.order = order;
  }
  select.sends = sends;
  select.cases.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(&select.cases[i], bytes.data() + i * kCaseSize, kCaseSize);
  }
  return select;
}

std::optional<std::vector<Addr>> queuedChannels(Access& access, const SelectCases& select) {
  // Two arrays of as many indices as there are cases; each begins with those that are not nil.
  const std::size_t count = select.cases.size();
  const auto live = static_cast<std::size_t>(
      std::ranges::count_if(select.cases, [](const auto& c) { return c.channel != 0; }));
  const Addr locking = select.order + count * kIndexSize;
  if (select.order == 0 || live == 0 || !access.memory.covers(locking, live * kIndexSize)) {
    return std::nullopt;
  }
  const auto bytes = access.memory.bytes(locking, live * kIndexSize);
  std::vector<Addr> channels;
  std::vector<bool> seen(count);
  for (std::size_t at = 0; at + kIndexSize <= bytes.size(); at += kIndexSize) {
    std::uint16_t index = 0;
    std::memcpy(&index, bytes.data() + at, kIndexSize);
    if (index >= count || seen[index] || select.cases[index].channel == 0) return std::nullopt;
    seen[index] = true;
    channels.push_back(select.cases[index].channel);
  }
  if (channels.size() != live || !std::ranges::is_sorted(channels)) return std::nullopt;
  return channels;
}

bool allCasesNil(Access& access, std::span<const Frame> frames, std::size_t position) {
  if (const auto select = readSelectCases(access, frames, position)) {
    return std::ranges::all_of(select->cases, [](const auto& c) { return c.channel == 0; });
  }
  // The number of cases is not known (reflect.Select). There are at least two: one alone is
  // compiled into a plain send or receive.
  if (position >= frames.size()) return false;
  Addr array = 0;
  Addr first = 1, second = 1;
  return access.memory.read(frames[position].argp + kCasesSlot, array) && array != 0 &&
         access.memory.read(array, first) && access.memory.read(array + kCaseSize, second) &&
         first == 0 && second == 0;
}

std::vector<std::size_t> matchCases(const SelectCases& select, std::span<const QueuedCase> queued) {
  // Both sides sorted by (channel, element): linear in a select of thousands of cases, too. Equal
  // pairs are interchangeable.
  std::vector<std::size_t> cases;
  for (std::size_t i = 0; i < select.cases.size(); ++i) {
    if (select.cases[i].channel != 0) cases.push_back(i);
  }
  if (cases.size() != queued.size()) return {};
  const auto less = [](const auto& a, const auto& b) {
    return std::tie(a.channel, a.element) < std::tie(b.channel, b.element);
  };
  std::ranges::sort(cases, less, [&](std::size_t i) { return select.cases[i]; });
  std::vector<std::size_t> order(queued.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, less, [&](std::size_t i) { return queued[i]; });
  std::vector<std::size_t> matched(queued.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const SelectCases::Case& c = select.cases[cases[i]];
    const QueuedCase& q = queued[order[i]];
    if (c.channel != q.channel || c.element != q.element) return {};
    matched[order[i]] = cases[i];
  }
  return matched;
}

}  // namespace parked::golang
