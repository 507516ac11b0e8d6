// room: image
// Moduledata and function tables in hostile memory. Input: the minor Go version (1 byte), 64 bytes
// of inline trees, the moduledata, and the pclntab; each is mapped where the seeds' pointers say.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../unit/image/synthetic_program.h"
#include "image/functions.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked::image;
  constexpr std::size_t kFuncDataSize = 64;
  constexpr std::size_t kHeader = 1 + kFuncDataSize + SyntheticProgram::kModuleSize;
  if (size < kHeader) return 0;
  const auto part = [&](std::size_t from, std::size_t to) {
    const auto* start = reinterpret_cast<const std::byte*>(data);
    return Bytes(start + from, start + to);
  };
  FakeTarget target;
  target.map(SyntheticProgram::kFuncData, part(1, 1 + kFuncDataSize));
  target.map(SyntheticProgram::kModule, part(1 + kFuncDataSize, kHeader));
  target.map(SyntheticProgram::kPcln, part(kHeader, size));
  FakeLayouts layouts;
  SyntheticProgram::addLayouts(layouts);
  GoVersion version;
  version.minor = 18 + data[0] % 10;
  const auto modules = readModules(target, version, layouts, SyntheticProgram::kModule);
  if (!modules) return 0;
  const auto opened = FunctionTable::open(target, version, *modules);
  if (!opened) return 0;
  const FunctionTable& functions = **opened;
  functions.byName("main.main");
  std::vector<SourceFrame> frames;
  const auto count = std::min<std::size_t>(functions.size(), 50);
  for (FuncIndex i = 0; i < count; ++i) {
    const Function& function = functions.function(i);
    for (const parked::Addr pc : {function.entry, function.entry + 0x29, function.end - 1}) {
      functions.find(pc);
      functions.frameSize(i, pc);
      functions.pcData(i, PcData::stackMapIndex, pc);
      functions.line(i, pc);
      functions.file(i, pc);
      frames.clear();
      functions.expand(pc, false, frames);
    }
    for (int which = 0; which < 8; ++which) functions.funcData(i, static_cast<FuncData>(which));
  }
  return 0;
}
