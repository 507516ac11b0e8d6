#include "golang/types.h"

#include <algorithm>
#include <string>
#include <vector>

#include "image/shapes.h"
#include "image/type_name.h"

namespace parked::golang {

TypeNames::TypeNames(target::AddressSpace& memory, image::LayoutSource& layouts,
                     const image::ModuleList& modules, StringTable& strings)
    : memory_(memory), modules_(modules), strings_(strings) {
  std::vector<std::string> missing;
  const bool moved = layouts.find("internal/abi.Type") != nullptr;
  image::Binder binder(layouts, moved ? "internal/abi.Type" : "runtime._type", missing);
  size_ = binder.size();
  binder.required(str_, "Str", "str");
  binder.required(flags_, "TFlag", "tflag");
}

StringId TypeNames::name(Addr descriptor) {
  if (descriptor == 0 || !str_ || !flags_) return kEmptyString;
  if (const auto id = known_.find(descriptor); id != AddrMap::kMissing) return id;
  const StringId id = strings_.intern(decode(descriptor));
  known_.insert(descriptor, id);
  return id;
}

std::string TypeNames::decode(Addr descriptor) {
  for (const image::Module& module : modules_) {
    if (descriptor < module.types || descriptor >= module.typesEnd) continue;
    const image::Object type = image::readObject(memory_, descriptor, size_);
    if (!type || bytesLeft_ == 0) return {};
    std::string name = image::readTypeName(memory_, module, type[str_]);
    bytesLeft_ -= std::min(bytesLeft_, name.size());
    image::dropExtraStar(name, type[flags_]);
    return image::withoutShapes(name);
  }
  return {};
}

}  // namespace parked::golang
