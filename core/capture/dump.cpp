#include "capture/dump.h"

#include <algorithm>
#include <elf.h>
#include <list>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "capture/heap_memory.h"
#include "target/core_writer.h"
#include "target/dump_notes.h"
#include "target/elf_file.h"
#include "target/overlay.h"
#include "target/pseudonyms.h"

namespace parked::capture {

namespace {

using target::Range;

/// Of a core; everything where it is not known what is needed, and of a dump, which has no more
/// than that as it is.
std::vector<Range> neededOfCore(image::Image& image) {
  std::vector<Range> all;
  for (const target::Region& region : image.target().memory().regions()) {
    // What a dump left out stays so.
    if (region.mapped != nullptr) all.push_back({region.start, region.end});
  }
  if (image.target().kind() == target::Kind::dump) return all;
  const auto needed = neededOf(image);
  auto outside = outsideOfHeap(image, all);
  if (!needed || !outside) return all;
  for (const auto* part : {&needed->stacks, &needed->pointers, &needed->values}) {
    outside->insert(outside->end(), part->begin(), part->end());
  }
  return std::move(*outside);
}

std::vector<const target::GoFile*> filesOf(const target::Target& target) {
  std::vector<const target::GoFile*> files;
  for (const auto* some : {&target.runtimes(), &target.plugins()}) {
    for (const target::GoFile& each : *some) {
      if (each.file != nullptr) files.push_back(&each);
    }
  }
  return files;
}

/// Without what the files of the program's code have, too, but for their first pages, which tell
/// which files they are.
void dropCode(const target::Target& target, std::vector<target::CoreSegment>& segments) {
  for (const target::GoFile* each : filesOf(target)) {
    const Addr first = target::linkBase(*each->file) + each->bias + kPage;
    for (const target::ElfSegment& code : each->file->segments()) {
      if (code.type != PT_LOAD || (code.flags & PF_W) != 0) continue;
      const Addr start = std::max(first, code.address + each->bias);
      const Addr end = (code.address + each->bias + code.bytes.size()) / kPage * kPage;
      std::vector<target::CoreSegment> left;
      for (target::CoreSegment& segment : segments) {
        const Range whole = segment.range;
        if (start >= end || whole.end <= start || whole.start >= end) {
          left.push_back(segment);
          continue;
        }
        if (whole.start < start) left.push_back(segment), left.back().range.end = start;
        if (whole.end > end) left.push_back(segment), left.back().range.start = end;
      }
      segments = std::move(left);
    }
  }
}

/// The parts that have bytes.
std::vector<target::CoreSegment> segmentsOf(image::Image& image) {
  target::Target& target = image.target();
  const bool isFile = target::isFile(target.kind());
  auto segments = target::segmentsOf(
      target.memory(), isFile ? neededOfCore(image) : target.memory().fetchedRanges());
  // A span of the heap may lie where the core has nothing.
  std::erase_if(segments, [&](const target::CoreSegment& segment) {
    const target::Region* region = target.memory().region(segment.range.start);
    return isFile && region->mapped == nullptr;
  });
  return segments;
}

target::DumpNotes notesOf(target::Target& target) {
  target::DumpNotes notes;
  notes.wallTimeNs = target.wallTimeNs();
  notes.monotonicNs = target.monotonicNs();
  notes.cutOff = target.cutOff();
  notes.incomplete = target.incomplete().entries();
  const auto regions = target.memory().regions();
  notes.regions.assign(regions.begin(), regions.end());
  notes.descriptors = target.descriptors();
  notes.variables = target.variables();
  notes.standIns = target.memory().standIns();
  std::unordered_set<std::uint64_t> inodes;
  for (const target::Descriptor& each : notes.descriptors) {
    if (const auto inode = target::socketInode(each.link)) inodes.insert(*inode);
  }
  if (!inodes.empty()) notes.sockets = target.sockets(inodes);
  return notes;
}

/// The first page of an ELF file with nothing but what tells which file it is.
std::vector<std::byte> identityOf(std::span<const std::byte> page) {
  target::ReadLog read;
  target::AddressSpace memory;
  target::Region region;
  region.end = page.size();
  region.mapped = page.data();
  memory.add(region);
  memory.record(&read);
  (void)target::buildIdsInMemory(memory, 0);
  std::vector<std::byte> bytes(page.begin(), page.end());
  read.blank(0, bytes);
  return bytes;
}

/// Takes what is the program's own out of the notes.
void redactNotes(const Redaction& redaction, target::CoreContents& contents,
                 target::DumpNotes& dumped) {
  target::Pseudonyms texts;
  target::addTexts(contents.notes, dumped, texts);
  for (const auto& text : redaction.kept.texts()) texts.add(text.shown);
  texts.number();
  contents.notes = target::redactedNotes(contents.notes, contents.arch, redaction.keeps, texts);
  target::redact(dumped, texts);
  dumped.standIns.emplace();
  for (const auto& text : redaction.kept.texts()) {
    dumped.standIns->try_emplace({text.data, text.length}, texts.of(text.shown));
  }
}

}  // namespace

Result<void> writeDump(image::Image& image, target::ByteSink& out, const Redaction* redaction,
                       Observer* observer) {
  target::Target& target = image.target();
  target::CoreContents contents{target.arch(), target.coreNotes(), segmentsOf(image)};
  target::DumpNotes dumped = notesOf(target);
  std::vector<target::CoreSegment> headers = target.fileHeaders();
  std::list<std::vector<std::byte>> identities;
  if (redaction != nullptr) {
    contents.only = &redaction->kept;
    dumped.variables = redaction->variables;
    redactNotes(*redaction, contents, dumped);
    dropCode(target, contents.segments);
    for (target::CoreSegment& header : headers) {
      header.bytes = identities.emplace_back(identityOf(header.bytes));
    }
  }
  target::addSegments(contents.segments, headers);
  for (target::CoreNote& note : target::encodeDumpNotes(dumped)) {
    contents.notes.push_back(std::move(note));
  }
  return target::writeCore(contents, target.memory(), out, observer);
}

}  // namespace parked::capture
