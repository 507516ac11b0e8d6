#include "image/dwarf_units.h"

#include <array>
#include <cstring>
#include <dwarf.h>
#include <elf.h>
#include <fmt/format.h>
#include <libelf.h>
#include <sys/mman.h>

#include "arch/architecture.h"

namespace parked::image {

namespace {

constexpr std::uint64_t kMaxUnitHeader = 64;

constexpr std::uint64_t roundUp(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

/// A section of the ELF file in memory.
struct Part {
  const char* name;
  const DebugSection* section;
  std::uint64_t offset = 0;  ///< in the file
};

/// Where everything is in that file: header, section headers (null, the parts, .shstrtab), section
/// names, the parts.
struct FilePlan {
  std::vector<Part> parts;
  std::string names = std::string(1, '\0');
  std::vector<std::uint32_t> nameOffsets;  ///< of the parts, and of .shstrtab
  std::uint64_t namesOffset = 0, end = 0;

  std::size_t headerCount() const { return parts.size() + 2; }
};

FilePlan planOf(const DwarfSections& sections) {
  FilePlan plan;
  plan.parts.push_back({".debug_abbrev", &sections.abbrev});
  if (sections.str) plan.parts.push_back({".debug_str", &*sections.str});
  if (sections.lineStr) plan.parts.push_back({".debug_line_str", &*sections.lineStr});
  if (sections.strOffsets) plan.parts.push_back({".debug_str_offsets", &*sections.strOffsets});
  plan.parts.push_back({".debug_info", &sections.info});
  const auto addName = [&plan](const char* name) {
    plan.nameOffsets.push_back(static_cast<std::uint32_t>(plan.names.size()));
    plan.names.append(name).push_back('\0');
  };
  for (const Part& part : plan.parts) addName(part.name);
  addName(".shstrtab");
  plan.namesOffset = sizeof(Elf64_Ehdr) + plan.headerCount() * sizeof(Elf64_Shdr);
  plan.end = plan.namesOffset + plan.names.size();
  for (Part& part : plan.parts) {
    part.offset = roundUp(plan.end, kPage);
    plan.end = part.offset + part.section->size;
  }
  return plan;
}

/// The file but for what is in its parts.
void writeHeaders(std::byte* file, const FilePlan& plan) {
  const std::size_t headerCount = plan.headerCount();
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = arch::host().machine;  // libdw asks it for nothing that is used here
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shoff = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(headerCount);
  header.e_shstrndx = static_cast<Elf64_Half>(headerCount - 1);
  std::memcpy(file, &header, sizeof(header));
  const auto putHeader = [&](std::size_t index, std::uint32_t type, std::uint64_t offset,
                             std::uint64_t size) {
    Elf64_Shdr section{};
    section.sh_name = plan.nameOffsets[index - 1];
    section.sh_type = type;
    section.sh_offset = offset;
    section.sh_size = size;
    section.sh_addralign = 1;
    std::memcpy(file + sizeof(Elf64_Ehdr) + index * sizeof(section), &section, sizeof(section));
  };
  std::memcpy(file + plan.namesOffset, plan.names.data(), plan.names.size());
  putHeader(headerCount - 1, SHT_STRTAB, plan.namesOffset, plan.names.size());
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    putHeader(i + 1, SHT_PROGBITS, plan.parts[i].offset, plan.parts[i].section->size);
  }
}

}  // namespace

/// Anonymous memory: pages that nothing is unpacked into cost nothing.
struct DwarfUnits::Memory {
  std::byte* start = nullptr;
  std::size_t size = 0;

  explicit Memory(std::size_t wanted) {
    void* at = mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return;
    start = static_cast<std::byte*>(at);
    size = wanted;
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    if (start != nullptr) munmap(start, size);
  }
};

Result<DwarfSections> findDwarf(const target::ElfFile& executable) {
  DwarfSections sections;
  const std::array<std::pair<const char*, std::optional<DebugSection>*>, 3> strings{
      {{"str", &sections.str},
       {"line_str", &sections.lineStr},
       {"str_offsets", &sections.strOffsets}}};
  const auto foundInfo = findDebugSection(executable, "info");
  if (!foundInfo) return tl::unexpected(foundInfo.error());
  const auto foundAbbrev = findDebugSection(executable, "abbrev");
  if (!foundAbbrev) return tl::unexpected(foundAbbrev.error());
  const std::optional<DebugSection>& info = *foundInfo;
  const std::optional<DebugSection>& abbrev = *foundAbbrev;
  if (!info || !abbrev || info->size == 0) {
    return fail(ErrorCode::unsupported, std::string(kWithoutDwarf));
  }
  sections.info = *info;
  sections.abbrev = *abbrev;
  for (const auto& [name, out] : strings) {
    // Only names in C units need these: damage there does not matter.
    if (auto found = findDebugSection(executable, name)) *out = *found;
  }
  return sections;
}

DwarfUnits::DwarfUnits() = default;

DwarfUnits::~DwarfUnits() {
  if (dwarf_ != nullptr) dwarf_end(dwarf_);
  if (elf_ != nullptr) elf_end(elf_);
}

Result<std::shared_ptr<DwarfUnits>> DwarfUnits::open(const target::ElfFile& executable) {
  auto sections = findDwarf(executable);
  if (!sections) return tl::unexpected(sections.error());
  return open(*sections);
}

Result<std::shared_ptr<DwarfUnits>> DwarfUnits::open(const DwarfSections& found) {
  std::shared_ptr<DwarfUnits> units(new DwarfUnits);
  units->sections_ = found;
  const DwarfSections& sections = units->sections_;
  const FilePlan plan = planOf(sections);

  // A page of zeros behind it ends every string and number that damaged data leaves open.
  units->memory_ = std::make_unique<Memory>(roundUp(plan.end, kPage) + kPage);
  std::byte* file = units->memory_->start;
  if (file == nullptr) return fail(ErrorCode::io, "no memory for the DWARF data");
  writeHeaders(file, plan);
  for (const Part& part : plan.parts) {
    if (part.section == &sections.info) {
      units->info_ = std::make_unique<Inflater>(sections.info, file + part.offset);
      units->infoSize_ = sections.info.size;
    } else {
      Inflater(*part.section, file + part.offset).upTo(part.section->size);
    }
  }

  elf_version(EV_CURRENT);
  units->elf_ = elf_memory(reinterpret_cast<char*>(file), plan.end);
  if (units->elf_ != nullptr) {
    units->dwarf_ = dwarf_begin_elf(units->elf_, DWARF_C_READ, nullptr);
  }
  if (units->dwarf_ == nullptr) {
    return fail(ErrorCode::badFormat, fmt::format("damaged DWARF data: {}", dwarf_errmsg(-1)));
  }
  return units;
}

bool DwarfUnits::readNext() {
  if (next_ >= infoSize_) return false;
  if (info_->upTo(next_ + kMaxUnitHeader) <= next_) return false;
  const Dwarf_Off start = next_;
  Dwarf_Off end = 0;
  std::size_t headerSize = 0;
  if (dwarf_next_unit(dwarf_, start, &end, &headerSize, nullptr, nullptr, nullptr, nullptr, nullptr,
                      nullptr) != 0 ||
      end <= start || info_->upTo(end) < end) {
    return false;
  }
  next_ = end;
  Unit unit;
  if (dwarf_offdie(dwarf_, start + headerSize, &unit.die) == nullptr) {
    units_.push_back({});  // a damaged unit: the next one may be all right
    return true;
  }
  unit.go = dwarf_srclang(&unit.die) == DW_LANG_Go;
  if (const char* name = unit.go ? dwarf_diename(&unit.die) : nullptr) unit.name = name;
  units_.push_back(unit);
  return true;
}

const DwarfUnits::Unit* DwarfUnits::at(std::size_t index) {
  while (units_.size() <= index) {
    if (!readNext()) return nullptr;
  }
  return &units_[index];
}

}  // namespace parked::image
