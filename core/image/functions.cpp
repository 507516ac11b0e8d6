#include "image/functions.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

#include "base/intern.h"
#include "image/func_table.h"
#include "image/inline_tree.h"
#include "image/name_index.h"

namespace parked::image {

namespace {

constexpr int kMaxInlineDepth = 1000;  // a damaged tree may be cyclic
constexpr std::uint8_t kFlagTop = 1, kFlagSpWrite = 2, kFlagAssembly = 4;  // abi.FuncFlag
// Of all modules together: damaged ones may claim the same tables again and again.
constexpr FuncIndex kMaxFunctions = 1 << 24;

PclnFormat formatOf(const GoVersion& version, LayoutSource* layouts) {
  PclnFormat format = PclnFormat::of(version);
  std::int64_t id = 0;
  if (version.newerThanKnown() && layouts != nullptr &&
      layouts->constant("internal/abi.FuncIDWrapper", id) && id >= 0 && id <= 255) {
    format.wrapperFuncId = static_cast<std::uint8_t>(id);
  }
  return format;
}

}  // namespace

struct FunctionTable::Impl {
  explicit Impl(target::AddressSpace& m) : memory(m) {}

  struct Part {
    FuncTable table;
    FuncIndex first;  ///< index of its first function
  };

  /// A function within its module.
  struct Place {
    const FuncTable* table;
    std::uint32_t number;
    PcRange code;
    std::optional<RawFunction> raw;
  };

  /// nullopt for kNoFunc and everything else out of range.
  std::optional<Place> place(FuncIndex index) const {
    if (index >= count) return std::nullopt;
    auto part = std::upper_bound(parts.begin(), parts.end(), index,
                                 [](FuncIndex i, const Part& p) { return i < p.first; });
    --part;
    const std::uint32_t number = index - part->first;
    return Place{&part->table, number, part->table.range(number), part->table.raw(number)};
  }

  Function decode(FuncIndex index);
  std::string_view printed(std::string_view name);

  target::AddressSpace& memory;
  PclnFormat format;
  std::vector<Part> parts;
  FuncIndex count = 0;

  // A million goroutines hit the same few functions. By FuncIndex, null until asked for; what they
  // point to is in `decoded`, which `decoding` guards.
  std::unique_ptr<std::atomic<const Function*>[]> slots;
  std::mutex decoding;
  std::deque<Function> decoded;

  std::mutex shortening;
  StringTable shortened;  // names of instantiated generic functions

  std::once_flag namesBuilt;
  NameIndex names;
};

/// A name as Go's traceback prints it, type arguments as "[...]". Mirrors runtime/symtab.go
/// (funcNameForPrint); until 1.20 the linker wrote the names that way.
std::string_view FunctionTable::Impl::printed(std::string_view name) {
  const std::size_t open = name.find('[');
  if (open == std::string_view::npos) return name;
  const std::size_t close = name.rfind(']');
  if (close == std::string_view::npos || close < open) return name;
  std::string text(name.substr(0, open));
  text.append("[...]").append(name.substr(close + 1));
  const std::lock_guard lock(shortening);
  return shortened[shortened.intern(text)];
}

Function FunctionTable::Impl::decode(FuncIndex index) {
  Function out;
  const auto at = place(index);
  if (!at) return out;
  out.entry = at->code.entry;
  out.end = at->code.end;
  if (!at->raw) return out;
  const RawFunction& raw = *at->raw;
  out.name = printed(at->table->name(raw.nameOffset));
  out.argBytes = raw.argBytes;
  out.startLine = raw.startLine;
  out.flags = {.top = (raw.flags & kFlagTop) != 0,
               .spWrite = (raw.flags & kFlagSpWrite) != 0,
               .assembly = (raw.flags & kFlagAssembly) != 0};
  out.wrapper = raw.funcId == format.wrapperFuncId;
  return out;
}

FunctionTable::FunctionTable() = default;
FunctionTable::~FunctionTable() = default;

Result<std::unique_ptr<FunctionTable>> FunctionTable::open(target::Target& target,
                                                           const GoVersion& version,
                                                           const ModuleList& modules,
                                                           LayoutSource* layouts) {
  std::unique_ptr<FunctionTable> table(new FunctionTable);
  table->impl_ = std::make_unique<Impl>(target.memory());
  Impl& impl = *table->impl_;
  impl.format = formatOf(version, layouts);
  for (const Module& module : modules) {
    auto part = FuncTable::open(target.memory(), impl.format, module);
    if (!part) {
      if (impl.parts.empty()) return tl::unexpected(part.error());
      target.incomplete().add("function table", part.error().message, module.address);
      continue;
    }
    if (part->count() > kMaxFunctions - impl.count) {
      target.incomplete().add("function table", "there are too many functions", module.address);
      break;
    }
    impl.parts.push_back({std::move(*part), impl.count});
    impl.count += impl.parts.back().table.count();
  }
  // Without modules: of a core that is cut off; then no code has a name.
  if (impl.count == 0 && !modules.empty())
    return fail(ErrorCode::badFormat, "the program has no functions");
  impl.slots = std::make_unique<std::atomic<const Function*>[]>(impl.count);
  return table;
}

std::size_t FunctionTable::size() const { return impl_->count; }

FuncIndex FunctionTable::find(Addr pc) const {
  for (const Impl::Part& part : impl_->parts) {
    if (const auto number = part.table.find(pc)) return part.first + *number;
  }
  return kNoFunc;
}

const Function& FunctionTable::function(FuncIndex index) const {
  static const Function kNothing;
  if (index >= impl_->count) return kNothing;
  std::atomic<const Function*>& slot = impl_->slots[index];
  if (const Function* known = slot.load(std::memory_order_acquire)) return *known;
  const std::lock_guard lock(impl_->decoding);
  if (const Function* known = slot.load(std::memory_order_relaxed)) return *known;
  const Function& decoded = impl_->decoded.emplace_back(impl_->decode(index));
  slot.store(&decoded, std::memory_order_release);
  return decoded;
}

FuncIndex FunctionTable::byName(std::string_view name) const {
  const auto nameOf = [this](FuncIndex index) -> std::string_view {
    const auto at = impl_->place(index);
    return at && at->raw ? at->table->name(at->raw->nameOffset) : std::string_view();
  };
  std::call_once(impl_->namesBuilt, [&] {
    impl_->names = NameIndex(impl_->count);
    for (FuncIndex i = 0; i < impl_->count; ++i) impl_->names.add(nameOf(i), i, nameOf);
  });
  return impl_->names.find(name, nameOf);
}

std::int32_t FunctionTable::frameSize(FuncIndex index, Addr pc) const {
  const auto at = impl_->place(index);
  return at && at->raw ? at->table->value(at->raw->pcsp, at->code, pc) : -1;
}

std::int32_t FunctionTable::pcData(FuncIndex index, PcData table, Addr pc) const {
  const auto at = impl_->place(index);
  return at && at->raw ? at->table->pcData(*at->raw, table, at->code, pc) : -1;
}

Addr FunctionTable::funcData(FuncIndex index, FuncData table) const {
  const auto at = impl_->place(index);
  return at && at->raw ? at->table->funcData(*at->raw, table) : 0;
}

std::int32_t FunctionTable::line(FuncIndex index, Addr pc) const {
  const auto at = impl_->place(index);
  return at && at->raw ? std::max(0, at->table->value(at->raw->pcln, at->code, pc)) : 0;
}

std::string_view FunctionTable::file(FuncIndex index, Addr pc) const {
  const auto at = impl_->place(index);
  return at && at->raw ? at->table->file(*at->raw, at->code, pc) : std::string_view();
}

void FunctionTable::expand(Addr pc, bool exact, std::vector<SourceFrame>& out) const {
  const FuncIndex index = find(pc);
  const auto at = impl_->place(index);
  if (!at || !at->raw) return;
  const RawFunction& raw = *at->raw;
  const FuncTable& table = *at->table;
  // The call is before its return address; but a pc at the very entry was never returned to.
  if (!exact && pc > at->code.entry) --pc;
  const auto add = [&](std::string_view name, std::uint8_t funcId, std::int32_t startLine,
                       bool inlined) {
    out.push_back({.function = impl_->printed(name),
                   .file = table.file(raw, at->code, pc),
                   .line = std::max(0, table.value(raw.pcln, at->code, pc)),
                   .inlined = inlined,
                   .wrapper = funcId == impl_->format.wrapperFuncId,
                   .startLine = startLine});
  };
  if (const Addr tree = table.funcData(raw, FuncData::inlineTree); tree != 0) {
    for (int depth = 0; depth < kMaxInlineDepth; ++depth) {
      const std::int32_t call = table.pcData(raw, PcData::inlineTree, at->code, pc);
      const auto inlined = readInlinedCall(impl_->memory, impl_->format, tree, call);
      if (!inlined) break;
      add(table.name(inlined->nameOffset), inlined->funcId, inlined->startLine, true);
      pc = at->code.entry + inlined->parentPc;
    }
  }
  add(table.name(raw.nameOffset), raw.funcId, raw.startLine, false);
}

}  // namespace parked::image
