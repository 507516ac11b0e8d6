// runtime.moduledata of every module: where text, data, types and pclntab parts are.
// Mirrors runtime/symtab.go (type moduledata), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "image/build_info.h"
#include "image/layout.h"
#include "target/target.h"

namespace parked::image {

/// A table of the target: `size` in bytes.
struct TableRange {
  Addr address = 0;
  std::uint64_t size = 0;
};

/// Addresses as loaded (relocated). `…End` is one past the last byte.
struct Module {
  Addr address = 0;  ///< of the moduledata itself
  Addr pcHeader = 0;
  TableRange funcNames, cuTable, fileTable, pcTable, pclnTable;
  Addr ftab = 0;
  std::uint64_t ftabCount = 0;  ///< functions + 1
  std::uint32_t minLc = 1;      ///< bytes of the smallest instruction: the unit of pc deltas
  Addr minPc = 0, maxPc = 0, text = 0, textEnd = 0;
  Addr data = 0, dataEnd = 0, bss = 0, bssEnd = 0;
  Addr noptrData = 0, noptrDataEnd = 0, noptrBss = 0, noptrBssEnd = 0;
  Addr types = 0, typesEnd = 0, rodata = 0;
  Addr funcDataBase = 0;           ///< go:func.*
  Addr dataMask = 0, bssMask = 0;  ///< gcdatamask/gcbssmask bytes
  std::int32_t dataMaskBits = 0, bssMaskBits = 0;
  Addr typeLinks = 0;  ///< offsets from `types`, 32 bits each; 0 since 1.27
  std::uint64_t typeLinkCount = 0;
  Addr itabLinks = 0;  ///< of *itab; 0 since 1.27
  std::uint64_t itabLinkCount = 0;
  std::uint64_t typeDescriptorBytes = 0;        ///< from `types`; since 1.27
  std::uint64_t itabOffset = 0, itabBytes = 0;  ///< from `types`; since 1.27
  std::uint32_t textSectionCount = 0;
  Addr textSections = 0;  ///< textsectmap
  Addr next = 0;          ///< the next module; of the last one of a damaged chain not 0
};

using ModuleList = std::vector<Module>;

/// The chain of modules from runtime.firstmoduledata, each checked against its pcHeader; never
/// empty. `firstModule` is that symbol's address, or 0 to search for it by shape. An error means
/// the first module cannot be used; a damaged later one (a plugin's) ends the chain and is counted
/// in target.incomplete().
Result<ModuleList> readModules(target::Target& target, const GoVersion& version,
                               LayoutSource& layouts, Addr firstModule);

/// The header of a pclntab (runtime/symtab.go, type pcHeader), checked.
struct PcHeader {
  std::uint32_t minLc = 1;
  std::uint64_t functionCount = 0;
};
/// badFormat when there is no header there, unsupported for a format of an unknown version.
Result<PcHeader> readPcHeader(target::AddressSpace& memory, Addr address);

/// Searches for the first moduledata by its shape: a pclntab header in the executable, and a
/// writable place that points to it and agrees with it. The offsets are those of
/// moduledata.pcHeader and of the length of moduledata.ftab. 0 if there is none.
Addr findModule(target::Target& target, std::uint32_t pcHeaderOffset,
                std::uint32_t ftabLengthOffset);

}  // namespace parked::image
