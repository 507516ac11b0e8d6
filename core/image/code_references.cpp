#include "image/code_references.h"

#include <algorithm>
#include <cstring>

#include "image/code_refs.h"
#include "image/symbol_name.h"

namespace parked::image {

namespace {

constexpr std::uint64_t kMaxCode = 1 << 16;
constexpr std::size_t kMaxFunctions = 64;
constexpr int kMaxDepth = 3;

template <class T>
T load(std::span<const std::byte> code, std::size_t at) {
  T value{};
  if (at + sizeof value <= code.size()) std::memcpy(&value, code.data() + at, sizeof value);
  return value;
}

}  // namespace

CodeReferences::CodeReferences(Image& image) : image_(image) {}

bool CodeReferences::isEntry(Addr address) const {
  const FunctionTable& functions = image_.functions();
  const FuncIndex index = functions.find(address);
  return index != kNoFunc && functions.function(index).entry == address;
}

/// The entry itself, as closures hold it, or a func value of the linker's, which points to it.
void CodeReferences::addAddress(Addr address, References& out) const {
  if (isEntry(address)) {
    out.addresses.push_back(address);
    return;
  }
  auto& memory = image_.target().memory();
  Addr entry = 0;
  if (address % sizeof(Addr) == 0 && memory.contains(address) && memory.read(address, entry) &&
      isEntry(entry)) {
    out.addresses.push_back(entry);
  }
}

/// Instructions are not decoded. amd64: a call is E8 and a distance that leads to a function's
/// first byte, which other bytes hardly ever are. arm64: BL.
void CodeReferences::addCalls(std::span<const std::byte> code, Addr entry, References& out) const {
  const bool arm64 = image_.target().arch() == target::Arch::arm64;
  constexpr unsigned kCall = 0xe8, kCallSize = 5;
  constexpr std::uint32_t kBlMask = 0xfc000000, kBl = 0x94000000;
  for (std::size_t i = 0; i + kCallSize <= code.size(); i += arm64 ? 4 : 1) {
    std::int64_t distance = 0;
    if (arm64) {
      const auto word = load<std::uint32_t>(code, i);
      if ((word & kBlMask) != kBl) continue;
      distance = static_cast<std::int32_t>(word << 6) >> 4;
    } else {
      if (std::to_integer<unsigned>(code[i]) != kCall) continue;
      distance = std::int64_t{load<std::int32_t>(code, i + 1)} + kCallSize;
    }
    const Addr to = entry + i + static_cast<Addr>(distance);
    if (isEntry(to)) out.calls.push_back(to);
  }
}

const CodeReferences::References& CodeReferences::of(FuncIndex function) {
  const auto [at, isNew] = known_.try_emplace(function);
  if (!isNew || function == kNoFunc) return at->second;
  const Function& info = image_.functions().function(function);
  if (info.end <= info.entry) return at->second;
  const std::uint64_t size = std::min<std::uint64_t>(info.end - info.entry, kMaxCode);
  auto& memory = image_.target().memory();
  if (!memory.contains(info.entry)) return at->second;
  const auto code = memory.bytes(info.entry, size);
  addCalls(code, info.entry, at->second);
  for (const CodeRef& reference : codeRefs(image_.target().arch(), info.entry, code)) {
    if (reference.address) addAddress(reference.target, at->second);
  }
  return at->second;
}

bool CodeReferences::visitNear(FuncIndex function, const std::function<bool(FuncIndex)>& visit) {
  if (function == kNoFunc) return true;
  const FunctionTable& functions = image_.functions();
  const std::string_view package = packageOf(functions.function(function).name);
  std::vector<std::pair<FuncIndex, int>> queue = {{function, 0}};
  bool all = true;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const auto [index, depth] = queue[i];
    if (!visit(index)) return false;
    if (depth == kMaxDepth) continue;
    for (const Addr call : of(index).calls) {
      const FuncIndex callee = functions.find(call);
      if (callee == kNoFunc || packageOf(functions.function(callee).name) != package) continue;
      if (std::ranges::any_of(queue, [&](const auto& q) { return q.first == callee; })) continue;
      if (queue.size() == kMaxFunctions) {
        all = false;
        break;
      }
      queue.emplace_back(callee, depth + 1);
    }
  }
  return all;
}

CodeReferences::References CodeReferences::near(FuncIndex function) {
  References all;
  visitNear(function, [&](FuncIndex index) {
    const References& own = of(index);
    all.calls.insert(all.calls.end(), own.calls.begin(), own.calls.end());
    all.addresses.insert(all.addresses.end(), own.addresses.begin(), own.addresses.end());
    return true;
  });
  return all;
}

}  // namespace parked::image
