// A Go program's moduledata and pclntab, made by hand in the format of a given version.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fake_target.h"
#include "image/build_info.h"

namespace parked::image {

/// One step of a pc-value table: `value` holds up to (excluding) offset `end` of the function.
struct PcStep {
  std::int32_t value;
  std::uint32_t end;
};

struct SyntheticCall {
  std::string name;
  std::uint8_t funcId = 0;
  std::uint32_t parentPc = 0;
  std::int32_t startLine = 0;
};

struct SyntheticFunction {
  std::string name;
  std::uint32_t size = 0;
  std::int32_t args = 0;
  std::uint8_t funcId = 0, flags = 0;
  std::int32_t startLine = 0;
  std::vector<PcStep> frame = {}, file = {}, line = {}, inlineIndex = {};
  std::vector<SyntheticCall> inlined = {};
};

class SyntheticProgram {
 public:
  static constexpr Addr kText = 0x401000;
  static constexpr Addr kPcln = 0x500000;
  static constexpr Addr kFuncData = 0x700000;
  static constexpr Addr kModule = 0x800000;
  static constexpr std::uint32_t kModuleSize = 7 * 24 + 18 * 8 + 2 * 16;

  explicit SyntheticProgram(int minor) { version_.minor = minor; }

  const GoVersion& version() const { return version_; }
  std::vector<SyntheticFunction> functions;
  std::vector<std::string> files{"/src/main.go", "/src/util.go"};
  /// {virtual start, virtual end, address}, when the text is not in one piece.
  std::vector<std::array<std::uint64_t, 3>> textSections;
  Addr next = 0;

  /// Layout of runtime.moduledata: not the real one, so that nothing can rely on its offsets.
  static void addLayouts(FakeLayouts& layouts) {
    StructLayout& module = layouts.add("runtime.moduledata", kModuleSize);
    for (const char* name :
         {"ftab", "pclntable", "pctab", "filetab", "cutab", "funcnametab", "textsectmap"}) {
      addField(module, name, 24, "[]uint8");
    }
    for (const char* name :
         {"next", "pcHeader", "minpc", "maxpc", "text", "etext", "noptrdata", "enoptrdata", "data",
          "edata", "bss", "ebss", "noptrbss", "enoptrbss", "types", "etypes", "rodata", "gofunc"}) {
      addField(module, name, 8, "uintptr");
    }
    addField(module, "gcdatamask", 16, "runtime.bitvector");
    addField(module, "gcbssmask", 16, "runtime.bitvector");
    layouts.add("runtime.bitvector", 16).fields = {{"n", 0, 4, "int32"},
                                                   {"bytedata", 8, 8, "*uint8"}};
  }

  /// Puts everything into the target's memory.
  void build(FakeTarget& target, FakeLayouts& layouts) {
    Tables made;
    const std::uint32_t size = addFunctions(made);
    std::vector<std::pair<Addr, std::size_t>> places;
    target.map(kPcln, pclntab(made, places), false);
    if (!made.funcData.empty()) target.map(kFuncData, std::move(made.funcData), false);
    target.map(kModule, moduledata(places, size));
    addLayouts(layouts);
  }

 private:
  /// The tables of pclntab, and what FUNCDATA points to.
  struct Tables {
    Bytes names, pctab, cutab, filetab, pclntable, ftab, funcData;

    std::uint32_t pcValues(const std::vector<PcStep>& steps) {
      if (steps.empty()) return 0;
      const std::size_t at = pctab.size();
      std::int32_t value = -1;
      std::uint32_t pc = 0;
      for (const PcStep& step : steps) {
        pctab.zigzag(step.value - value).uvarint(step.end - pc);
        value = step.value;
        pc = step.end;
      }
      pctab.u8(0);
      return static_cast<std::uint32_t>(at);
    }
    std::size_t nameOffset(const std::string& name) {
      const std::size_t at = names.size();
      names.zeroTerminated(name);
      return at;
    }
  };

  /// Functions have no start line, and inlined calls have the longer form.
  bool old() const { return version_.minor <= 19; }

  /// Gives the size of the text.
  std::uint32_t addFunctions(Tables& made) const {
    made.pctab.u8(0);
    for (const std::string& file : files) {
      made.cutab.u32(made.filetab.size());
      made.filetab.zeroTerminated(file);
    }
    std::uint32_t entry = 0;
    for (const SyntheticFunction& f : functions) {
      made.ftab.u32(entry).u32(made.pclntable.size());
      addFunction(made, f, entry);
      entry += f.size;
    }
    made.ftab.u32(entry).u32(0);
    return entry;
  }

  void addFunction(Tables& made, const SyntheticFunction& f, std::uint32_t entry) const {
    Bytes& func = made.pclntable;
    func.u32(entry).u32(made.nameOffset(f.name)).put(f.args).u32(0);
    func.u32(made.pcValues(f.frame)).u32(made.pcValues(f.file)).u32(made.pcValues(f.line));
    func.u32(3).u32(0);  // PCDATA tables, cuOffset
    if (!old()) func.put(f.startLine);
    func.u8(f.funcId).u8(f.flags).u8(0).u8(4);
    func.u32(0).u32(0).u32(made.pcValues(f.inlineIndex));
    for (int i = 0; i < 3; ++i) func.u32(0xffffffff);
    func.u32(f.inlined.empty() ? 0xffffffff : made.funcData.size());
    for (const SyntheticCall& call : f.inlined) addInlined(made, call);
  }

  void addInlined(Tables& made, const SyntheticCall& call) const {
    Bytes& data = made.funcData;
    if (old()) {
      data.u16(0xffff).u8(call.funcId).u8(0).u32(0).u32(0);
      data.u32(made.nameOffset(call.name)).u32(call.parentPc);
    } else {
      data.u8(call.funcId).u8(0).u16(0).u32(made.nameOffset(call.name)).u32(call.parentPc);
      data.put(call.startLine);
    }
  }

  /// `places` gets where each table is and how many entries it has, in moduledata's order.
  Bytes pclntab(const Tables& made, std::vector<std::pair<Addr, std::size_t>>& places) const {
    Bytes pcln;
    pcln.u32(old() ? 0xfffffff0 : 0xfffffff1).u16(0).u8(1).u8(8).u64(functions.size());
    pcln.resize(72);
    Addr at = kPcln + pcln.size();
    for (const Bytes* part :
         {&made.ftab, &made.pclntable, &made.pctab, &made.filetab, &made.cutab, &made.names}) {
      places.emplace_back(at, part->size());
      pcln.bytes(*part);
      at += part->size();
    }
    places[0].second /= 8;
    places[4].second /= 4;
    Bytes sections;
    for (const auto& section : textSections) {
      for (const std::uint64_t word : section) sections.u64(word);
    }
    places.emplace_back(at, textSections.size());
    pcln.bytes(sections);
    return pcln;
  }

  Bytes moduledata(const std::vector<std::pair<Addr, std::size_t>>& places,
                   std::uint32_t textSize) const {
    Bytes module;
    for (const auto& [address, count] : places) module.u64(address).u64(count).u64(count);
    module.u64(next).u64(kPcln);
    const Addr end = textSections.empty() ? kText + textSize : ~Addr{0} / 2;
    module.u64(kText).u64(end).u64(kText).u64(end);
    for (std::uint64_t i = 0; i < 8; ++i) module.u64(0x900000 + i);  // noptrdata … enoptrbss
    module.u64(0xa00000).u64(0xa10000).u64(0xb00000).u64(kFuncData);
    module.u32(100).u32(0).u64(0xc00000).u32(200).u32(0).u64(0xc10000);
    return module;
  }

  static void addField(StructLayout& layout, const char* name, std::uint32_t size,
                       const char* type) {
    const std::uint32_t offset =
        layout.fields.empty() ? 0 : layout.fields.back().offset + layout.fields.back().size;
    layout.fields.push_back({name, offset, size, type});
  }

  GoVersion version_;
};

}  // namespace parked::image
