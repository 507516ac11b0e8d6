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

/// Addresses as loaded (relocated). `…End` is one past the last byte.
struct Module {
  Addr address = 0;  ///< of the moduledata itself
  Addr pcHeader = 0;
  Addr funcNames = 0, cuTable = 0, fileTable = 0, pcTable = 0, pclnTable = 0;
  Addr ftab = 0;
  std::uint64_t ftabCount = 0;  ///< functions + 1
  Addr minPc = 0, maxPc = 0, text = 0, textEnd = 0;
  Addr data = 0, dataEnd = 0, bss = 0, bssEnd = 0;
  Addr noptrData = 0, noptrDataEnd = 0, noptrBss = 0, noptrBssEnd = 0;
  Addr types = 0, typesEnd = 0, rodata = 0;
  Addr funcDataBase = 0;           ///< go:func.*
  Addr dataMask = 0, bssMask = 0;  ///< gcdatamask/gcbssmask bytes
  std::int32_t dataMaskBits = 0, bssMaskBits = 0;
  std::uint32_t textSectionCount = 0;
  Addr textSections = 0;  ///< textsectmap, when there is more than one text section
};

using ModuleList = std::vector<Module>;

/// The chain of modules from runtime.firstmoduledata, each checked against its pcHeader.
/// `firstModule` is that symbol's address, or 0 to search for it by shape.
Result<ModuleList> readModules(target::Target& target, const GoVersion& version,
                               LayoutSource& layouts, Addr firstModule);

}  // namespace parked::image
