// When the program started, and variables of the library: runtime/proc.go, time/time.go,
// net/http/client.go.
#include <algorithm>

#include "schema/global_finders.h"

namespace parked::schema {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

/// Runtime.main stores a moment of the monotonic clock to it, its only large number without
/// pointers. Unoptimised, another is there besides, runtime.maxstackceiling; the trace of
/// collections in gcMarkTermination tells the time since the one that is meant.
std::optional<Addr> findRuntimeInitTime(const GlobalSearch& search) {
  const auto stores = [](const CodeRef& r) { return r.store && r.width == kWord; };
  const auto reads = [](const CodeRef& r) { return !r.address && !r.store && r.width == kWord; };
  const image::Module& module = search.modules.front();
  auto found = GlobalSearch::passing(search.refs("runtime.main", stores), 0, [&](Addr address) {
    constexpr std::int64_t kLeast = 1 << 20;  // a millisecond since the machine was started
    std::int64_t value = 0;
    return address >= module.noptrBss && address < module.noptrBssEnd &&
           peek(search.memory(), address, value) && value >= kLeast;
  });
  if (found.size() > 1) {
    const auto traced = search.refs("runtime.gcMarkTermination", reads);
    std::erase_if(found,
                  [&](Addr address) { return std::ranges::find(traced, address) == traced.end(); });
  }
  return GlobalSearch::only(found);
}

/// Time.startNano is read by time.Since, and was set soon after the runtime had started.
std::optional<Addr> findStartNano(const GlobalSearch& search) {
  const auto started = findRuntimeInitTime(search);
  if (!started) return std::nullopt;
  constexpr std::int64_t kLongestInit = 3600 * kSecond;
  auto& memory = search.memory();
  const auto begin = static_cast<std::int64_t>(memory.word(*started));
  const auto reads = [](const CodeRef& r) { return !r.address && !r.store && r.width == kWord; };
  return GlobalSearch::only(
      GlobalSearch::passing(search.refs("time.Since", reads), 0, [&](Addr address) {
        std::int64_t value = 0;
        return peek(memory, address, value) && value >= begin - kSecond &&
               value - begin <= kLongestInit;
      }));
}

/// Net/http.DefaultTransport is the one interface variable that Client.send reads, or, where
/// nothing is inlined, Client.transport.
std::optional<Addr> findDefaultTransport(const GlobalSearch& search) {
  const auto reads = [](const CodeRef& r) { return !r.address && !r.store && r.width == kWord; };
  auto refs = search.refs("net/http.(*Client).transport", reads);
  if (refs.empty()) refs = search.refs("net/http.(*Client).send", reads);
  const image::Module& module = search.modules.front();
  return GlobalSearch::only(GlobalSearch::passing(refs, 0, [&](Addr address) {
    Addr table = 0;
    return address >= module.data && address < module.dataEnd &&
           std::ranges::find(refs, address + kWord) != refs.end() &&
           peek(search.memory(), address, table) && isPointer(table);
  }));
}

}  // namespace parked::schema
