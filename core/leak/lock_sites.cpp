#include "leak/lock_sites.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <tuple>

namespace parked::leak {

namespace {

constexpr Addr kLongestFunction = 1 << 20;

/// The methods of sync.Mutex and sync.RWMutex, and what they call when it gets slow. Since 1.24 the
/// mutex itself is in internal/sync.
struct Method {
  std::string_view name;
  bool acquires, rwMutex;
};
constexpr Method kMethods[] = {
    {"sync.(*Mutex).Lock", true, false},
    {"sync.(*Mutex).lockSlow", true, false},
    {"internal/sync.(*Mutex).Lock", true, false},
    {"internal/sync.(*Mutex).lockSlow", true, false},
    {"sync.(*Mutex).Unlock", false, false},
    {"sync.(*Mutex).unlockSlow", false, false},
    {"internal/sync.(*Mutex).Unlock", false, false},
    {"internal/sync.(*Mutex).unlockSlow", false, false},
    {"sync.(*RWMutex).Lock", true, true},
    {"sync.(*RWMutex).RLock", true, true},
    {"sync.(*RWMutex).Unlock", false, true},
    {"sync.(*RWMutex).RUnlock", false, true},
    {"sync.(*RWMutex).rUnlockSlow", false, true},
};

const Method* methodNamed(std::string_view name) {
  const auto* at = std::ranges::find(kMethods, name, &Method::name);
  return at == std::end(kMethods) ? nullptr : at;
}

/// Calls visit(return address, address called) for what looks like a direct call. On amd64 code is
/// read at every byte; that something else looks like a call of a method of sync is very unlikely.
template <class Visit>
void visitCalls(target::Arch arch, Addr start, std::span<const std::byte> code, Visit&& visit) {
  constexpr std::size_t kCall = 5, kBranch = 4;
  if (arch == target::Arch::amd64) {
    for (std::size_t i = 0; i + kCall <= code.size(); ++i) {
      if (code[i] != std::byte{0xe8}) continue;
      std::int32_t offset;
      std::memcpy(&offset, code.data() + i + 1, sizeof offset);
      const Addr next = start + i + kCall;
      visit(next, next + static_cast<Addr>(std::int64_t{offset}));
    }
    return;
  }
  for (std::size_t i = 0; i + kBranch <= code.size(); i += kBranch) {
    std::uint32_t word;
    std::memcpy(&word, code.data() + i, sizeof word);
    if (word >> 26 != 0x25) continue;  // BL
    const std::int64_t offset = static_cast<std::int32_t>(word << 6) >> 4;
    visit(start + i + kBranch, start + i + static_cast<Addr>(offset));
  }
}

}  // namespace

std::span<const std::byte> LockSites::bytes(const image::Function& function) const {
  if (function.end <= function.entry) return {};
  return image_.target().memory().bytes(function.entry,
                                        std::min(function.end - function.entry, kLongestFunction));
}

void LockSites::read(const image::Function& function, std::vector<LockSite>& out) const {
  const image::FunctionTable& table = image_.functions();
  std::vector<image::SourceFrame> frames;
  visitCalls(image_.target().arch(), function.entry, bytes(function), [&](Addr next, Addr callee) {
    const image::FuncIndex called = table.find(callee);
    if (called == image::kNoFunc || table.function(called).entry != callee) return;
    const Method* method = methodNamed(table.function(called).name);
    frames.clear();
    code_.expand(next, false, frames);
    // Of methods inlined into one another the outermost is what the user wrote.
    std::size_t user = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (const Method* inlined = methodNamed(frames[i].function)) {
        method = inlined;
        user = i + 1;
      }
    }
    if (method == nullptr || user >= frames.size()) return;
    out.push_back({frames[user].function, frames[user].file, frames[user].line, method->acquires,
                   method->rwMutex});
  });
  const auto key = [](const LockSite& site) {
    return std::tie(site.function, site.line, site.acquires, site.rwMutex);
  };
  std::ranges::sort(out, {}, key);
  const auto repeated = std::ranges::unique(out, {}, key);
  out.erase(repeated.begin(), repeated.end());
}

const std::vector<LockSite>& LockSites::of(image::FuncIndex index) {
  const auto [at, isNew] = known_.try_emplace(index);
  if (isNew && index != image::kNoFunc) {
    const image::Function& function = image_.functions().function(index);
    if (!isRuntimeFunction(function.name) && !function.name.starts_with("sync.") &&
        !function.name.starts_with("internal/sync.")) {
      read(function, at->second);
    }
  }
  return at->second;
}

}  // namespace parked::leak
