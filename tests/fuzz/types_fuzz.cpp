// room: schema
// Type descriptors of real programs (scene.h): decoded, named, compared with the layout table, and
// followed as ways are. Input: the program (1 byte), what is asked (1 byte), and patches.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "image/descriptor_types.h"
#include "image/image.h"
#include "image/runtime_types.h"
#include "image/table_check.h"
#include "image/table_layouts.h"
#include "scene.h"
#include "target/target.h"

namespace {

using namespace parked;
using fuzz::Place;

constexpr std::size_t kMostPatches = 16;
constexpr std::size_t kDescriptors = 4000;  // that are written into
constexpr std::uint64_t kDescriptorWords = 14;

class Program {
 public:
  explicit Program(fuzz::Scene& scene) : scene_(scene), opened_(scene, scene.stripped) {
    collect();
  }

  void run(std::uint8_t what, const std::vector<fuzz::Patch>& patches) {
    std::vector<Addr> asked;
    for (const fuzz::Patch& patch : patches) {
      const Place& place = words_[patch.position % words_.size()];
      write(scene_, scene_.stripped, place, patch);
      asked.push_back(descriptors_[patch.position % words_.size() / kDescriptorWords]);
    }
    for (std::size_t i = 0; i < 8; ++i) {
      asked.push_back(descriptors_[(what * 131U + i * 977U) % descriptors_.size()]);
    }
    image::RuntimeTypes types(opened_.target->memory(), opened_.image->layouts(),
                              opened_.image->modules());
    image::DescriptorTypes ways(types, opened_.image->layouts(), opened_.target->bias());
    for (const Addr address : asked) {
      const image::RuntimeType* type = types.at(address);
      if (type != nullptr) check(*type, types);
      follow(ways, ways.described(address - opened_.target->bias(), 0));
    }
    if (what % 8 == 0) {
      for (const char* name : {"net/http.Transport", "*net/http.persistConn", "context.Context",
                               "map[context.canceler]struct {}", "runtime.g"}) {
        types.find(name);
      }
    }
    if (what % 8 == 1) types.itabs();
    if (what % 8 == 2) compare(types);
    scene_.stripped.restore();
  }

 private:
  /// Descriptors that can be reached from what the linker lists, and where the file has them.
  void collect() {
    image::RuntimeTypes& types = opened_.image->runtimeTypes();
    std::deque<Addr> open;
    for (const auto& itab : types.itabs()) {
      open.push_back(itab.type);
      open.push_back(itab.interface);
    }
    std::unordered_set<Addr> seen;
    for (; !open.empty() && descriptors_.size() < kDescriptors; open.pop_front()) {
      const image::RuntimeType* type = types.at(open.front());
      if (type == nullptr || !seen.insert(type->address).second) continue;
      const auto place = scene_.loadedStripped.at(type->address - opened_.target->bias());
      if (!place) continue;
      descriptors_.push_back(type->address);
      for (std::uint64_t i = 0; i < kDescriptorWords; ++i) {
        words_.push_back({place->offset + i * fuzz::kWord, type->address + i * fuzz::kWord});
      }
      open.insert(open.end(), {type->element, type->key});
      for (const auto& field : type->fields) open.push_back(field.type);
    }
    fuzz::require(descriptors_.size() > 300, "there are types");
  }

  static void check(const image::RuntimeType& type, image::RuntimeTypes& types) {
    fuzz::require(!type.name.empty(), "a type has a name");
    fuzz::require(type.pointerBytes <= type.size, "a type holds its pointers");
    if (type.kind == image::TypeKind::map) {
      const image::MapShape& map = type.map;
      fuzz::require(map.groupSize >= fuzz::kWord && map.keyOffset <= map.groupSize &&
                        map.elementOffset <= map.groupSize,
                    "a map's entries lie in its groups");
    }
    types.fullName(type);
  }

  static void follow(image::DescriptorTypes& ways, image::TypeRef type) {
    for (int depth = 0; depth < 8 && type != 0; ++depth) {
      (void)ways.name(type);
      (void)ways.isPointer(type);
      (void)ways.channelOf(type);
      const std::uint64_t size = ways.size(type);
      image::TypeRef next = ways.pointee(type);
      for (std::uint64_t at = 0; at < size && at < 256; at += fuzz::kWord) {
        const image::TypedWord word = ways.word(type, at);
        (void)ways.pathTo("net/http", type, at);
        if (word.pointee != 0) next = word.pointee;
      }
      type = next;
    }
  }

  void compare(image::RuntimeTypes& types) {
    const auto choices =
        image::chooseTables(opened_.image->build().version, "amd64", image::shippedReleases());
    fuzz::require(choices.has_value(), "there is a table");
    const auto table = image::TableLayouts::open(choices->front());
    fuzz::require(table.has_value(), "the table is sound");
    checkTable(**table, types);
  }

  fuzz::Scene& scene_;
  fuzz::Opened opened_;
  std::vector<Addr> descriptors_;
  std::vector<Place> words_;  // of all descriptors, each kDescriptorWords
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto programs = fuzz::programsOfScenes<Program>();
  if (size < 2) return 0;
  programs[data[0] % programs.size()]->run(data[1],
                                           fuzz::patchesOf(data + 2, size - 2, kMostPatches));
  return 0;
}
