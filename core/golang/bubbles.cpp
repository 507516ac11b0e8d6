#include "golang/bubbles.h"

#include <string>
#include <vector>

namespace parked::golang {

BubbleReader::BubbleReader(image::Image& image, const schema::GLayout& layout)
    : memory_(image.target().memory()), g_(layout) {
  if (!layout.bubble) return;
  std::vector<std::string> missing;
  image::Binder bubble(image.layouts(), "runtime.synctestBubble", missing);
  if (bubble.found()) {
    size_ = bubble.size();
    bubble.required(id_, "id");
    return;
  }
  image::Binder group(image.layouts(), "runtime.synctestGroup", missing);
  size_ = group.size();
  group.required(root_, "root");
}

std::uint64_t BubbleReader::read(const image::Object& g) const {
  const Addr address = g[g_.bubble];
  if (address == 0) return 0;
  const image::Object bubble = image::readObject(memory_, address, size_);
  if (id_) return bubble[id_];
  return image::readObject(memory_, bubble[root_], g_.size)[g_.goid];
}

}  // namespace parked::golang
