#include "image/moduledata.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>

namespace parked::image {

namespace {

constexpr std::size_t kMaxModules = 1024;            // plugins; the chain may be cyclic
constexpr std::uint64_t kMaxFunctions = 1 << 24;     // of one module; large ones have a million
constexpr std::uint64_t kMaxTableSize = 4ULL << 30;  // offsets into the tables have 32 bits
constexpr std::uint32_t kMaxModuledataSize = 1 << 16;

/// A Go slice inside moduledata.
struct Slice {
  Field<Addr> data;
  Field<std::uint64_t> length;
};

/// runtime.moduledata.
struct ModuleLayout {
  std::uint32_t size = 0;
  Field<Addr> pcHeader;
  Slice funcNames, cuTable, fileTable, pcTable, pclnTable, ftab, textSections;
  Field<Addr> minPc, maxPc, text, textEnd;
  Field<Addr> noptrData, noptrDataEnd, data, dataEnd, bss, bssEnd, noptrBss, noptrBssEnd;
  Field<Addr> types, typesEnd, rodata, funcDataBase;
  Field<std::int32_t> dataMaskBits, bssMaskBits;
  Field<Addr> dataMask, bssMask;
  Field<Addr> typeLinks, itabLinks;
  Field<std::uint64_t> typeDescriptorBytes, itabOffset, itabBytes;
  Field<Addr> next;
};

void bindSlice(Binder& binder, Slice& slice, std::string_view name) {
  // A slice header is {pointer, length, capacity} by Go's ABI.
  const std::uint32_t offset = binder.offsetOf(name, true);
  if (offset == Field<Addr>::kAbsent) return;
  slice.data.offset = offset;
  slice.length.offset = offset + 8;
}

Result<ModuleLayout> bindModule(LayoutSource& layouts) {
  std::vector<std::string> missing;
  ModuleLayout module;
  Binder binder(layouts, "runtime.moduledata", missing);
  module.size = binder.size();
  binder.required(module.pcHeader, "pcHeader");
  bindSlice(binder, module.funcNames, "funcnametab");
  bindSlice(binder, module.cuTable, "cutab");
  bindSlice(binder, module.fileTable, "filetab");
  bindSlice(binder, module.pcTable, "pctab");
  bindSlice(binder, module.pclnTable, "pclntable");
  bindSlice(binder, module.ftab, "ftab");
  bindSlice(binder, module.textSections, "textsectmap");
  binder.required(module.minPc, "minpc");
  binder.required(module.maxPc, "maxpc");
  binder.required(module.text, "text");
  binder.required(module.textEnd, "etext");
  binder.required(module.noptrData, "noptrdata");
  binder.required(module.noptrDataEnd, "enoptrdata");
  binder.required(module.data, "data");
  binder.required(module.dataEnd, "edata");
  binder.required(module.bss, "bss");
  binder.required(module.bssEnd, "ebss");
  binder.required(module.noptrBss, "noptrbss");
  binder.required(module.noptrBssEnd, "enoptrbss");
  binder.required(module.types, "types");
  binder.required(module.typesEnd, "etypes");
  binder.required(module.rodata, "rodata");
  binder.required(module.funcDataBase, "gofunc");
  binder.optional(module.dataMaskBits, "gcdatamask.n");
  binder.optional(module.dataMask, "gcdatamask.bytedata");
  binder.optional(module.bssMaskBits, "gcbssmask.n");
  binder.optional(module.bssMask, "gcbssmask.bytedata");
  module.typeLinks.offset = binder.offsetOf("typelinks", false);
  module.itabLinks.offset = binder.offsetOf("itablinks", false);
  binder.optional(module.typeDescriptorBytes, "typedesclen");
  binder.optional(module.itabOffset, "itaboffset");
  binder.optional(module.itabBytes, "itabsize");
  binder.required(module.next, "next");
  if (!missing.empty() || module.size > kMaxModuledataSize) {
    return fail(ErrorCode::unsupported,
                fmt::format("the layout of runtime.moduledata is not known ({}): missing {}",
                            layouts.origin(), fmt::join(missing, ", ")));
  }
  return module;
}

Module decode(const Object& object, const ModuleLayout& layout) {
  const auto table = [&](const Slice& slice, std::uint64_t elementSize) {
    const std::uint64_t length = object[slice.length];
    // A length out of bounds makes a table that cannot be read.
    return TableRange{object[slice.data],
                      length <= kMaxTableSize ? length * elementSize : ~std::uint64_t{0}};
  };
  Module module;
  module.address = object.address();
  module.pcHeader = object[layout.pcHeader];
  module.funcNames = table(layout.funcNames, 1);
  module.cuTable = table(layout.cuTable, 4);
  module.fileTable = table(layout.fileTable, 1);
  module.pcTable = table(layout.pcTable, 1);
  module.pclnTable = table(layout.pclnTable, 1);
  module.ftab = object[layout.ftab.data];
  module.ftabCount = object[layout.ftab.length];
  module.minPc = object[layout.minPc];
  module.maxPc = object[layout.maxPc];
  module.text = object[layout.text];
  module.textEnd = object[layout.textEnd];
  module.noptrData = object[layout.noptrData];
  module.noptrDataEnd = object[layout.noptrDataEnd];
  module.data = object[layout.data];
  module.dataEnd = object[layout.dataEnd];
  module.bss = object[layout.bss];
  module.bssEnd = object[layout.bssEnd];
  module.noptrBss = object[layout.noptrBss];
  module.noptrBssEnd = object[layout.noptrBssEnd];
  module.types = object[layout.types];
  module.typesEnd = object[layout.typesEnd];
  module.rodata = object[layout.rodata];
  module.funcDataBase = object[layout.funcDataBase];
  module.dataMaskBits = object[layout.dataMaskBits];
  module.dataMask = object[layout.dataMask];
  module.bssMaskBits = object[layout.bssMaskBits];
  module.bssMask = object[layout.bssMask];
  if (layout.typeLinks && layout.itabLinks) {
    // A slice header is {pointer, length, capacity} by Go's ABI.
    module.typeLinks = object[layout.typeLinks];
    module.typeLinkCount = object[Field<std::uint64_t>{layout.typeLinks.offset + 8}];
    module.itabLinks = object[layout.itabLinks];
    module.itabLinkCount = object[Field<std::uint64_t>{layout.itabLinks.offset + 8}];
  }
  module.typeDescriptorBytes = object[layout.typeDescriptorBytes];
  module.itabOffset = object[layout.itabOffset];
  module.itabBytes = object[layout.itabBytes];
  const std::uint64_t sections = object[layout.textSections.length];
  module.textSectionCount =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(sections, 0xffffffff));
  module.textSections = object[layout.textSections.data];
  module.next = object[layout.next];
  return module;
}

/// Reads one module and holds it against its pcHeader.
Result<Module> readModule(target::AddressSpace& memory, const ModuleLayout& layout, Addr address) {
  const Object object = readObject(memory, address, layout.size);
  if (!object) {
    return fail(ErrorCode::unreadable,
                fmt::format("runtime.moduledata at {:#x} is not readable", address), address);
  }
  Module module = decode(object, layout);
  const auto header = readPcHeader(memory, module.pcHeader);
  if (!header) return tl::unexpected(header.error());
  if (module.ftabCount != header->functionCount + 1 || module.ftabCount > kMaxFunctions ||
      module.minPc > module.maxPc || module.text > module.minPc) {
    return fail(ErrorCode::badFormat,
                fmt::format("runtime.moduledata at {:#x} disagrees with its pclntab", address),
                address);
  }
  module.minLc = header->minLc;
  return module;
}

}  // namespace

Result<PcHeader> readPcHeader(target::AddressSpace& memory, Addr address) {
  struct Raw {
    std::uint32_t magic;
    std::uint8_t pad[2], minLc, pointerSize;
    std::uint64_t functionCount;
  };
  Raw raw{};
  if (!memory.read(address, raw)) {
    return fail(ErrorCode::unreadable, fmt::format("no pclntab at {:#x}", address), address);
  }
  // 0xfffffff0: 1.18 and 1.19, 0xfffffff1: since 1.20. Each new format counted up.
  if ((raw.magic & 0xffffff00) != 0xffffff00 || raw.pad[0] != 0 || raw.pad[1] != 0 ||
      (raw.minLc != 1 && raw.minLc != 4) || raw.pointerSize != 8) {
    return fail(ErrorCode::badFormat, fmt::format("no pclntab at {:#x}", address), address);
  }
  if (raw.magic != 0xfffffff0 && raw.magic != 0xfffffff1) {
    return fail(ErrorCode::unsupported,
                fmt::format("pclntab of an unknown format ({:#x})", raw.magic), address);
  }
  return PcHeader{raw.minLc, raw.functionCount};
}

Result<ModuleList> readModules(target::Target& target, const GoVersion& version,
                               LayoutSource& layouts, Addr firstModule) {
  const auto layout = bindModule(layouts);
  if (!layout) return tl::unexpected(layout.error());
  if (firstModule == 0) {
    firstModule = findModule(target, layout->pcHeader.offset, layout->ftab.length.offset);
  }
  if (firstModule == 0) {
    return fail(
        ErrorCode::notFound,
        fmt::format("no function table (pclntab) of a known format, or no "
                    "runtime.firstmoduledata, in this {} program: is it obfuscated or packed?",
                    version.text));
  }
  ModuleList modules;
  std::vector<Addr> seen;
  for (Addr address = firstModule; address != 0;) {
    if (seen.size() >= kMaxModules || std::find(seen.begin(), seen.end(), address) != seen.end()) {
      target.incomplete().add("module", "the chain of modules does not end", address);
      break;
    }
    seen.push_back(address);
    auto module = readModule(target.memory(), *layout, address);
    if (!module) {
      if (modules.empty()) return tl::unexpected(module.error());
      target.incomplete().add("module", module.error().message, address);
      break;
    }
    modules.push_back(*module);
    address = module->next;
  }
  return modules;
}

}  // namespace parked::image
