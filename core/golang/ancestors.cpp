#include "golang/ancestors.h"

#include <cstring>
#include <string>
#include <utility>

#include "schema/g.h"

namespace parked::golang {

namespace {

constexpr std::uint64_t kMaxAncestors = 16;   // of one goroutine; the nearest are of use
constexpr std::uint64_t kMaxPcs = 512;        // of one; the runtime notes 100
constexpr std::size_t kMaxAllPcs = 1U << 24;  // of all together, where a damaged target has many

}  // namespace

AncestorReader::AncestorReader(const Snapshot& snapshot) : left_(kMaxAllPcs) {
  if (snapshot.image == nullptr) return;
  list_ = schema::GLayout::of(snapshot.image->layouts()).ancestors;
  std::vector<std::string> missing;
  image::Binder info(snapshot.image->layouts(), "runtime.ancestorInfo", missing);
  size_ = info.size();
  // A slice is its data and its length (runtime/slice.go).
  pcs_.offset = info.offsetOf("pcs", true);
  pcCount_.offset = pcs_.offset + sizeof(Addr);
  info.required(goid_, "goid");
  info.required(gopc_, "gopc");
  if (list_ && missing.empty()) memory_ = &snapshot.image->target().memory();
}

std::vector<Ancestor> AncestorReader::read(const Goroutine& goroutine) {
  std::vector<Ancestor> ancestors;
  Addr list = 0, data = 0;
  std::uint64_t count = 0;
  if (memory_ == nullptr || !memory_->read(goroutine.address + list_.offset, list) || list == 0 ||
      !memory_->read(list, data) || !memory_->read(list + sizeof(Addr), count)) {
    return ancestors;
  }
  for (std::uint64_t i = 0; i < count && i < kMaxAncestors; ++i) {
    const image::Object info = image::readObject(*memory_, data + i * size_, size_);
    const std::uint64_t pcCount = info[pcCount_];
    if (!info || pcCount > kMaxPcs || pcCount > left_) break;
    Ancestor ancestor;
    ancestor.id = info[goid_];
    ancestor.creatorPc = info[gopc_];
    if (pcCount > 0) {
      const auto bytes = memory_->bytes(info[pcs_], pcCount * sizeof(Addr));
      if (bytes.empty()) break;
      ancestor.pcs.resize(pcCount);
      std::memcpy(ancestor.pcs.data(), bytes.data(), bytes.size());
      left_ -= pcCount;
    }
    ancestors.push_back(std::move(ancestor));
  }
  return ancestors;
}

}  // namespace parked::golang
