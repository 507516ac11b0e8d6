// A possibly compressed debug section, unpacked only as far as it is asked for: type information
// of a Go program lies in the first part of .debug_info, the rest is never needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "target/elf_file.h"

namespace parked::image {

enum class Compression : std::uint8_t { none, zlib, zstd };

/// A debug section as the file has it.
struct DebugSection {
  std::span<const std::byte> stored;  ///< its bytes behind the compression header
  std::uint64_t size = 0;             ///< unpacked
  Compression compression = Compression::none;
};

/// Finds ".debug_<name>" (plain or SHF_COMPRESSED) or ".zdebug_<name>" (Go 1.18). nullopt if there
/// is none; an error if its header is damaged or claims an unreasonable size.
Result<std::optional<DebugSection>> findDebugSection(const target::ElfFile& file,
                                                     std::string_view name);

/// Unpacks a section piece by piece, always forward.
class Inflater {
 public:
  /// `out` receives the section; at least `section.size` bytes.
  Inflater(const DebugSection& section, std::byte* out);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Makes the first `size` bytes (or all there are) available; returns how many are.
  std::uint64_t upTo(std::uint64_t size);

 private:
  struct Stream;
  DebugSection section_;
  std::byte* out_;
  std::uint64_t done_ = 0;
  bool ended_ = false;
  std::unique_ptr<Stream> stream_;
};

}  // namespace parked::image
