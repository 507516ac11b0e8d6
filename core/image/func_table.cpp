#include "image/func_table.h"

#include <algorithm>
#include <fmt/format.h>

#include "image/byte_reader.h"

namespace parked::image {

namespace {

constexpr std::uint32_t kFtabEntrySize = 8;          // {entryoff, funcoff uint32}
constexpr std::uint32_t kMaxTextSections = 1 << 10;  // one has tens of megabytes
constexpr std::uint32_t kNoOffset = 0xffffffff;

/// abi.FuncIDWrapper is the last of an enumeration that grew twice: corostart (1.22) and
/// runCleanups (1.25). (Until 1.20 it was runtime.funcID_wrapper.)
std::uint8_t lastFuncId(const GoVersion& version) {
  if (version.minor <= 21) return 21;
  if (version.minor <= 24) return 22;
  return 23;
}

/// runtime._func has startLine since 1.20, and an inlined call has no file and line any more.
bool hasStartLine(const GoVersion& version) { return version.minor >= 20; }

}  // namespace

PclnFormat PclnFormat::of(const GoVersion& version) {
  return {.funcSize = hasStartLine(version) ? 44u : 40u,
          .wideInlineTree = !hasStartLine(version),
          .wrapperFuncId = lastFuncId(version)};
}

Result<FuncTable> FuncTable::open(target::AddressSpace& memory, const PclnFormat& format,
                                  const Module& module) {
  FuncTable table;
  table.format_ = format;
  table.module_ = module;
  const auto map = [&](TableRange range, std::span<const std::byte>& out) {
    if (range.size == 0) return true;
    out = memory.bytes(range.address, range.size);
    return !out.empty();
  };
  if (module.ftabCount == 0 || module.ftabCount > kNoFunc ||
      !map({module.ftab, module.ftabCount * kFtabEntrySize}, table.ftab_) ||
      !map(module.funcNames, table.funcNames_) || !map(module.cuTable, table.cuTable_) ||
      !map(module.fileTable, table.fileTable_) || !map(module.pcTable, table.pcTable_) ||
      !map(module.pclnTable, table.pclnTable_)) {
    return fail(
        ErrorCode::unreadable,
        fmt::format("the function tables of the module at {:#x} are not readable", module.address),
        module.address);
  }
  table.count_ = static_cast<std::uint32_t>(module.ftabCount - 1);
  if (module.textSectionCount > 1) {
    const auto bytes =
        module.textSectionCount > kMaxTextSections
            ? std::span<const std::byte>()
            : memory.bytes(module.textSections, module.textSectionCount * sizeof(TextSection));
    if (bytes.empty()) {
      return fail(ErrorCode::unreadable,
                  fmt::format("the list of text sections of the module at {:#x} is not readable",
                              module.address),
                  module.address);
    }
    table.sections_.resize(module.textSectionCount);
    std::memcpy(table.sections_.data(), bytes.data(), bytes.size());
  }
  return table;
}

std::uint32_t FuncTable::entryOffset(std::uint32_t index) const {
  std::uint32_t offset = 0;
  readAt(ftab_, std::uint64_t{index} * kFtabEntrySize, offset);
  return offset;
}

Addr FuncTable::addressOf(std::uint32_t offset) const {
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const TextSection& section = sections_[i];
    const bool last = i + 1 == sections_.size();  // the end of the text belongs to the last one
    if (offset >= section.start && (offset < section.end || (last && offset == section.end))) {
      return section.address + (offset - section.start);
    }
  }
  return module_.text + offset;
}

std::optional<std::uint32_t> FuncTable::offsetOf(Addr pc) const {
  std::uint64_t offset = pc - module_.text;
  if (!sections_.empty()) {
    const auto it = std::find_if(sections_.begin(), sections_.end(), [&](const TextSection& s) {
      return pc >= s.address && pc - s.address < s.end - s.start;
    });
    if (it == sections_.end()) return std::nullopt;
    offset = pc - it->address + it->start;
  }
  if (offset >= kNoOffset) return std::nullopt;
  return static_cast<std::uint32_t>(offset);
}

std::optional<std::uint32_t> FuncTable::find(Addr pc) const {
  if (pc < module_.minPc || pc >= module_.maxPc) return std::nullopt;
  const auto offset = offsetOf(pc);
  if (!offset) return std::nullopt;
  // The last entry that does not begin behind the offset.
  std::uint32_t low = 0;
  std::uint32_t high = count_;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (entryOffset(middle) <= *offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  const PcRange found = range(low - 1);
  if (pc < found.entry || pc >= found.end) return std::nullopt;
  return low - 1;
}

PcRange FuncTable::range(std::uint32_t index) const {
  return {addressOf(entryOffset(index)), addressOf(entryOffset(index + 1)), module_.minLc};
}

std::optional<RawFunction> FuncTable::raw(std::uint32_t index) const {
  std::uint32_t at = 0;
  readAt(ftab_, std::uint64_t{index} * kFtabEntrySize + 4, at);
  RawFunction function;
  const bool hasStartLine = format_.funcSize > 40;
  const std::uint64_t tail = at + std::uint64_t{format_.funcSize} - 4;
  if (!readAt(pclnTable_, at + 4ull, function.nameOffset) ||
      !readAt(pclnTable_, at + 8ull, function.argBytes) ||
      !readAt(pclnTable_, at + 16ull, function.pcsp) ||
      !readAt(pclnTable_, at + 20ull, function.pcfile) ||
      !readAt(pclnTable_, at + 24ull, function.pcln) ||
      !readAt(pclnTable_, at + 28ull, function.pcDataCount) ||
      !readAt(pclnTable_, at + 32ull, function.cuOffset) ||
      (hasStartLine && !readAt(pclnTable_, at + 36ull, function.startLine)) ||
      !readAt(pclnTable_, tail, function.funcId) || !readAt(pclnTable_, tail + 1, function.flags) ||
      !readAt(pclnTable_, tail + 3, function.funcDataCount)) {
    return std::nullopt;
  }
  function.tables = tail + 4;
  return function;
}

std::string_view FuncTable::name(std::uint32_t offset) const { return textAt(funcNames_, offset); }

std::int32_t FuncTable::pcData(const RawFunction& function, PcData table, const PcRange& code,
                               Addr pc) const {
  const auto index = static_cast<std::uint32_t>(table);
  std::uint32_t offset = 0;
  if (index >= function.pcDataCount ||
      !readAt(pclnTable_, function.tables + 4ull * index, offset)) {
    return -1;
  }
  return value(offset, code, pc);
}

Addr FuncTable::funcData(const RawFunction& function, FuncData table) const {
  const auto index = static_cast<std::uint32_t>(table);
  std::uint32_t offset = kNoOffset;
  if (index >= function.funcDataCount ||
      !readAt(pclnTable_, function.tables + 4ull * function.pcDataCount + 4ull * index, offset) ||
      offset == kNoOffset) {
    return 0;
  }
  return module_.funcDataBase + offset;
}

std::string_view FuncTable::file(const RawFunction& function, const PcRange& code, Addr pc) const {
  const std::int32_t number = value(function.pcfile, code, pc);
  std::uint32_t offset = kNoOffset;
  if (number < 0 ||
      !readAt(cuTable_, 4 * (std::uint64_t{function.cuOffset} + static_cast<std::uint32_t>(number)),
              offset) ||
      offset == kNoOffset) {
    return {};
  }
  return textAt(fileTable_, offset);
}

}  // namespace parked::image
