// The tables of one module's pclntab as bytes, and the decoding of their records.
// Mirrors runtime/symtab.go and runtime/runtime2.go (type _func), Go 1.18 to 1.27.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/build_info.h"
#include "image/functions.h"
#include "image/moduledata.h"
#include "image/pc_table.h"
#include "target/address_space.h"

namespace parked::image {

/// What changed in pclntab between releases, in this one place.
struct PclnFormat {
  std::uint32_t funcSize = 0;      ///< fixed part of _func: 40, and 44 since 1.20 (startLine)
  bool wideInlineTree = false;     ///< 20-byte entries with file and line, up to 1.19
  std::uint8_t wrapperFuncId = 0;  ///< abi.FuncIDWrapper

  static PclnFormat of(const GoVersion& version);
};

/// A _func record.
struct RawFunction {
  std::uint32_t nameOffset = 0;
  std::int32_t argBytes = 0;
  std::uint32_t pcsp = 0, pcfile = 0, pcln = 0;
  std::uint32_t pcDataCount = 0;
  std::uint32_t cuOffset = 0;
  std::int32_t startLine = 0;  ///< 0 before 1.20
  std::uint8_t funcId = 0;
  std::uint8_t flags = 0;
  std::uint8_t funcDataCount = 0;
  std::uint64_t tables = 0;  ///< offset in pclntable of the PCDATA offsets that follow
};

class FuncTable {
 public:
  /// An error when one of the module's tables is not readable.
  static Result<FuncTable> open(target::AddressSpace& memory, const PclnFormat& format,
                                const Module& module);

  std::uint32_t count() const { return count_; }
  /// Number of the function that covers `pc`.
  std::optional<std::uint32_t> find(Addr pc) const;
  /// From the function's first byte to the next function's; `index` is below count().
  PcRange range(std::uint32_t index) const;
  /// nullopt when the record lies outside of its table.
  std::optional<RawFunction> raw(std::uint32_t index) const;

  std::string_view name(std::uint32_t offset) const;
  std::int32_t value(std::uint32_t table, const PcRange& code, Addr pc) const {
    return pcValue(pcTable_, table, code, pc);
  }
  std::int32_t pcData(const RawFunction& function, PcData table, const PcRange& code,
                      Addr pc) const;
  Addr funcData(const RawFunction& function, FuncData table) const;
  std::string_view file(const RawFunction& function, const PcRange& code, Addr pc) const;

 private:
  /// A part of the text that was not linked in a row with the rest (runtime.textsect).
  struct TextSection {
    std::uint64_t start, end;  ///< virtual offsets, the ones ftab speaks of
    Addr address;              ///< where it is
  };

  std::uint32_t entryOffset(std::uint32_t index) const;
  Addr addressOf(std::uint32_t offset) const;
  std::optional<std::uint32_t> offsetOf(Addr pc) const;

  PclnFormat format_;
  Module module_;
  std::uint32_t count_ = 0;
  std::vector<TextSection> sections_;  // empty when the text is in one piece
  std::span<const std::byte> ftab_, funcNames_, cuTable_, fileTable_, pcTable_, pclnTable_;
};

}  // namespace parked::image
