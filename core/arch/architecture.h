// What differs from architecture to architecture: an object for each, in a file of its own
// (core/arch/NAME.cpp). No other part of parked knows the name of one; what it has to know is a
// member here. To add one: docs/extending/architecture.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "arch/code_reference.h"
#include "arch/fwd.h"
#include "arch/instruction.h"
#include "arch/registers.h"
#include "arch/system_call.h"
#include "base/error.h"

namespace parked::arch {

/// How a frame lies on the stack (runtime/traceback.go: usesLR, sys.MinFrameSize, sys.StackAlign;
/// cmd/internal/obj/GOARCH: prologues).
struct FrameRules {
  bool usesLink;               ///< the return address is in a register, saved at the frame's bottom
  std::uint64_t returnSlot;    ///< bytes the call instruction pushes
  std::uint64_t minFrameSize;  ///< bytes between a frame and its in-args
  /// What a signal handler pushes when it fakes a call (runtime/signal_GOARCH.go: preparePanic,
  /// pushCall) beside the return address: the link register, which can be the only pointer to an
  /// object.
  std::uint64_t injectedSize;
};

/// Where the kernel keeps the registers of a thread that a signal interrupted: in struct
/// rt_sigframe (arch/*/kernel/signal.c), which lies right where the frame of the handler,
/// runtime.sigtramp, ends. Bytes from there.
struct SignalFrame {
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  std::uint64_t info;          ///< siginfo_t
  std::uint64_t sp, pc, link;  ///< link: kNone if there is no such register
  /// When the handler has returned, and the kernel has not been called yet, sp is at the frame.
  /// Such a thread stands in this function …
  std::string_view returnFunction;
  /// … or in this code, which is no Go function.
  std::span<const std::byte> returnCode;
};

/// Size of what the runtime takes for a cache line (internal/cpu.CacheLinePadSize), from a minor
/// release of Go on.
struct CacheLine {
  int fromMinor;
  std::uint64_t bytes;
};

struct Architecture {
  std::string_view name;                         ///< GOARCH
  std::uint16_t machine;                         ///< e_machine of an ELF file
  std::span<const std::string_view> otherNames;  ///< by which debuggers call it
  RegisterBlock general;
  std::span<const std::string_view> pointerRegisters;  ///< of `general`, those that can hold one
  std::span<const VectorSet> vectors;                  ///< of which one is enough, the widest first
  std::span<const VectorNames> vectorNames;            ///< the same in a debugger
  FrameRules frames;
  SignalFrame signalFrame;
  Addr arenaBase;  ///< added to an address before it is an arena's index
  bool loadStore;  ///< only loads and stores touch memory: an increment is one of each
  std::span<const CacheLine> cacheLines;  ///< in order; the first holds for all before, too
  std::uint8_t minInstruction;  ///< bytes of the shortest instruction, and their alignment
  std::uint8_t callSize;        ///< bytes of a direct call
  CodeScan scan;
  /// Decodes whole functions; null as long as that is not written: then nothing that follows code
  /// (locks, wakers, loops) is said.
  std::unique_ptr<Decoder> (*decoder)();
  CallRules calls;
  std::span<const SystemCall> systemCalls;  ///< in order; empty: their numbers are not known

  /// CacheLinePadSize of a release.
  std::uint64_t cacheLine(int goMinor) const;
  /// Where the instruction that ends at `returnPc` leads, if it is a direct call; 0 if it is not.
  /// `code` is the callSize bytes before it.
  Addr calleeBefore(Addr returnPc, std::span<const std::byte> code) const;
};

/// All that can be read.
std::span<const Architecture* const> all();
/// By e_machine, by GOARCH or a debugger's name; null if it is none that is read.
const Architecture* byMachine(std::uint16_t machine);
const Architecture* byName(std::string_view name);
/// What to call an e_machine in a message.
std::string machineName(std::uint16_t machine);
/// "… and …": what all() has.
std::string allNames();

}  // namespace parked::arch
