// Builds small ELF files and cores in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string>
#include <string_view>
#include <vector>

namespace parked::target {

using Bytes = std::vector<std::byte>;

inline void append(Bytes& out, const void* data, std::size_t size) {
  const auto* from = static_cast<const std::byte*>(data);
  out.insert(out.end(), from, from + size);
}

inline Bytes note(std::string_view name, std::uint32_t type, const Bytes& description) {
  Bytes out;
  const Elf64_Nhdr header{static_cast<Elf64_Word>(name.empty() ? 0 : name.size() + 1),
                          static_cast<Elf64_Word>(description.size()), type};
  append(out, &header, sizeof header);
  if (!name.empty()) {
    append(out, name.data(), name.size());
    out.resize((out.size() + 4) & ~std::size_t{3});
  }
  append(out, description.data(), description.size());
  out.resize((out.size() + 3) & ~std::size_t{3});
  return out;
}

/// Go's build id, in a note of its own.
inline Bytes goBuildId(std::string_view id) {
  Bytes description;
  append(description, id.data(), id.size());
  return note("Go", 4, description);
}

class ElfBuilder {
 public:
  explicit ElfBuilder(std::uint16_t type, std::uint16_t machine = EM_X86_64) {
    std::memcpy(header_.e_ident, ELFMAG, SELFMAG);
    header_.e_ident[EI_CLASS] = ELFCLASS64;
    header_.e_ident[EI_DATA] = ELFDATA2LSB;
    header_.e_type = type;
    header_.e_machine = machine;
    header_.e_phentsize = sizeof(Elf64_Phdr);
    header_.e_phoff = sizeof(Elf64_Ehdr);
  }

  Elf64_Ehdr& header() { return header_; }

  /// `memorySize` 0 means as long as the bytes.
  ElfBuilder& segment(std::uint32_t type, std::uint64_t address, std::uint32_t flags, Bytes bytes,
                      std::uint64_t memorySize = 0) {
    Elf64_Phdr ph{};
    ph.p_type = type;
    ph.p_flags = flags;
    ph.p_vaddr = address;
    ph.p_filesz = bytes.size();
    ph.p_memsz = memorySize != 0 ? memorySize : bytes.size();
    segments_.push_back(ph);
    contents_.push_back(std::move(bytes));
    return *this;
  }

  Bytes build() {
    header_.e_phnum = static_cast<Elf64_Half>(segments_.size());
    std::uint64_t at = sizeof header_ + segments_.size() * sizeof(Elf64_Phdr);
    Bytes out;
    append(out, &header_, sizeof header_);
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      segments_[i].p_offset = at;
      at += contents_[i].size();
      append(out, &segments_[i], sizeof(Elf64_Phdr));
    }
    for (const Bytes& content : contents_) append(out, content.data(), content.size());
    return out;
  }

 private:
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Bytes> contents_;
};

inline Bytes filled(std::size_t size, unsigned char value) {
  return Bytes(size, static_cast<std::byte>(value));
}

/// An NT_PRSTATUS description: thread id, and rip, rsp set.
inline Bytes prstatus(std::int32_t tid, std::uint64_t rip, std::uint64_t rsp) {
  Bytes out(336);
  std::memcpy(out.data() + 32, &tid, sizeof tid);
  std::memcpy(out.data() + 112 + 16 * 8, &rip, sizeof rip);
  std::memcpy(out.data() + 112 + 19 * 8, &rsp, sizeof rsp);
  return out;
}

/// An NT_FILE description with one mapping.
inline Bytes fileNote(std::uint64_t start, std::uint64_t end, std::string_view path) {
  const std::uint64_t words[] = {1, 4096, start, end, 0};
  Bytes out;
  append(out, words, sizeof words);
  append(out, path.data(), path.size());
  out.push_back(std::byte{0});
  return out;
}

inline Bytes auxv(std::uint64_t type, std::uint64_t value) {
  const std::uint64_t words[] = {type, value, AT_NULL, 0};
  Bytes out;
  append(out, words, sizeof words);
  return out;
}

inline Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part.data(), part.size());
  return out;
}

}  // namespace parked::target
