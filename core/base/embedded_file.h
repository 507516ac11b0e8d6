// Files of the tree in the library's read-only data, packed by gzip: nothing is read from disk, and
// what is not asked for is never touched.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Puts the file at `path`, a string literal, between `parked_NAME` and `parked_NAME_end`. At file
/// scope, of a source that CMake compiles anew when the file changes; parked_embed() of
/// cmake/EmbeddedFiles.cmake packs the file and sees to that.
#define PARKED_EMBED(name, path)                                                                \
  __asm__(".section .rodata\n.global parked_" #name "\n.hidden parked_" #name "\nparked_" #name \
          ":\n.incbin \"" path "\"\n.global parked_" #name "_end\n.hidden parked_" #name        \
          "_end\nparked_" #name "_end:\n.byte 0\n.previous\n");                                 \
  extern "C" {                                                                                  \
  extern const char parked_##name[];       /* NOLINT(*-avoid-c-arrays) */                       \
  extern const char parked_##name##_end[]; /* NOLINT(*-avoid-c-arrays) */                       \
  }

/// The text of a file that PARKED_EMBED has embedded: PARKED_EMBEDDED(rules_text), unpacked once.
#define PARKED_EMBEDDED(name)                                                                     \
  ([]() -> std::string_view {                                                                     \
    static const std::string text = parked::unpackEmbedded({parked_##name, parked_##name##_end}); \
    return text;                                                                                  \
  }())

namespace parked {

/// What gzip has packed, whole; of files that are a part of the program.
std::string unpackEmbedded(std::string_view packed);

}  // namespace parked
