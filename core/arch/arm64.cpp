// linux/arm64.
#include "arch/arm64.h"

#include <array>
#include <cstring>
#include <elf.h>

#include "arch/known.h"

namespace parked::arch {

namespace arm64 {
namespace {

using namespace std::string_view_literals;

constexpr std::array kOtherNames{"aarch64"sv};

// asm/ptrace.h, struct user_pt_regs.
constexpr std::array kGeneral{"x0"sv,  "x1"sv,  "x2"sv,  "x3"sv,  "x4"sv,  "x5"sv,  "x6"sv,
                              "x7"sv,  "x8"sv,  "x9"sv,  "x10"sv, "x11"sv, "x12"sv, "x13"sv,
                              "x14"sv, "x15"sv, "x16"sv, "x17"sv, "x18"sv, "x19"sv, "x20"sv,
                              "x21"sv, "x22"sv, "x23"sv, "x24"sv, "x25"sv, "x26"sv, "x27"sv,
                              "x28"sv, "x29"sv, "x30"sv, "sp"sv,  "pc"sv,  "cpsr"sv};

/// Struct user_fpsimd_state: v0 to v31, and two words of state.
std::span<const std::byte> plain(std::span<const std::byte> set) {
  constexpr std::size_t kLeast = 512;
  return set.size() >= kLeast ? set : std::span<const std::byte>();
}

// __kernel_rt_sigreturn of the vDSO: mov x8, #139; svc #0.
constexpr std::array kSignalReturn{std::byte{0x68}, std::byte{0x11}, std::byte{0x80},
                                   std::byte{0xd2}, std::byte{0x01}, std::byte{0x00},
                                   std::byte{0x00}, std::byte{0xd4}};

/// Struct user_sve_header, and behind it either the same or z0 to z31 with what else SVE has.
std::span<const std::byte> scalable(std::span<const std::byte> set) {
  struct {
    std::uint32_t size, maxSize;
    std::uint16_t length, maxLength, flags, reserved;
  } header;
  if (set.size() < sizeof header) return {};
  std::memcpy(&header, set.data(), sizeof header);
  if (header.size > set.size() || header.size < sizeof header) return {};
  return plain(set.first(header.size).subspan(sizeof header));
}

// The kernel writes both, gdb's gcore only the latter where the machine has SVE.
constexpr std::uint32_t kSveNote = 0x405;  // NT_ARM_SVE, missing from older headers
constexpr std::array kVectors{VectorSet{NT_FPREGSET, plain}, VectorSet{kSveNote, scalable}};
constexpr std::array kVectorNames{VectorNames{"v", 32, "d.u", 2}};

constexpr std::array<Register, 16> kArguments{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// internal/cpu/cpu_arm64.go.
constexpr std::array kCacheLines{CacheLine{0, 64}, CacheLine{20, 128}};

}  // namespace
}  // namespace arm64

constinit const Architecture kArm64{
    .name = "arm64",
    .machine = EM_AARCH64,
    .otherNames = arm64::kOtherNames,
    .general = {.names = arm64::kGeneral, .pc = 32, .sp = 31, .framePointer = 29, .link = 30},
    .pointerRegisters = std::span(arm64::kGeneral).first(32),  // with sp
    .vectors = arm64::kVectors,
    .vectorNames = arm64::kVectorNames,
    .frames = {.usesLink = true, .returnSlot = 0, .minFrameSize = 8, .injectedSize = 16},
    // siginfo_t, and behind it the ucontext at 128, whose sigcontext is at 176: regs, sp, pc.
    .signalFrame = {.info = 0,
                    .sp = 560,
                    .pc = 568,
                    .link = 552,
                    .returnFunction = {},
                    .returnCode = arm64::kSignalReturn},
    .arenaBase = 0,
    .loadStore = true,
    .cacheLines = arm64::kCacheLines,
    .minInstruction = 4,
    .callSize = 4,
    .scan = {.references = arm64References, .nextTransfer = arm64NextTransfer},
    .decoder = arm64Decoder,
    .calls = {.stackPointer = 31,
              .framePointer = 29,
              .goroutine = 28,
              .closure = 26,
              .barrierScratch = 25,
              .fill = 20,
              .copy = 21,
              .fillCount = kNoRegister,
              .arguments = arm64::kArguments},
    .systemCalls = kArm64SystemCalls,
};

}  // namespace parked::arch
