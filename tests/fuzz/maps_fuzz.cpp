// room: golang
// with: unit/golang/synthetic.cpp
// Maps: the type's descriptor says where the entries are, then they are visited. Input: the minor
// Go version (1 byte), how the map is made (1 byte), and patches of four bytes: the number of a
// word and what it becomes. Layouts are those that parked ships.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "golang/map_reader.h"
#include "golang/synthetic.h"
#include "image/runtime_types.h"
#include "image/table_layouts.h"

namespace {

using namespace parked;

constexpr Addr kMemory = 0xc000000000;
constexpr std::size_t kWords = 1 << 12;
constexpr Addr kTypes = kMemory;  // the descriptors, their names behind them
constexpr Addr kMapType = kTypes + 0x40, kNames = kTypes + 0x800, kTypesEnd = kTypes + 0x1000;
constexpr Addr kHeader = kMemory + 0x1000, kTables = kMemory + 0x1100, kGroups = kMemory + 0x2000,
               kOld = kMemory + 0x4000, kMore = kMemory + 0x5000;
constexpr unsigned kSlots = 8;

using Names = std::vector<const char*>;

/// Writes fields that have had other names, in structs that have.
class Writer {
 public:
  Writer(test::SyntheticTarget& target, image::LayoutSource& layouts)
      : target_(target), layouts_(layouts) {}

  template <class T>
  void put(Addr at, const Names& types, const Names& fields, T value) {
    std::vector<std::string> missing;
    for (const char* type : types) {
      for (const char* field : fields) {
        const auto offset = image::Binder(layouts_, type, missing).offsetOf(field, false);
        if (offset == image::Field<T>::kAbsent) continue;
        target_.put(at + offset, value);
        return;
      }
    }
  }

 private:
  test::SyntheticTarget& target_;
  image::LayoutSource& layouts_;
};

/// The layouts of a minor version, read once.
class Layouts final : public image::LayoutSource {
 public:
  explicit Layouts(int minor) : table_(tableOf(minor)) {}
  const image::StructLayout* find(std::string_view type) override { return table_.find(type); }
  bool constant(std::string_view, std::int64_t&) override { return false; }
  std::string origin() const override { return "fuzz"; }

 private:
  static image::TableLayouts& tableOf(int minor) {
    static std::array<std::unique_ptr<image::TableLayouts>, 28> known;
    auto& table = known.at(static_cast<std::size_t>(minor));
    if (table == nullptr) {
      const auto version = image::parseGoVersion("go1." + std::to_string(minor) + ".0");
      const auto choices = image::chooseTables(version.value(), "amd64", image::shippedReleases());
      table = std::move(image::TableLayouts::open(choices.value().front()).value());
    }
    return *table;
  }
  image::TableLayouts& table_;
};

/// A map[uint64]uint64 with entries in every place that can have some.
void fill(test::SyntheticTarget& target, image::LayoutSource& layouts, bool swiss, unsigned form) {
  Writer writer(target, layouts);
  const Names type = {"internal/abi.Type", "runtime._type"};
  writer.put(kMapType, type, {"Size_", "size"}, std::uint64_t{8});
  writer.put(kMapType, type, {"PtrBytes", "ptrdata"}, std::uint64_t{8});
  writer.put(kMapType, type, {"Kind_", "kind"}, static_cast<std::uint8_t>(image::TypeKind::map));
  writer.put(kMapType, type, {"Str", "str"}, static_cast<std::int32_t>(kNames - kTypes));
  target.put(kNames, std::uint8_t{0});
  target.put(kNames + 1, std::uint8_t{17});
  target.put(kNames + 2, "map[uint64]uint64", 17);

  const Names map =
      swiss ? Names{"internal/abi.SwissMapType", "internal/abi.MapType"}
            : Names{"internal/abi.OldMapType", "internal/abi.MapType", "runtime.maptype"};
  const std::uint64_t group = swiss ? 8 + kSlots * 16 : 8 + kSlots * 16 + 8;
  writer.put(kMapType, map, {"Key", "key"}, kTypes + 8);
  writer.put(kMapType, map, {"Elem", "elem"}, kTypes + 8);
  writer.put(kMapType, map, {"KeySize", "keysize"}, std::uint8_t{8});
  writer.put(kMapType, map, {"ValueSize", "elemsize"}, std::uint8_t{8});
  writer.put(kMapType, map, {"BucketSize", "bucketsize"}, static_cast<std::uint16_t>(group));
  writer.put(kMapType, map, {"GroupSize"}, group);
  writer.put(kMapType, map, {"SlotSize"}, std::uint64_t{16});
  writer.put(kMapType, map, {"ElemOff"}, std::uint64_t{8});
  writer.put(kMapType, map, {"KeysOff"}, std::uint64_t{8});
  writer.put(kMapType, map, {"KeyStride"}, std::uint64_t{16});
  writer.put(kMapType, map, {"ElemsOff"}, std::uint64_t{16});
  writer.put(kMapType, map, {"ElemStride"}, std::uint64_t{16});
  if ((form & 4) != 0) writer.put(kMapType, map, {"Flags", "flags"}, std::uint32_t{form >> 4});

  const Names header = {"internal/runtime/maps.Map"};
  const Names table = {"internal/runtime/maps.table"};
  const Names hmap = {"runtime.hmap"};
  const std::uint8_t hash = 0x11, empty = swiss ? 0x80 : 0;
  const Addr groups[] = {kGroups, kGroups + group, kOld, kMore};
  for (const Addr at : groups) {
    for (unsigned i = 0; i < kSlots; ++i) target.put(at + i, i < 2 ? hash : empty);
    target.put(at + 8, kMore + 0x400);
    target.put(at + 16, kMore + 0x480);
  }
  const bool small = (form & 1) != 0;
  if (swiss) {
    writer.put(kHeader, header, {"used"}, std::uint64_t{small ? 2U : 8U});
    writer.put(kHeader, header, {"dirPtr"}, small ? kGroups : kTables);
    writer.put(kHeader, header, {"dirLen"}, std::int64_t{small ? 0 : 4});
    const Addr tables[] = {kTables + 0x100, kTables + 0x100, kTables + 0x200, kTables + 0x300};
    for (std::size_t i = 0; i < std::size(tables); ++i) target.put(kTables + 8 * i, tables[i]);
    writer.put(tables[1], table, {"groups.data"}, kGroups);
    writer.put(tables[1], table, {"groups.lengthMask"}, std::uint64_t{1});
    writer.put(tables[2], table, {"groups.data"}, kOld);
    writer.put(tables[3], table, {"groups.data"}, kMore);
    return;
  }
  writer.put(kHeader, hmap, {"count"}, std::int64_t{8});
  writer.put(kHeader, hmap, {"B"}, std::uint8_t{1});
  writer.put(kHeader, hmap, {"flags"}, static_cast<std::uint8_t>(small ? 8 : 0));
  writer.put(kHeader, hmap, {"buckets"}, kGroups);
  writer.put(kHeader, hmap, {"oldbuckets"}, kOld);
  target.put(kGroups + group - 8, kMore);
}

std::uint64_t valueOf(std::uint16_t code) {
  const std::uint64_t low = code & 0x3fff;
  switch (code >> 14) {
    case 0:
      return low;
    case 1:
      return kMemory + 8 * (low % kWords) + low / kWords;
    case 2:
      return std::uint64_t{1} << (low % 64);
    default:
      return ~low << (low % 4 * 16);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const int minor = 18 + data[0] % 10;
  test::SyntheticTarget target;
  target.map(kMemory, kWords * 8);
  image::Image::Parts parts;
  parts.build.version.minor = minor;
  parts.layouts = std::make_unique<Layouts>(minor);
  image::Module module;
  module.types = kTypes;
  module.typesEnd = kTypesEnd;
  parts.modules.push_back(module);
  const bool swiss = parts.layouts->find("internal/runtime/maps.Map") != nullptr;
  fill(target, *parts.layouts, swiss, data[1]);
  for (std::size_t i = 2; i + 4 <= size; i += 4) {
    const auto word = static_cast<std::uint16_t>(data[i] | data[i + 1] << 8);
    const auto code = static_cast<std::uint16_t>(data[i + 2] | data[i + 3] << 8);
    const bool byte = (word & 0x8000) != 0;
    const Addr at = kMemory + 8 * (word % kWords);
    if (byte) {
      target.put(at + word / kWords % 8, static_cast<std::uint8_t>(code));
    } else {
      target.put(at, valueOf(code));
    }
  }
  const auto image = image::Image::assemble(target, std::move(parts));
  const golang::MapReader reader(*image);
  const image::RuntimeType* type = image->runtimeTypes().at(kMapType);
  if (type == nullptr) {
    if (size == 2) std::abort();  // nothing is damaged
    return 0;
  }
  std::uint64_t seen = 0;
  const auto state = reader.visit(kHeader, *type, [&](Addr key, Addr element) {
    ++seen;
    target.memory().word(key);
    target.memory().word(element);
  });
  if (size == 2 && (data[1] & 4) == 0 &&
      (state != golang::MapState::complete || seen != reader.count(kHeader))) {
    std::abort();
  }
  return 0;
}
