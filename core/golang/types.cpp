#include "golang/types.h"

#include <algorithm>
#include <string>

#include "image/shapes.h"
#include "image/type_name.h"

namespace parked::golang {

TypeNames::TypeNames(target::AddressSpace& memory, image::LayoutSource& layouts,
                     const image::ModuleList& modules, StringTable& strings)
    : memory_(memory), modules_(modules), strings_(strings), layout_(layouts) {}

StringId TypeNames::name(Addr descriptor) {
  if (descriptor == 0 || !layout_.name || !layout_.flags) return kEmptyString;
  if (const auto id = known_.find(descriptor); id != AddrMap::kMissing) return id;
  const StringId id = strings_.intern(decode(descriptor));
  known_.insert(descriptor, id);
  return id;
}

std::string TypeNames::decode(Addr descriptor) {
  for (const image::Module& module : modules_) {
    if (descriptor < module.types || descriptor >= module.typesEnd) continue;
    const image::Object type = image::readObject(memory_, descriptor, layout_.size);
    if (!type || bytesLeft_ == 0) return {};
    std::string name = image::readTypeName(memory_, module, type[layout_.name]);
    bytesLeft_ -= std::min(bytesLeft_, name.size());
    image::dropExtraStar(name, type[layout_.flags]);
    return image::withoutShapes(name);
  }
  return {};
}

}  // namespace parked::golang
