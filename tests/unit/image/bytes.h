// Little-endian bytes, and ELF files with sections, made by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace parked::image {

class Bytes : public std::vector<std::byte> {
 public:
  using std::vector<std::byte>::vector;

  template <class T>
  Bytes& put(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    insert(end(), from, from + sizeof(value));
    return *this;
  }
  Bytes& u8(std::uint64_t value) { return put(static_cast<std::uint8_t>(value)); }
  Bytes& u16(std::uint64_t value) { return put(static_cast<std::uint16_t>(value)); }
  Bytes& u32(std::uint64_t value) { return put(static_cast<std::uint32_t>(value)); }
  Bytes& u64(std::uint64_t value) { return put(value); }
  Bytes& text(std::string_view text) {
    const auto* from = reinterpret_cast<const std::byte*>(text.data());
    insert(end(), from, from + text.size());
    return *this;
  }
  Bytes& zeroTerminated(std::string_view string) { return text(string).u8(0); }
  Bytes& uvarint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) u8((value & 0x7f) | 0x80);
    return u8(value);
  }
  /// A signed delta as Go's pc-value tables hold it.
  Bytes& zigzag(std::int32_t value) {
    return uvarint(static_cast<std::uint32_t>(value << 1) ^
                   static_cast<std::uint32_t>(value >> 31));
  }
  Bytes& bytes(const std::vector<std::byte>& other) {
    insert(end(), other.begin(), other.end());
    return *this;
  }
  /// Overwrites a value.
  template <class T>
  void set(std::size_t at, T value) {
    std::memcpy(data() + at, &value, sizeof(value));
  }
};

/// Builds a 64-bit little-endian executable for amd64.
class ElfBuilder {
 public:
  ElfBuilder& section(std::string name, Bytes bytes, std::uint64_t address = 0,
                      std::uint64_t flags = 0, std::uint32_t type = SHT_PROGBITS) {
    sections_.push_back({std::move(name), std::move(bytes), address, flags, type});
    return *this;
  }
  ElfBuilder& segment(std::uint32_t flags, std::uint64_t address, Bytes bytes) {
    segments_.push_back({flags, address, std::move(bytes)});
    return *this;
  }
  Bytes build(bool sectionHeaders = true) const {
    Bytes names;
    names.u8(0);
    Bytes out;
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(segments_.size());
    header.e_phoff = sizeof(header);
    out.resize(sizeof(header) + segments_.size() * sizeof(Elf64_Phdr));
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const Segment& segment = segments_[i];
      Elf64_Phdr program{};
      program.p_type = PT_LOAD;
      program.p_flags = segment.flags;
      program.p_offset = out.size();
      program.p_vaddr = segment.address;
      program.p_filesz = program.p_memsz = segment.bytes.size();
      out.set(sizeof(header) + i * sizeof(program), program);
      out.bytes(segment.bytes);
    }
    if (sectionHeaders) {
      std::vector<Elf64_Shdr> table(1);
      const auto add = [&](const Section& from) {
        Elf64_Shdr section{};
        section.sh_name = static_cast<Elf64_Word>(names.size());
        names.zeroTerminated(from.name);
        section.sh_type = from.type;
        section.sh_flags = from.flags;
        section.sh_addr = from.address;
        section.sh_offset = out.size();
        section.sh_size = from.bytes.size();
        section.sh_addralign = 1;
        out.bytes(from.bytes);
        table.push_back(section);
      };
      for (const Section& section : sections_) add(section);
      Section strings{".shstrtab", names, 0, 0, SHT_STRTAB};
      strings.bytes.zeroTerminated(".shstrtab");
      add(strings);
      out.resize((out.size() + 7) / 8 * 8);
      header.e_shoff = out.size();
      header.e_shentsize = sizeof(Elf64_Shdr);
      header.e_shnum = static_cast<Elf64_Half>(table.size());
      header.e_shstrndx = static_cast<Elf64_Half>(table.size() - 1);
      for (const Elf64_Shdr& section : table) out.put(section);
    }
    out.set(0, header);
    return out;
  }

 private:
  struct Section {
    std::string name;
    Bytes bytes;
    std::uint64_t address, flags;
    std::uint32_t type;
  };
  struct Segment {
    std::uint32_t flags;
    std::uint64_t address;
    Bytes bytes;
  };
  std::vector<Section> sections_;
  std::vector<Segment> segments_;
};

}  // namespace parked::image
