#include "schema/sema_root.h"

#include <string>
#include <vector>

#include "arch/architecture.h"

namespace parked::schema {

SemaRootLayout SemaRootLayout::of(image::LayoutSource& source) {
  SemaRootLayout root;
  std::vector<std::string> missing;
  image::Binder binder(source, "runtime.semaRoot", missing);
  root.size = binder.size();
  binder.optional(root.treap, "treap");
  binder.optional(root.lock, "lock.key");
  return root;
}

std::uint64_t semaRootStride(const arch::Architecture& arch, const image::GoVersion& version) {
  return arch.cacheLine(version.minor);
}

}  // namespace parked::schema
