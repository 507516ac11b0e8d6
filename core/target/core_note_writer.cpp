#include "target/core_note_writer.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <string>

#include "target/core_note_layout.h"

namespace parked::target {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
void set(Bytes& bytes, std::size_t offset, const T& value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <class T>
void append(Bytes& bytes, const T& value) {
  bytes.resize(bytes.size() + sizeof value);
  set(bytes, bytes.size() - sizeof value, value);
}

/// A text in a field of fixed size, which has room for a NUL behind it.
void setText(Bytes& bytes, std::size_t offset, std::size_t size, const std::string& text) {
  std::memcpy(bytes.data() + offset, text.data(), std::min(text.size(), size - 1));
}

/// Without registers, if none were read: zeros would pass for them.
CoreNote statusOf(const Thread& thread) {
  Bytes bytes(kPrstatusRegisters);
  set(bytes, kPrstatusPid, thread.tid);
  const auto general = std::ranges::find(thread.sets, NT_PRSTATUS, &RegisterSet::note);
  if (general != thread.sets.end()) {
    bytes.insert(bytes.end(), general->bytes.begin(), general->bytes.end());
    bytes.resize(bytes.size() + kPrstatusBehind);
  }
  return {"CORE", NT_PRSTATUS, std::move(bytes)};
}

CoreNote infoOf(std::int32_t pid, const ProcessFacts& facts) {
  Bytes bytes(kPrpsinfoArguments + kPrpsinfoArgumentsSize);
  set(bytes, kPrpsinfoUser, facts.user);
  set(bytes, kPrpsinfoGroup, facts.group);
  set(bytes, kPrpsinfoPid, pid);
  set(bytes, kPrpsinfoParent, facts.parent);
  setText(bytes, kPrpsinfoName, kPrpsinfoNameSize, facts.name);
  setText(bytes, kPrpsinfoArguments, kPrpsinfoArgumentsSize, facts.arguments);
  return {"CORE", NT_PRPSINFO, std::move(bytes)};
}

}  // namespace

CoreNote filesNote(std::span<const Mapping> mappings) {
  Bytes bytes;
  append(bytes, std::uint64_t{mappings.size()});
  append(bytes, kPage);
  for (const Mapping& mapping : mappings) {
    append(bytes, mapping.start);
    append(bytes, mapping.end);
    append(bytes, mapping.fileOffset / kPage);
  }
  for (const Mapping& mapping : mappings) {
    const auto path = std::as_bytes(std::span(mapping.path.c_str(), mapping.path.size() + 1));
    bytes.insert(bytes.end(), path.begin(), path.end());
  }
  return {"CORE", NT_FILE, std::move(bytes)};
}

std::vector<CoreNote> notesOfProcess(std::int32_t pid, const ProcessFacts& facts,
                                     std::span<const Thread> threads,
                                     std::span<const Mapping> mappings) {
  std::vector<CoreNote> notes;
  for (const Thread& thread : threads) {
    notes.push_back(statusOf(thread));
    if (notes.size() == 1) {  // in the kernel's order
      notes.push_back(infoOf(pid, facts));
      if (!facts.auxiliary.empty()) notes.push_back({"CORE", NT_AUXV, facts.auxiliary});
      notes.push_back(filesNote(mappings));
    }
    for (const RegisterSet& set : thread.sets) {
      if (set.note == NT_PRSTATUS) continue;
      notes.push_back({set.note == NT_FPREGSET ? "CORE" : "LINUX", set.note, set.bytes});
    }
  }
  return notes;
}

}  // namespace parked::target
