// room: target
// The mappings of a process. Input: as /proc/PID/maps is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "target/proc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked::target;
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  const ProcessMaps maps = parseMaps(lines);
  AddressSpace memory;
  for (const Region& region : maps.regions) {
    if (region.start >= region.end || region.mapped != nullptr) std::abort();
    memory.add(region);
  }
  for (const Mapping& mapping : maps.mappings) {
    if (mapping.start >= mapping.end || !mapping.path.starts_with('/')) std::abort();
  }
  for (const Region& region : memory.regions()) {
    if (!memory.covers(region.start, region.end - region.start)) std::abort();
  }
  return 0;
}
