#include "schema/finalizers.h"

#include <string>
#include <vector>

namespace parked::schema {

namespace {

BlockLayout blockOf(image::LayoutSource& source, std::string_view name, std::string_view link,
                    std::string_view used, std::string_view entries, std::string_view record) {
  BlockLayout block;
  std::vector<std::string> missing;
  image::Binder binder(source, name, missing);
  block.size = binder.size();
  binder.optional(block.link, link);
  binder.optional(block.used, used);
  block.entries = binder.offsetOf(entries, false);
  const image::Binder entry(source, record, missing);
  block.hasRecords = entry.found();
  block.entrySize = block.hasRecords ? entry.size() : sizeof(Addr);
  return block;
}

}  // namespace

BlockLayout BlockLayout::ofFinalizers(image::LayoutSource& source) {
  const bool renamed = source.find("runtime.finBlock") != nullptr;  // since 1.25
  BlockLayout block = blockOf(source, renamed ? "runtime.finBlock" : "runtime.finblock", "alllink",
                              "cnt", "fin", "runtime.finalizer");
  block.queuedAreCounted = renamed;
  return block;
}

BlockLayout BlockLayout::ofCleanups(image::LayoutSource& source) {
  return blockOf(source, "runtime.cleanupBlock", "cleanupBlockHeader.alllink",
                 "cleanupBlockHeader.n", "cleanups", "runtime.cleanupFn");
}

CleanupQueueLayout CleanupQueueLayout::of(image::LayoutSource& source) {
  CleanupQueueLayout queue;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.cleanupQueue", missing);
  queue.exists = binder.found();
  binder.optional(queue.all, "all.value");
  return queue;
}

}  // namespace parked::schema
