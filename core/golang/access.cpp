#include "golang/access.h"

#include "golang/stack_maps.h"

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
  if (frame.function == image::kNoFunc) return 0;
  const Addr table = image_.functions().funcData(frame.function, image::FuncData::stackObjects);
  const StackObjects objects =
      readStackObjects(image_.target().memory(), table).value_or(StackObjects());
  for (const StackObject object : objects) {
    if (object.address(frame) == address) {
      return object.size > 0 ? static_cast<std::uint32_t>(object.size) : 0;
    }
  }
  return 0;
}

ImageAccess::ImageAccess(image::Image& image, CodeView& view)
    : Access(image.target().memory(), image.layouts(), view, image.modules()), image_(image) {
  version = image.build().version;
  architecture = &image.target().arch();
}

Addr ImageAccess::variable(std::string_view name) const { return image_.symbol(name).value_or(0); }

}  // namespace parked::golang
