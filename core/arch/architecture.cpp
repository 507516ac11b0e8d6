#include "arch/architecture.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

#include "arch/known.h"

namespace parked::arch {

namespace {

constexpr std::array<const Architecture*, 2> kAll{&kAmd64, &kArm64};

}  // namespace

std::span<const Architecture* const> all() { return kAll; }

const Architecture& host() {
#if defined(__aarch64__)
  return kArm64;
#else
  return kAmd64;
#endif
}

const Architecture* byMachine(std::uint16_t machine) {
  const auto at = std::ranges::find(kAll, machine, &Architecture::machine);
  return at == kAll.end() ? nullptr : *at;
}

const Architecture* byName(std::string_view name) {
  for (const Architecture* each : kAll) {
    if (each->name == name) return each;
    if (std::ranges::find(each->otherNames, name) != each->otherNames.end()) return each;
  }
  return nullptr;
}

std::string machineName(std::uint16_t machine) {
  if (const Architecture* known = byMachine(machine)) return std::string(known->name);
  switch (machine) {
    case EM_386:
      return "386";
    case EM_ARM:
      return "32-bit arm";
    case EM_RISCV:
      return "riscv64";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390x";
    case EM_MIPS:
      return "mips";
    case 258:  // EM_LOONGARCH, missing from older headers
      return "loong64";
    default:
      return fmt::format("machine {}", machine);
  }
}

std::string allNames() {
  std::vector<std::string_view> names;
  for (const Architecture* each : kAll) names.push_back(each->name);
  return fmt::format("{}", fmt::join(names, " and "));
}

std::uint64_t Architecture::cacheLine(int goMinor) const {
  std::uint64_t bytes = cacheLines.front().bytes;
  for (const CacheLine& line : cacheLines) {
    if (line.fromMinor <= goMinor) bytes = line.bytes;
  }
  return bytes;
}

Addr Architecture::calleeBefore(Addr returnPc, std::span<const std::byte> code) const {
  std::size_t at = 0;
  Transfer transfer;
  if (code.size() != callSize || returnPc < callSize) return 0;
  if (!scan.nextTransfer(returnPc - callSize, code, at, transfer) || !transfer.call) return 0;
  return transfer.target;
}

std::size_t RegisterBlock::indexOf(std::string_view name) const {
  const auto same = [](char a, char b) {
    return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
  };
  const auto at = std::ranges::find_if(
      names, [&](std::string_view each) { return std::ranges::equal(each, name, same); });
  return static_cast<std::size_t>(at - names.begin());
}

Registers RegisterBlock::read(std::span<const std::byte> block) const {
  const auto word = [&](std::uint8_t index) {
    Addr value = 0;
    if (index != kNone) std::memcpy(&value, block.data() + index * sizeof value, sizeof value);
    return value;
  };
  return {word(pc), word(sp), word(framePointer), word(link)};
}

}  // namespace parked::arch
