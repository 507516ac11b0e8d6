// Offsets in struct elf_prstatus and elf_prpsinfo of cores, the same on every LP64 architecture.
// Mirrors include/linux/elfcore.h of Linux.
#pragma once

#include <cstddef>

namespace parked::target {

inline constexpr std::size_t kPrstatusSignal = 12;  // pr_cursig
inline constexpr std::size_t kPrstatusPid = 32;
inline constexpr std::size_t kPrstatusRegisters = 112;
inline constexpr std::size_t kPrstatusBehind = 8;  // pr_fpvalid, and what aligns the struct

inline constexpr std::size_t kPrpsinfoUser = 16;
inline constexpr std::size_t kPrpsinfoGroup = 20;
inline constexpr std::size_t kPrpsinfoPid = 24;
inline constexpr std::size_t kPrpsinfoParent = 28;
inline constexpr std::size_t kPrpsinfoName = 40;
inline constexpr std::size_t kPrpsinfoNameSize = 16;
inline constexpr std::size_t kPrpsinfoArguments = 56;
inline constexpr std::size_t kPrpsinfoArgumentsSize = 80;

}  // namespace parked::target
