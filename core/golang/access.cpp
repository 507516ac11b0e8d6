#include "golang/access.h"

#include <cstring>

namespace parked::golang {

std::string_view ImageCode::functionAt(Addr code) {
  const image::FuncIndex index = image_.functions().find(code);
  if (index == image::kNoFunc) return {};
  const image::Function& function = image_.functions().function(index);
  return function.entry == code ? function.name : std::string_view();
}

void ImageCode::callNames(FramePc pc, std::vector<std::string_view>& out) {
  expanded_.clear();
  image_.functions().expand(pc.pc, pc.exact != 0, expanded_);
  for (const image::SourceFrame& frame : expanded_) out.push_back(frame.function);
}

void ImageCode::unwind(const Goroutine& goroutine, std::size_t limit, std::vector<Frame>& out) {
  unwinder_.unwind({goroutine.pc, goroutine.sp, 0, goroutine.stackLo, goroutine.stackHi}, out,
                   limit);
}

std::uint32_t ImageCode::stackObjectSize(const Frame& frame, Addr address) {
  // runtime/stack.go (stackObjectRecord): {off, size, ptrdata i32; gcdataoff u32}, preceded by
  // their number; the same in all versions. Offsets < 0 count from varp, others from argp.
  struct Record {
    std::int32_t offset, size, pointers;
    std::uint32_t mask;
  };
  constexpr std::uint64_t kMaxRecords = 1 << 16;
  if (frame.function == image::kNoFunc) return 0;
  auto& memory = image_.target().memory();
  const Addr table = image_.functions().funcData(frame.function, image::FuncData::stackObjects);
  std::uint64_t count = 0;
  if (table == 0 || !memory.read(table, count) || count > kMaxRecords) return 0;
  const auto bytes = memory.bytes(table + sizeof count, count * sizeof(Record));
  for (std::size_t at = 0; at + sizeof(Record) <= bytes.size(); at += sizeof(Record)) {
    Record record;
    std::memcpy(&record, bytes.data() + at, sizeof record);
    const Addr base = record.offset < 0 ? frame.varp : frame.argp;
    if (base + static_cast<std::uint64_t>(std::int64_t{record.offset}) == address) {
      return record.size > 0 ? static_cast<std::uint32_t>(record.size) : 0;
    }
  }
  return 0;
}

ImageAccess::ImageAccess(image::Image& image, CodeView& view)
    : Access(image.target().memory(), image.layouts(), view, image.modules()), image_(image) {
  arch = image.target().arch();
  goMinor = image.build().version.minor;
}

Addr ImageAccess::variable(std::string_view name) const { return image_.symbol(name).value_or(0); }

}  // namespace parked::golang
