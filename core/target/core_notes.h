// The notes of a core file, decoded: threads, mappings, auxiliary vector, program name.
// Mirrors the kernel's fs/binfmt_elf.c and gdb's gcore; Delve's dump writes notes of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "target/elf_file.h"
#include "target/registers.h"
#include "target/target.h"

namespace parked::target {

/// What the kernel told the program at its start (NT_AUXV, /proc/PID/auxv); 0 where absent.
struct AuxiliaryVector {
  Addr programHeaders = 0;  ///< AT_PHDR
  Addr entry = 0;           ///< AT_ENTRY
  Addr fileName = 0;        ///< AT_EXECFN: address of the path given to execve
};

AuxiliaryVector decodeAuxv(std::span<const std::byte> bytes);

struct CoreNotes {
  std::vector<Thread> threads;
  std::vector<Mapping> mappings;  ///< NT_FILE, in order of address
  std::string program;            ///< NT_PRPSINFO's pr_fname (at most 15 characters)
  std::string command;            ///< first word of its pr_psargs (at most 79 characters)
  std::int32_t pid = 0;
  int signal = 0;                        ///< that made the core; 0 for a snapshot (gcore, Delve)
  std::optional<SignalInfo> signalInfo;  ///< of that signal
  AuxiliaryVector auxiliary;
};

CoreNotes readCoreNotes(std::span<const ElfNote> notes, const Architecture& arch);

/// The registers of a block as NT_PRSTATUS and PTRACE_GETREGSET lay it out (struct
/// user_regs_struct); false if the block is too short.
bool decodeRegisters(std::span<const std::byte> block, const Architecture& arch, Thread& out);

/// The vector registers of a note or register set; false if it has none or is cut short. Nothing is
/// added to a thread whose general registers are not known.
bool addVectorRegisters(std::uint32_t note, std::span<const std::byte> set,
                        const Architecture& arch, Thread& out);

}  // namespace parked::target
