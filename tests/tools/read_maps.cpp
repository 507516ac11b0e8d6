// read_maps PID: reads from standard input lines "HEADER TYPE" (addresses of a map and of its type)
// and prints for each what the map reader finds: "STATE COUNT VISITED DIGEST". The digest is that
// of tests/targets/maps.

#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <iostream>
#include <string>

#include "golang/map_reader.h"
#include "image/image.h"
#include "image/runtime_types.h"
#include "schema/globals.h"

namespace {

using parked::Addr;
using parked::image::RuntimeType;
using parked::image::TypeKind;

std::uint64_t fnv(std::span<const std::byte> bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211U;
  }
  return hash;
}

std::uint64_t hashOf(parked::target::AddressSpace& memory, Addr address, const RuntimeType& type) {
  if (type.kind == TypeKind::string) {
    std::string text;
    if (!memory.goString(address, text, 1 << 20)) return 0;
    return fnv(std::as_bytes(std::span(text)));
  }
  return fnv(type.size == 0 ? std::span<const std::byte>() : memory.bytes(address, type.size));
}

std::string_view nameOf(parked::golang::MapState state) {
  switch (state) {
    case parked::golang::MapState::complete:
      return "complete";
    case parked::golang::MapState::unstable:
      return "unstable";
    case parked::golang::MapState::damaged:
      break;
  }
  return "damaged";
}

}  // namespace

int main(int count, char** words) {
  const std::string_view word = count == 2 ? words[1] : "";
  std::int32_t pid = 0;
  if (std::from_chars(word.data(), word.data() + word.size(), pid).ec != std::errc()) return 2;
  auto target = parked::target::openProcess(pid, {});
  if (!target) {
    std::cerr << target.error().message << '\n';
    return 1;
  }
  auto image = parked::image::Image::open(**target, nullptr, nullptr, parked::schema::findGlobals);
  if (!image || !(*target)->freeze()) {
    std::cerr << "not readable\n";
    return 1;
  }
  auto& memory = (*target)->memory();
  auto& types = (*image)->runtimeTypes();
  const parked::golang::MapReader reader(**image);
  Addr header = 0;
  Addr descriptor = 0;
  while (std::cin >> header >> descriptor) {
    const RuntimeType* type = types.at(descriptor);
    const RuntimeType* key = type == nullptr ? nullptr : types.at(type->key);
    const RuntimeType* element = type == nullptr ? nullptr : types.at(type->element);
    if (key == nullptr || element == nullptr) {
      std::cout << "no type\n";
      continue;
    }
    std::uint64_t visited = 0;
    std::uint64_t digest = 0;
    const auto state = reader.visit(header, *type, [&](Addr keyAt, Addr elementAt) {
      ++visited;
      digest += hashOf(memory, keyAt, *key) * 31 + hashOf(memory, elementAt, *element);
    });
    std::cout << fmt::format("{} {} {} {} {}\n", nameOf(state), reader.count(header), visited,
                             digest, type->name);
  }
  return 0;
}
