#include "target/redacted_notes.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <string>
#include <string_view>

#include "arch/architecture.h"
#include "target/core_note_layout.h"
#include "target/core_note_writer.h"
#include "target/core_notes.h"
#include "target/delve_notes.h"
#include "target/signal_info.h"

namespace parked::target {
namespace {

using Bytes = std::vector<std::byte>;

/// Zeros with some of the bytes of another note.
class Blank {
 public:
  explicit Blank(const Bytes& from) : from_(from), bytes_(from.size()) {}
  void keep(std::size_t offset, std::size_t size) {
    if (offset >= from_.size()) return;
    size = std::min(size, from_.size() - offset);
    std::memcpy(bytes_.data() + offset, from_.data() + offset, size);
  }
  std::uint64_t word(std::size_t offset) const {
    std::uint64_t value = 0;
    std::memcpy(&value, from_.data() + offset, sizeof value);
    return value;
  }
  /// The words of [offset, offset + size) that `keeps` wants.
  void keepWords(std::size_t offset, std::size_t size, const KeepsWord& keeps) {
    const std::size_t end = std::min(from_.size(), offset + size);
    for (std::size_t at = offset; at + kWord <= end; at += kWord) {
      if (keeps(word(at))) keep(at, kWord);
    }
  }
  Bytes take() { return std::move(bytes_); }

 private:
  const Bytes& from_;
  Bytes bytes_;
};

bool isOneOf(std::uint64_t value, const Registers& registers) {
  return value == registers.pc || value == registers.sp || value == registers.framePointer ||
         value == registers.link;
}

Bytes status(const Bytes& note, const Architecture& arch, const KeepsWord& keeps) {
  Blank out(note);
  out.keep(kPrstatusSignal, sizeof(std::int16_t));
  out.keep(kPrstatusPid, sizeof(std::int32_t));
  const std::size_t size = arch.general.size();
  if (note.size() < kPrstatusRegisters + size) return out.take();
  const Registers registers = arch.general.read(std::span(note).subspan(kPrstatusRegisters, size));
  out.keepWords(kPrstatusRegisters, size,
                [&](std::uint64_t value) { return isOneOf(value, registers) || keeps(value); });
  return out.take();
}

Bytes vectors(const Bytes& note, const arch::VectorSet& set, const KeepsWord& keeps) {
  Blank out(note);
  const auto registers = set.registers(note);
  if (registers.empty()) return out.take();
  out.keep(0, static_cast<std::size_t>(registers.data() - note.data()));  // how large they are
  out.keepWords(0, note.size(), keeps);
  // The same of an XSAVE area: which parts it has.
  constexpr std::size_t kFeatures = 464, kHeader = 512, kHeaderSize = 16;
  if (note.size() > kHeader && note.size() != registers.size()) return out.take();
  if (note.size() > kHeader) {
    out.keep(kFeatures, kWord);
    out.keep(kHeader, kHeaderSize);
  }
  return out.take();
}

Bytes programInfo(const Bytes& note) {
  Blank out(note);
  out.keep(kPrpsinfoPid, 2 * sizeof(std::int32_t));  // and its parent
  return out.take();
}

Bytes signalInfo(const Bytes& note) {
  constexpr std::size_t kFields = 16;  // behind it is a union
  Blank out(note);
  out.keep(0, kFields);
  const auto info = decodeSignalInfo(note);
  if (info && (info->isFault() || info->isSent())) {
    out.keep(kFields, info->isFault() ? sizeof(Addr) : sizeof(std::int32_t));
  }
  return out.take();
}

Bytes mappedFiles(const Bytes& note, const Architecture& arch, const Pseudonyms& texts) {
  std::vector<ElfNote> notes{{"CORE", NT_FILE, note}};
  std::vector<Mapping> mappings = readCoreNotes(notes, arch).mappings;
  for (Mapping& mapping : mappings) mapping.path = texts.of(mapping.path);
  return filesNote(mappings).description;
}

}  // namespace

void addTexts(const std::vector<CoreNote>& notes, const DumpNotes& dumped, Pseudonyms& texts) {
  for (const CoreNote& note : notes) {
    if (note.type != NT_FILE) continue;
    std::vector<ElfNote> one{{note.name, note.type, note.description}};
    for (const Mapping& mapping : readCoreNotes(one, arch::host()).mappings) {
      texts.add(mapping.path);
    }
  }
  for (const Descriptor& each : dumped.descriptors) texts.add(each.link);
  for (const auto& [inode, socket] : dumped.sockets) {
    texts.addEndpoint(socket.local);
    texts.addEndpoint(socket.remote);
  }
  for (const Incomplete& each : dumped.incomplete) {
    texts.addSentence(each.what);
    texts.addSentence(each.detail);
  }
}

std::vector<CoreNote> redactedNotes(const std::vector<CoreNote>& notes, const Architecture& arch,
                                    const KeepsWord& keeps, const Pseudonyms& texts) {
  std::vector<CoreNote> out;
  for (const CoreNote& note : notes) {
    const auto vector = std::ranges::find(arch.vectors, note.type, &arch::VectorSet::note);
    CoreNote& redacted = out.emplace_back(note.name, note.type, Bytes());
    if (note.type == kDelveHeaderNote) {
      redacted.description = redactedDelveHeader(note.description);
    } else if (note.type == kDelveThreadNote) {
      redacted.description = redactedDelveThread(note.description, arch, keeps);
    } else if (note.name == "GDB") {
      redacted.description.resize(kWord);  // that gcore wrote it
    } else if (note.name != "CORE" && note.name != "LINUX" && !note.name.empty()) {
      out.pop_back();
    } else if (note.type == NT_PRSTATUS) {
      redacted.description = status(note.description, arch, keeps);
    } else if (note.type == NT_PRPSINFO) {
      redacted.description = programInfo(note.description);
    } else if (note.type == NT_SIGINFO) {
      redacted.description = signalInfo(note.description);
    } else if (note.type == NT_FILE) {
      redacted.description = mappedFiles(note.description, arch, texts);
    } else if (note.type == NT_AUXV) {
      redacted.description = note.description;  // numbers and addresses
    } else if (vector != arch.vectors.end()) {
      redacted.description = vectors(note.description, *vector, keeps);
    } else {
      out.pop_back();
    }
  }
  return out;
}

void redact(DumpNotes& dumped, const Pseudonyms& texts) {
  for (Descriptor& each : dumped.descriptors) each.link = texts.of(each.link);
  for (auto& [inode, socket] : dumped.sockets) {
    socket.local = texts.ofEndpoint(socket.local);
    socket.remote = texts.ofEndpoint(socket.remote);
  }
  for (Incomplete& each : dumped.incomplete) {
    each.what = texts.ofSentence(each.what);
    each.detail = texts.ofSentence(each.detail);
  }
}

}  // namespace parked::target
