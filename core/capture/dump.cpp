#include "capture/dump.h"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "capture/heap_memory.h"
#include "target/core_writer.h"
#include "target/dump_notes.h"

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
  target::addSegments(segments, target.fileHeaders());
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
  std::unordered_set<std::uint64_t> inodes;
  for (const target::Descriptor& each : notes.descriptors) {
    if (const auto inode = target::socketInode(each.link)) inodes.insert(*inode);
  }
  if (!inodes.empty()) notes.sockets = target.sockets(inodes);
  return notes;
}

}  // namespace

Result<void> writeDump(image::Image& image, target::ByteSink& out, Observer* observer) {
  target::Target& target = image.target();
  target::CoreContents contents{target.arch(), target.coreNotes(), segmentsOf(image)};
  for (target::CoreNote& note : target::encodeDumpNotes(notesOf(target))) {
    contents.notes.push_back(std::move(note));
  }
  return target::writeCore(contents, target.memory(), out, observer);
}

}  // namespace parked::capture
