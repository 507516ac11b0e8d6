#include "image/function_references.h"

#include <algorithm>

#include "arch/architecture.h"
#include "image/symbol_name.h"
#include "image/variable_references.h"

namespace parked::image {

namespace {

constexpr std::uint64_t kMaxCode = 1 << 16;
constexpr std::size_t kMostVisited = 64;
constexpr int kMaxDepth = 3;

}  // namespace

FunctionReferences::FunctionReferences(Image& image) : image_(image) {}

bool FunctionReferences::isEntry(Addr address) const {
  const FunctionTable& functions = image_.functions();
  const FuncIndex index = functions.find(address);
  return index != kNoFunc && functions.function(index).entry == address;
}

/// The entry itself, as closures hold it, or a func value of the linker's, which points to it.
void FunctionReferences::addAddress(Addr address, References& out) const {
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

/// What looks like a call and leads to a function's first byte.
void FunctionReferences::addCalls(std::span<const std::byte> code, Addr entry,
                                  References& out) const {
  const arch::CodeScan& scan = image_.target().arch().scan;
  std::size_t at = 0;
  arch::Transfer transfer;
  while (scan.nextTransfer(entry, code, at, transfer)) {
    if (transfer.call && isEntry(transfer.target)) out.calls.push_back(transfer.target);
  }
}

const FunctionReferences::References& FunctionReferences::of(FuncIndex function) {
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

bool FunctionReferences::visitNear(FuncIndex function,
                                   const std::function<bool(FuncIndex)>& visit) {
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
      if (queue.size() == kMostVisited) {
        all = false;
        break;
      }
      queue.emplace_back(callee, depth + 1);
    }
  }
  return all;
}

FunctionReferences::References FunctionReferences::near(FuncIndex function) {
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
