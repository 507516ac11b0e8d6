#include "capture/live_copy.h"

#include <algorithm>
#include <cstdlib>
#include <elf.h>
#include <string>

#include "capture/goroutine_memory.h"
#include "capture/heap_memory.h"
#include "golang/snapshot.h"
#include "target/elf_file.h"
#include "target/proc.h"

namespace parked::capture {

namespace {

using target::Range;

/// Memory that a tool like the race detector reserves is longer; the runtime's own is not.
constexpr std::uint64_t kLongest = 4ULL << 30;
/// Read-only memory is wanted for code of plugins and the kernel's pages, not for mapped files.
constexpr std::uint64_t kLongestReadOnly = 64ULL << 20;
/// The runtime's bookkeeping is some percent of the heap; together with what C code has allocated
/// it may be as much as this, and a quarter of the heap.
constexpr std::uint64_t kMostOutside = 256ULL << 20;

/// Bytes a nanosecond: nobody copies more before the bound of the pause.
constexpr std::uint64_t kFastest = 16;

/// Few, as what is copied of the last of them before the deadline is scattered; many, as each time
/// threads are started.
constexpr std::size_t kGoroutinesAtOnce = 2048;

/// The parts of `ranges` that are in none of `others`; both as joined() has them.
std::vector<Range> without(const std::vector<Range>& ranges, const std::vector<Range>& others) {
  std::vector<Range> rest;
  auto other = others.begin();
  for (Range range : ranges) {
    while (other != others.end() && other->end <= range.start) ++other;
    for (auto at = other; at != others.end() && at->start < range.end; ++at) {
      if (at->start > range.start) rest.push_back({range.start, at->start});
      range.start = std::min(at->end, range.end);
    }
    if (range.start < range.end) rest.push_back(range);
  }
  return rest;
}

/// What of a file may be written to until it is loaded, or always.
void addWritable(const target::ElfFile& file, std::uint64_t bias, std::vector<Range>& out) {
  for (const target::ElfSegment& segment : file.segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) == 0) continue;
    const Addr start = segment.address + bias;
    out.push_back({start, start + segment.memorySize});
  }
}

}  // namespace

/// Data and bss, also where the loader made them read-only, and what else plugins have.
LiveCopy::Ranges LiveCopy::variables() const {
  const target::Target& target = image_.target();
  Ranges ranges;
  addWritable(target.executable(), target.bias(), ranges);
  if (everything_) {
    // Pages that are as in the file may have been dropped, and are not among the used ones.
    for (const target::GoFile& runtime : target.runtimes()) {
      if (runtime.file != nullptr) addWritable(*runtime.file, runtime.bias, ranges);
    }
  }
  const image::ModuleList& modules = image_.modules();
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const image::Module& m = modules[i];
    ranges.insert(ranges.end(), {{m.data, m.dataEnd},
                                 {m.bss, m.bssEnd},
                                 {m.noptrData, m.noptrDataEnd},
                                 {m.noptrBss, m.noptrBssEnd}});
    if (i == 0) continue;  // of the executable, the rest is read from its file
    ranges.insert(ranges.end(), {{m.text, m.textEnd}, {m.types, m.typesEnd}});
    for (const image::TableRange& table :
         {m.funcNames, m.cuTable, m.fileTable, m.pcTable, m.pclnTable}) {
      ranges.push_back({table.address, table.address + table.size});
    }
  }
  return ranges;
}

/// All memory outside of the heap. False if that is not known, or too much to copy it.
bool LiveCopy::bookkeeping(Bookkeeping& out) const {
  const target::Target& target = image_.target();
  Ranges writable, readOnly;
  for (const target::Region& region : image_.target().memory().regions()) {
    if (region.mapped != nullptr || region.shared) continue;
    (region.writable ? writable : readOnly).push_back({region.start, region.end});
  }
  auto outside = outsideOfHeap(image_, writable);
  if (!outside) return false;
  Ranges ranges = target::joined(std::move(*outside));
  if (std::ranges::any_of(ranges, [](const Range& r) { return r.end - r.start > kLongest; })) {
    return false;
  }
  Ranges files;
  for (const target::Mapping& mapping : target.mappings()) {
    files.push_back({mapping.start, mapping.end});
  }
  files = target::joined(std::move(files));
  out.anonymous = without(ranges, files);
  std::erase_if(readOnly, [](const Range& r) { return r.end - r.start > kLongestReadOnly; });
  ranges.insert(ranges.end(), readOnly.begin(), readOnly.end());
  const auto pageMap = target::openPageMap(target.readableId());
  for (const Range& range : target::joined(std::move(ranges))) {
    const auto used = target::usedPages(pageMap.get(), range);
    if (!used) return false;
    out.used.insert(out.used.end(), used->begin(), used->end());
  }
  return everything_ || target::sizeOf(out.used) <= kMostOutside + heapBytes_ / 4;
}

bool LiveCopy::fetch(const Ranges& ranges, bool anonymous) const {
  target::Target& target = image_.target();
  return target.memory().fetch(ranges, anonymous, [&target] { return !target.standing(); });
}

/// A gigabyte a second is what a slow machine copies.
bool LiveCopy::mayBeLate() const {
  constexpr std::int64_t kNsPerKilobyte = 1000;
  const std::string used = target::readStatus(image_.target().readableId(), "RssAnon");
  return maxPause_.count() > 0 && std::atoll(used.c_str()) * kNsPerKilobyte > maxPause_.count() / 2;
}

void LiveCopy::prepare(Timings* timings) {
  const Timings::Scope scope(timings, "prepare copy");
  if (observer_ != nullptr) observer_->progress("preparing", 0, 0);
  const target::Target& target = image_.target();
  const auto pageMap = target::openPageMap(target.readableId());
  if (mayBeLate()) {
    // Thrown away: it only tells where the goroutines are, so that they can be copied first.
    if (const auto taken = golang::takeSnapshot(image_, observer_, nullptr)) {
      const golang::Snapshot& snapshot = **taken;
      for (std::size_t i = 0; i < snapshot.goroutines.size(); i += kGoroutinesAtOnce) {
        goroutines_.push_back(memoryOf(snapshot, i, i + kGoroutinesAtOnce));
      }
    }
    goroutines_.push_back(image_.target().memory().fetchedRanges());
  }
  Ranges ranges = variables();
  if (const auto needed = neededOf(image_)) {
    for (const Ranges* part : {&needed->stacks, &needed->pointers, &needed->values}) {
      for (const Range& range : *part) {
        const auto used = target::usedPages(pageMap.get(), range);
        const Ranges& pages = used ? *used : Ranges{range};
        ranges.insert(ranges.end(), pages.begin(), pages.end());
        heapBytes_ += target::sizeOf(pages);
      }
    }
  }
  if (Bookkeeping outside; bookkeeping(outside)) {
    ranges.insert(ranges.end(), outside.used.begin(), outside.used.end());
  }
  if (const auto most = static_cast<std::uint64_t>(maxPause_.count()) * kFastest; most > 0) {
    std::uint64_t sum = 0;
    std::erase_if(ranges, [&](const Range& range) {
      sum += range.end - range.start;
      return sum > most;
    });
  }
  image_.target().memory().prepare(ranges);
}

LiveCopy::Result LiveCopy::take(Timings* timings) {
  const Timings::Scope scope(timings, "copy");
  const target::Target& target = image_.target();
  // In the order of what is of use if the rest is missing.
  bool done = fetch(variables(), false) && fetch({listOfGoroutines(image_)}, false);
  for (std::size_t i = 0; done && i < goroutines_.size(); ++i) done = fetch(goroutines_[i], false);
  Bookkeeping outside;
  const bool known = done && bookkeeping(outside);
  // Pages that were never used are read, too: as zeros.
  if (known) done = fetch(outside.used, false) && fetch(outside.anonymous, true);
  if (done) {
    const auto needed = neededOf(image_);
    if (!needed) return target.standing() ? Result::unknown : Result::late;
    done =
        fetch(needed->stacks, true) && fetch(needed->pointers, true) && fetch(needed->values, true);
  }
  if (!done || !target.standing()) return Result::late;
  return known ? Result::whole : Result::unknown;
}

}  // namespace parked::capture
