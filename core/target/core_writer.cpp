#include "target/core_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <type_traits>

#include "arch/architecture.h"
#include "target/elf_file.h"
#include "target/read_log.h"

namespace parked::target {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;  // at a time; no window of fetched memory ends inside
constexpr std::uint64_t kProgressStep = 64 << 20;

constexpr std::uint64_t up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

/// Collects bytes, and gives them on in pieces of whole pages, so that holes are seen.
class Output {
 public:
  explicit Output(ByteSink& out) : out_(out) { buffer_.reserve(kPiece); }

  Result<void> put(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto part = bytes.first(std::min(bytes.size(), kPiece - buffer_.size()));
      buffer_.insert(buffer_.end(), part.begin(), part.end());
      bytes = bytes.subspan(part.size());
      at_ += part.size();
      if (buffer_.size() < kPiece) continue;
      if (auto done = out_.append(buffer_); !done) return done;
      buffer_.clear();
    }
    return {};
  }
  template <class T>
  Result<void> putHeader(const T& header) {
    static_assert(std::is_trivially_copyable_v<T>);
    return put(std::as_bytes(std::span(&header, 1)));
  }
  Result<void> zerosTo(std::uint64_t offset) {
    static constexpr std::array<std::byte, kPage> kZeros{};
    while (at_ < offset) {
      const auto size = std::min<std::uint64_t>(offset - at_, kZeros.size());
      if (auto done = put(std::span(kZeros).first(size)); !done) return done;
    }
    return {};
  }
  std::uint64_t at() const { return at_; }
  Result<void> finish() {
    auto done = out_.append(buffer_);
    return done ? out_.finish() : done;
  }

 private:
  ByteSink& out_;
  std::vector<std::byte> buffer_;
  std::uint64_t at_ = 0;
};

std::uint64_t sizeOf(const CoreNote& note) {
  return sizeof(Elf64_Nhdr) + up(note.name.size() + 1, 4) + up(note.description.size(), 4);
}

Elf64_Ehdr fileHeader(const Architecture& arch, std::uint64_t segments) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_CORE;
  header.e_machine = arch.machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  if (segments < PN_XNUM) {
    header.e_phnum = static_cast<Elf64_Half>(segments);
  } else {  // more than the field holds: a section header has the number
    header.e_phnum = PN_XNUM;
    header.e_shoff = sizeof header + segments * sizeof(Elf64_Phdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 1;
  }
  return header;
}

/// Where the file has everything.
class Layout {
 public:
  explicit Layout(const CoreContents& contents)
      : count_(contents.segments.size() + 1), header_(fileHeader(contents.arch, count_)) {
    const std::uint64_t sections = header_.e_shnum * sizeof(Elf64_Shdr);
    notes_ = sizeof header_ + count_ * sizeof(Elf64_Phdr) + sections;
    std::uint64_t at = notes_;
    for (const CoreNote& note : contents.notes) at += sizeOf(note);
    notesEnd_ = at;
    for (const CoreSegment& segment : contents.segments) {
      // At the same place of its page as in memory, as it can be mapped then.
      at = up(at, kPage) + segment.range.start % kPage;
      offsets_.push_back(at);
      at += segment.range.end - segment.range.start;
    }
    end_ = at;
  }

  Result<void> putHeaders(const CoreContents& contents, Output& out) const {
    if (auto done = out.putHeader(header_); !done) return done;
    Elf64_Phdr notes{};
    notes.p_type = PT_NOTE;
    notes.p_offset = notes_;
    notes.p_filesz = notesEnd_ - notes_;
    notes.p_align = 4;
    if (auto done = out.putHeader(notes); !done) return done;
    for (std::size_t i = 0; i < offsets_.size(); ++i) {
      const CoreSegment& segment = contents.segments[i];
      Elf64_Phdr load{};
      load.p_type = PT_LOAD;
      load.p_flags = PF_R | (segment.writable ? PF_W : 0U) | (segment.executable ? PF_X : 0U);
      load.p_offset = offsets_[i];
      load.p_vaddr = segment.range.start;
      load.p_filesz = load.p_memsz = segment.range.end - segment.range.start;
      load.p_align = kPage;
      if (auto done = out.putHeader(load); !done) return done;
    }
    Elf64_Shdr first{};
    first.sh_info = static_cast<Elf64_Word>(count_);
    return header_.e_shnum == 0 ? Result<void>() : out.putHeader(first);
  }

  std::uint64_t offset(std::size_t segment) const { return offsets_[segment]; }
  std::uint64_t end() const { return end_; }

 private:
  std::uint64_t count_;
  Elf64_Ehdr header_;
  std::uint64_t notes_ = 0, notesEnd_ = 0, end_ = 0;
  std::vector<std::uint64_t> offsets_;
};

Result<void> putNote(const CoreNote& note, Output& out) {
  const Elf64_Nhdr header{static_cast<Elf64_Word>(note.name.size() + 1),
                          static_cast<Elf64_Word>(note.description.size()), note.type};
  std::vector<std::byte> bytes(sizeOf(note));
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, note.name.data(), note.name.size());
  std::ranges::copy(
      note.description,
      bytes.begin() + static_cast<std::ptrdiff_t>(sizeof header + up(note.name.size() + 1, 4)));
  return out.put(bytes);
}

/// Whoever waits.
class Told {
 public:
  Told(Observer* observer, std::uint64_t end) : observer_(observer), end_(end) {}
  /// False if it is to end here.
  bool at(std::uint64_t offset) {
    if (observer_ == nullptr) return true;
    if (offset >= next_) {
      next_ = offset + kProgressStep;
      observer_->progress("writing", offset, end_);
    }
    return !observer_->cancelled();
  }

 private:
  Observer* observer_;
  std::uint64_t end_, next_ = 0;
};

Result<void> putMemory(const CoreSegment& segment, AddressSpace& memory, const ReadLog* only,
                       Output& out, Told& told) {
  if (!segment.bytes.empty()) return out.put(segment.bytes);
  std::vector<std::byte> redacted;
  for (Addr at = segment.range.start; at < segment.range.end;) {
    if (!told.at(out.at())) return fail(ErrorCode::interrupted, "interrupted");
    const std::uint64_t size = std::min(segment.range.end - at, kPiece - at % kPiece);
    const auto bytes = memory.bytes(at, size);
    if (bytes.size() != size) {
      return fail(ErrorCode::unreadable, fmt::format("memory at {:#x} is not there any more", at),
                  at);
    }
    if (only != nullptr) {
      redacted.assign(bytes.begin(), bytes.end());
      only->blank(at, redacted);
    }
    if (auto done = out.put(only != nullptr ? redacted : bytes); !done) return done;
    at += size;
  }
  return {};
}

}  // namespace

std::vector<CoreSegment> segmentsOf(const AddressSpace& memory, const std::vector<Range>& ranges) {
  std::vector<CoreSegment> segments;
  const auto regions = memory.regions();
  for (const Range& range : joined(ranges)) {
    auto region = std::ranges::upper_bound(regions, range.start, {}, &Region::end);
    for (; region != regions.end() && region->start < range.end; ++region) {
      if (region->fromExecutable) continue;
      const Range part{std::max(range.start, region->start), std::min(range.end, region->end)};
      segments.push_back({part, region->writable, region->executable});
    }
  }
  return segments;
}

void addSegments(std::vector<CoreSegment>& segments, const std::vector<CoreSegment>& more) {
  const auto startsAt = [](const CoreSegment& segment) { return segment.range.start; };
  for (const CoreSegment& each : more) {
    const auto next = std::ranges::upper_bound(segments, each.range.start, {}, startsAt);
    const bool free = (next == segments.end() || each.range.end <= next->range.start) &&
                      (next == segments.begin() || std::prev(next)->range.end <= each.range.start);
    if (free) segments.insert(next, each);
  }
}

Result<void> writeCore(const CoreContents& contents, AddressSpace& memory, ByteSink& out,
                       Observer* observer) {
  if (contents.segments.size() >= ElfFile::kMostSegments) {
    return fail(ErrorCode::unsupported, "its memory is in more pieces than a core may have");
  }
  const Layout layout(contents);
  Output output(out);
  if (auto done = layout.putHeaders(contents, output); !done) return done;
  for (const CoreNote& note : contents.notes) {
    if (auto done = putNote(note, output); !done) return done;
  }
  Told told(observer, layout.end());
  for (std::size_t i = 0; i < contents.segments.size(); ++i) {
    auto done = output.zerosTo(layout.offset(i));
    if (done) done = putMemory(contents.segments[i], memory, contents.only, output, told);
    if (!done) return done;
  }
  return output.finish();
}

}  // namespace parked::target
