#include "golang/synthetic.h"

#include <cstring>
#include <stdexcept>

#include "arch/architecture.h"

namespace parked::test {

SyntheticTarget::SyntheticTarget() {
  kind_ = target::Kind::core;
  arch_ = arch::byName("amd64");
}

void SyntheticTarget::map(Addr start, std::size_t size) {
  Block& block = blocks_.emplace_back(Block{start, std::vector<std::byte>(size)});
  memory_.add({.start = start,
               .end = start + size,
               .mapped = block.bytes.data(),
               .writable = true,
               .executable = false,
               .fromExecutable = false});
}

void SyntheticTarget::put(Addr address, const void* bytes, std::size_t size) {
  for (Block& block : blocks_) {
    if (address >= block.start && address + size <= block.start + block.bytes.size()) {
      std::memcpy(block.bytes.data() + (address - block.start), bytes, size);
      return;
    }
  }
  throw std::logic_error("the test writes to memory it has not mapped");
}

void SyntheticTarget::putString(Addr header, Addr text, std::string_view value) {
  put(header, text);
  put(header + 8, static_cast<std::uint64_t>(value.size()));
  put(text, value.data(), value.size());
}

void SyntheticLayouts::add(std::string type, std::uint32_t size,
                           std::vector<image::FieldLayout> fields) {
  types_[type] = image::StructLayout{type, size, std::move(fields)};
}

bool SyntheticLayouts::constant(std::string_view name, std::int64_t& value) {
  const auto it = constants_.find(name);
  if (it == constants_.end()) return false;
  value = it->second;
  return true;
}

const image::StructLayout* SyntheticLayouts::find(std::string_view type) {
  const auto it = types_.find(type);
  return it == types_.end() ? nullptr : &it->second;
}

namespace {

using Bytes = std::vector<std::uint8_t>;

void append32(Bytes& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void appendVarint(Bytes& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint32_t zigZag(std::int32_t value) {
  return static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
}

/// A pc-value table: 0 for the first byte, `frame` for the rest.
std::uint32_t appendFrameTable(Bytes& pcTable, const SyntheticFunction& function) {
  const auto offset = static_cast<std::uint32_t>(pcTable.size());
  appendVarint(pcTable, zigZag(1));  // tables start at -1
  appendVarint(pcTable, 1);
  if (function.frame != 0) {
    appendVarint(pcTable, zigZag(static_cast<std::int32_t>(function.frame)));
    appendVarint(pcTable, function.size - 1);
  } else {
    pcTable.back() = 0;
    pcTable.pop_back();
    appendVarint(pcTable, function.size);
  }
  pcTable.push_back(0);
  return offset;
}

constexpr Addr kHeader = 0x800000;
constexpr Addr kNames = 0x810000, kUnits = 0x820000, kFiles = 0x830000, kPcTable = 0x840000,
               kFunctions = 0x850000;
constexpr std::size_t kPart = 0x10000;

void putHeader(SyntheticTarget& target, std::size_t count) {
  target.put(kHeader, std::uint32_t{0xfffffff1});
  target.put(kHeader + 6, std::uint8_t{1});  // minLC
  target.put(kHeader + 7, std::uint8_t{8});  // ptrSize
  target.put(kHeader + 8, static_cast<std::uint64_t>(count));
  target.put(kHeader + 16, std::uint64_t{1});
  target.put(kHeader + 24, kText);
  const Addr parts[] = {kNames, kUnits, kFiles, kPcTable, kFunctions};
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    target.put(kHeader + 32 + 8 * i, parts[i] - kHeader);
  }
}

}  // namespace

std::unique_ptr<image::FunctionTable> makeFunctions(
    SyntheticTarget& target, const std::vector<SyntheticFunction>& functions) {
  // Each entry of funcs is runtime._func as of 1.20, without PCDATA.
  Bytes names, pcTable{0}, ftab, funcs;
  const auto tableSize = static_cast<std::uint32_t>(8 * functions.size() + 8);
  std::uint32_t offset = 0;
  for (const SyntheticFunction& function : functions) {
    append32(ftab, offset);
    append32(ftab, tableSize + static_cast<std::uint32_t>(funcs.size()));
    append32(funcs, offset);
    append32(funcs, static_cast<std::uint32_t>(names.size()));
    append32(funcs, 0);  // args
    append32(funcs, 0);  // deferreturn
    append32(funcs, appendFrameTable(pcTable, function));
    append32(funcs, 0);  // pcfile
    append32(funcs, 0);  // pcln
    append32(funcs, 0);  // npcdata
    append32(funcs, 0);  // cuOffset
    append32(funcs, 0);  // startLine
    funcs.push_back(0);  // funcID
    funcs.push_back(static_cast<std::uint8_t>((function.top ? 1 : 0) | (function.spWrite ? 2 : 0)));
    funcs.push_back(0);
    funcs.push_back(0);  // nfuncdata
    names.insert(names.end(), function.name.begin(), function.name.end());
    names.push_back(0);
    offset += function.size;
  }
  append32(ftab, offset);
  append32(ftab, 0);
  ftab.insert(ftab.end(), funcs.begin(), funcs.end());

  target.map(kHeader, 6 * kPart);
  putHeader(target, functions.size());
  target.put(kNames, names.data(), names.size());
  target.put(kPcTable, pcTable.data(), pcTable.size());
  target.put(kFunctions, ftab.data(), ftab.size());

  image::Module module;
  module.address = 0x900000;
  module.pcHeader = kHeader;
  module.funcNames = {kNames, kPart};
  module.cuTable = {kUnits, kPart};
  module.fileTable = {kFiles, kPart};
  module.pcTable = {kPcTable, kPart};
  module.pclnTable = {kFunctions, kPart};
  module.ftab = kFunctions;
  module.ftabCount = functions.size() + 1;
  module.minPc = module.text = kText;
  module.maxPc = module.textEnd = kText + offset;
  image::GoVersion version;
  version.minor = 22;
  auto table = image::FunctionTable::open(target, version, {module});
  if (!table) throw std::logic_error(table.error().message);
  return std::move(*table);
}

}  // namespace parked::test
