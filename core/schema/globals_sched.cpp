// Goroutines, processors and threads: runtime/proc.go, runtime/runtime2.go, runtime/sema.go.
#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arch/architecture.h"
#include "schema/g.h"
#include "schema/global_finders.h"
#include "schema/m.h"
#include "schema/p.h"
#include "schema/sched.h"
#include "schema/sema_root.h"
#include "schema/sudog.h"

namespace parked::schema {

namespace {

constexpr std::uint64_t kMostGoroutines = 1U << 31;
constexpr std::size_t kLookedElements = 1000;  // elements of a long list that are looked at

bool sliceAt(target::AddressSpace& memory, Addr address, std::uint64_t most, SliceHeader& out) {
  return peek(memory, address, out) && isPointer(out.data) && out.length != 0 &&
         out.length <= out.capacity && out.length <= most && memory.contains(out.data) &&
         memory.contains(out.data + out.length * kWord - 1);
}

/// Runtime.allgs is a []*g of which nearly all point to themselves in their saved registers; of one
/// that never ran nothing is set.
class Allgs {
 public:
  /// `least`: so many of the elements must do so.
  Allgs(const GlobalSearch& search, std::size_t least)
      : memory_(search.memory()), g_(GLayout::of(search.layouts)), least_(least) {}

  bool operator()(Addr address) {
    SliceHeader slice;
    if (!g_.schedG || !g_.atomicStatus || !sliceAt(memory_, address, kMostGoroutines, slice))
      return false;
    const std::uint64_t step = std::max<std::uint64_t>(1, slice.length / kLookedElements);
    std::size_t alive = 0, looked = 0, wrong = 0;
    for (std::uint64_t i = 0; i < slice.length; i += step, ++looked) {
      Addr at = 0;
      if (!peek(memory_, slice.data + i * kWord, at) || !isPointer(at)) return false;
      constexpr std::uint32_t kIdle = 0, kDead = 6, kLastStatus = 11;
      Addr self = 0;
      std::uint32_t status = 0;
      const bool there = peek(memory_, at + g_.schedG.offset, self) &&
                         peek(memory_, at + g_.atomicStatus.offset, status);
      if (there && self == at && (status & ~kScanBit) <= kLastStatus) {
        ++alive;
      } else if (!there || self != 0 || (status != kDead && status != kIdle)) {
        ++wrong;
      }
      if (wrong > kLookedElements / 20) return false;
    }
    return alive >= least_ && wrong * 20 <= looked;  // 95 %
  }

 private:
  target::AddressSpace& memory_;
  GLayout g_;
  std::size_t least_;
};

/// Runtime.allp is a []*p whose elements know their number.
class Allp {
 public:
  explicit Allp(const GlobalSearch& search)
      : memory_(search.memory()), p_(PLayout::of(search.layouts)), m_(MLayout::of(search.layouts)) {
    known_ = p_.id && p_.status && p_.m && m_.p;
  }

  bool operator()(Addr address) {
    SliceHeader slice;
    if (!known_ || !sliceAt(memory_, address, kMostPs, slice)) return false;
    for (std::uint64_t i = 0; i < slice.length; ++i) {
      constexpr std::uint32_t kLastStatus = 4;
      Addr p = 0, m = 0, back = 0;
      std::int32_t id = 0;
      std::uint32_t status = 0;
      if (!peek(memory_, slice.data + i * kWord, p) || !isPointer(p) ||
          !peek(memory_, p + p_.id.offset, id) || id != static_cast<std::int32_t>(i) ||
          !peek(memory_, p + p_.status.offset, status) || status > kLastStatus ||
          !peek(memory_, p + p_.m.offset, m)) {
        return false;
      }
      // A thread in a system call keeps the P in its oldp alone.
      if (m != 0 && (!peek(memory_, m + m_.p.offset, back) || (back != p && back != 0))) {
        return false;
      }
    }
    return true;
  }

 private:
  target::AddressSpace& memory_;
  PLayout p_;
  MLayout m_;
  bool known_ = false;
};

/// Runtime.allm points to the newest m of a list; the g0 of each points back to it. One that allocm
/// has just put there has no g0 yet, or one without a way back. It counts where `unmade`: it is too
/// little of a shape to be searched for.
class Allm {
 public:
  explicit Allm(const GlobalSearch& search, bool unmade = true)
      : memory_(search.memory()), unmade_(unmade) {
    const MLayout m = MLayout::of(search.layouts);
    g0_ = m.g0;
    next_ = m.next;
    gm_ = GLayout::of(search.layouts).m;
    known_ = g0_ && next_ && gm_;
  }

  /// How many m's the list has that `address` is the head of; 0 if it is none. However many
  /// variables point into a list, each of its m's is looked at once.
  std::size_t length(Addr address) {
    Addr at = 0;
    if (!known_ || !peek(memory_, address, at)) return 0;
    std::vector<Addr> path;
    std::size_t count = 0;
    for (Addr next = 0; at != 0; at = next) {
      if (const auto known = lengths_.find(at); known != lengths_.end()) {
        count = known->second;
        if (count == 0) return 0;
        break;
      }
      if (path.size() >= kMostMs || !isPointer(at) || !peek(memory_, at + next_.offset, next) ||
          !isM(at, unmade_ && next != 0)) {
        return 0;
      }
      path.push_back(at);
      lengths_.emplace(at, 0);  // for who comes by again: a circle, until the end is found
    }
    for (auto m = path.rbegin(); m != path.rend(); ++m) lengths_[*m] = ++count;
    return count;
  }

  /// Other variables may point to an older m, from which only a part of the list can be reached.
  std::optional<Addr> longest(const std::vector<Addr>& candidates) {
    std::size_t most = 0, count = 0;
    Addr best = 0;
    for (const Addr candidate : candidates) {
      const std::size_t size = length(candidate);
      if (size == 0 || size < most) continue;
      count = size == most ? count + 1 : 1;
      most = size;
      best = candidate;
    }
    // Two heads of the same list say the same.
    return count != 0 ? std::optional(best) : std::nullopt;
  }

 private:
  /// Whether the m's g0 points back to it, or nowhere yet if that counts.
  bool isM(Addr m, bool unmade) const {
    Addr g0 = 0, back = 0;
    if (!peek(memory_, m + g0_.offset, g0)) return false;
    if (g0 != 0 && (!isPointer(g0) || !peek(memory_, g0 + gm_.offset, back))) return false;
    return back == m || (unmade && back == 0);
  }

  target::AddressSpace& memory_;
  image::Field<Addr> g0_, next_, gm_;
  bool known_ = false;
  bool unmade_;
  std::unordered_map<Addr, std::size_t> lengths_;  // from an m to the end; 0: it has none
};

std::optional<Addr> byCodeOrShape(const GlobalSearch& search, std::string_view function,
                                  const std::function<bool(Addr)>& check) {
  if (const auto found =
          GlobalSearch::only(GlobalSearch::passing(search.refs(function), 0, check))) {
    return found;
  }
  return GlobalSearch::only(search.scan(check));
}

}  // namespace

std::optional<Addr> findAllgs(const GlobalSearch& search) {
  if (const auto found = GlobalSearch::only(
          GlobalSearch::passing(search.refs("runtime.allgadd"), 0, Allgs(search, 1)))) {
    return found;
  }
  // The first one is in the list before it is made.
  if (const auto found = GlobalSearch::only(
          GlobalSearch::passing(search.refs("runtime.allgadd"), 0, Allgs(search, 0)))) {
    return found;
  }
  // Of a list that is not in memory nothing but its header can be told.
  const auto absent = [&](Addr address) {
    SliceHeader slice;
    return peek(search.memory(), address, slice) && isPointer(slice.data) && slice.length != 0 &&
           slice.length <= slice.capacity && slice.capacity <= kMostGoroutines &&
           !search.memory().contains(slice.data);
  };
  if (const auto found =
          GlobalSearch::only(GlobalSearch::passing(search.refs("runtime.allgadd"), 0, absent))) {
    return found;
  }
  // A pointer to an m, whose first word is a g, looks like a list of one. The runtime starts four
  // goroutines of its own.
  constexpr std::size_t kRuntimesOwn = 4;
  // The collector keeps an earlier state of the list, from which nothing is ever removed.
  auto& memory = search.memory();
  SliceHeader longest;
  std::optional<Addr> found;
  const std::vector<Addr> lists = search.scan(Allgs(search, kRuntimesOwn));
  constexpr std::size_t kMostLists = 64;  // each is compared from end to end
  if (lists.size() > kMostLists) return std::nullopt;
  for (const Addr list : lists) {
    SliceHeader slice;
    if (!peek(memory, list, slice) || slice.length <= longest.length) continue;
    longest = slice;
    found = list;
  }
  for (const Addr list : lists) {
    SliceHeader slice;
    if (!peek(memory, list, slice)) return std::nullopt;
    for (std::uint64_t i = 0; i < slice.length; ++i) {
      if (memory.word(slice.data + i * kWord) != memory.word(longest.data + i * kWord)) {
        return std::nullopt;
      }
    }
  }
  return found;
}

std::optional<Addr> findAllp(const GlobalSearch& search) {
  return byCodeOrShape(search, "runtime.procresize", Allp(search));
}

std::optional<Addr> findAllm(const GlobalSearch& search) {
  Allm allm(search);
  if (const auto found = allm.longest(search.refs("runtime.mcommoninit"))) return found;
  Allm whole(search, false);
  return whole.longest(search.scan([&](Addr address) { return whole.length(address) != 0; }));
}

/// Runtime.sched counts what newproc1 and mcommoninit make. The first thread may be counted among
/// those that have ended and stays in the list (mexit); threads that are being started, or end, are
/// counted before they are in the list, or after they were.
std::optional<Addr> findSched(const GlobalSearch& search) {
  const SchedLayout sched = SchedLayout::of(search.layouts);
  if (!sched.goids || !sched.threads || !sched.freed) return std::nullopt;
  const auto allm = findAllm(search);
  if (!allm) return std::nullopt;
  constexpr std::uint64_t kInBetween = 16;
  const std::uint64_t listed = Allm(search).length(*allm);
  auto& memory = search.memory();
  std::vector<Addr> found =
      GlobalSearch::passing(search.refs("runtime.newproc1"), sched.goids.offset, [&](Addr address) {
        std::uint64_t last = 0, made = 0, ended = 0;
        return peek(memory, address + sched.goids.offset, last) && last != 0 &&
               peek(memory, address + sched.threads.offset, made) &&
               peek(memory, address + sched.freed.offset, ended) && ended <= made &&
               made <= kMostMs && listed <= made - ended + 1 && made - ended <= listed + kInBetween;
      });
  if (found.size() > 1) {
    // Other numbers of the scheduler look like that now and then; these the code counts up.
    std::vector<Addr> counted = search.refs("runtime.mReserveID");
    std::ranges::move(search.refs("runtime.mcommoninit"), std::back_inserter(counted));
    std::erase_if(found, [&](Addr address) {
      return std::ranges::find(counted, address + sched.threads.offset) == counted.end();
    });
  }
  return GlobalSearch::only(found);
}

/// As many as there are processors, in procresize.
std::optional<Addr> findGomaxprocs(const GlobalSearch& search) {
  const auto allp = findAllp(search);
  if (!allp) return std::nullopt;
  auto& memory = search.memory();
  const std::uint64_t count = memory.word(*allp + kWord);
  const auto refs = search.refs("runtime.procresize", [](const CodeRef& ref) {
    return !ref.address && !ref.store && ref.width == 4;
  });
  return GlobalSearch::only(GlobalSearch::passing(refs, 0, [&](Addr address) {
    std::uint32_t value = 0;
    return peek(memory, address, value) && value == count;
  }));
}

/// Runtime.waitReasonStrings is a [N]string whose first three texts no release has changed.
std::optional<Addr> findWaitReasons(const GlobalSearch& search) {
  constexpr std::string_view kSecond = "GC assist marking", kThird = "IO wait";
  auto& memory = search.memory();
  return GlobalSearch::only(search.scan([&](Addr address) {
    std::array<std::uint64_t, 6> words{};
    if (!peek(memory, address + kWord, words[1]) || words[1] != 0) return false;
    if (!peek(memory, address, words) || words[3] != kSecond.size() || words[5] != kThird.size()) {
      return false;
    }
    std::string second, third;
    return memory.contains(words[2]) && memory.goString(address + 2 * kWord, second) &&
           second == kSecond && memory.contains(words[4]) &&
           memory.goString(address + 4 * kWord, third) && third == kThird;
  }));
}

/// Runtime.semtable is the one variable whose address semrelease1 and semacquire1 both take; a
/// semaphore is in the bucket that its address says.
std::optional<Addr> findSemtable(const GlobalSearch& search) {
  const image::Field<Addr> treap = SemaRootLayout::of(search.layouts).treap;
  const image::Field<Addr> element = SudogLayout::of(search.layouts).elem;
  if (!treap || !element) return std::nullopt;
  const auto takes = [](const CodeRef& ref) { return ref.address; };
  auto acquire = search.refs("runtime.semacquire1", takes);
  auto release = search.refs("runtime.semrelease1", takes);
  // Before 1.20 a function of its own takes it, which only -l keeps from being inlined.
  if (acquire.empty() && release.empty()) {
    acquire = release = search.refs("runtime.semroot", takes);
  }
  auto& memory = search.memory();
  return GlobalSearch::only(GlobalSearch::passing(release, 0, [&](Addr address) {
    if (std::ranges::find(acquire, address) == acquire.end()) return false;
    // The roots are a cache line apart.
    const auto sound = [&](std::uint64_t stride) {
      for (std::uint64_t i = 0; i < kSemaRoots; ++i) {
        Addr head = 0, semaphore = 0;
        if (!peek(memory, address + i * stride + treap.offset, head)) return false;
        if (head == 0) continue;
        if (!peek(memory, head + element.offset, semaphore) || semaRootOf(semaphore) != i) {
          return false;
        }
      }
      return true;
    };
    return std::ranges::any_of(search.target.arch().cacheLines, sound, &arch::CacheLine::bytes);
  }));
}

}  // namespace parked::schema
