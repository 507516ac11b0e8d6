// Files of the tree as they are, in the library's read-only data: nothing is read from disk, and
// what is not asked for is never touched.
#pragma once

/// Puts the file at `path`, a string literal, between `parked_NAME` and `parked_NAME_end`. At file
/// scope, of a source that CMake compiles anew when the file changes (OBJECT_DEPENDS).
#define PARKED_EMBED(name, path)                                                                \
  __asm__(".section .rodata\n.global parked_" #name "\n.hidden parked_" #name "\nparked_" #name \
          ":\n.incbin \"" path "\"\n.global parked_" #name "_end\n.hidden parked_" #name        \
          "_end\nparked_" #name "_end:\n.byte 0\n.previous\n");                                 \
  extern "C" {                                                                                  \
  extern const char parked_##name[];       /* NOLINT(*-avoid-c-arrays) */                       \
  extern const char parked_##name##_end[]; /* NOLINT(*-avoid-c-arrays) */                       \
  }
