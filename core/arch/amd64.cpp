// linux/amd64.
#include "arch/amd64.h"

#include <array>
#include <elf.h>

#include "arch/known.h"

namespace parked::arch {

namespace amd64 {
namespace {

using namespace std::string_view_literals;

constexpr std::array kOtherNames{"x86_64"sv, "i386:x86-64"sv};

// asm/user_64.h, struct user_regs_struct.
constexpr std::array kGeneral{
    "r15"sv,    "r14"sv, "r13"sv, "r12"sv,     "rbp"sv,     "rbx"sv, "r11"sv,      "r10"sv, "r9"sv,
    "r8"sv,     "rax"sv, "rcx"sv, "rdx"sv,     "rsi"sv,     "rdi"sv, "orig_rax"sv, "rip"sv, "cs"sv,
    "rflags"sv, "rsp"sv, "ss"sv,  "fs_base"sv, "gs_base"sv, "ds"sv,  "es"sv,       "fs"sv,  "gs"sv};

constexpr std::array kPointers{"rax"sv, "rbx"sv, "rcx"sv, "rdx"sv, "rsi"sv, "rdi"sv,
                               "rbp"sv, "rsp"sv, "r8"sv,  "r9"sv,  "r10"sv, "r11"sv,
                               "r12"sv, "r13"sv, "r14"sv, "r15"sv};

/// FXSAVE's area, with which XSAVE's begins, too.
std::span<const std::byte> saved(std::span<const std::byte> set) {
  constexpr std::size_t kLeast = 512;
  return set.size() >= kLeast ? set : std::span<const std::byte>();
}
constexpr std::array kVectors{VectorSet{NT_X86_XSTATE, saved}, VectorSet{NT_FPREGSET, saved}};

// The widest first, since the narrower ones are a part of them.
constexpr std::array kVectorNames{VectorNames{"zmm", 32, "v8_int64", 8},
                                  VectorNames{"ymm", 16, "v4_int64", 4},
                                  VectorNames{"xmm", 16, "v2_int64", 2}};

// Numbers of general registers as the machine encodes them.
enum : Register { ax, cx, dx, bx, sp, bp, si, di, r8, r9, r10, r11, r12, r13, r14, r15 };
constexpr std::array kArguments{Register{ax}, Register{bx},  Register{cx},
                                Register{di}, Register{si},  Register{r8},
                                Register{r9}, Register{r10}, Register{r11}};

constexpr std::array kCacheLines{CacheLine{0, 64}};

}  // namespace
}  // namespace amd64

constinit const Architecture kAmd64{
    .name = "amd64",
    .machine = EM_X86_64,
    .otherNames = amd64::kOtherNames,
    .general = {.names = amd64::kGeneral,
                .pc = 16,
                .sp = 19,
                .framePointer = 4,
                .link = RegisterBlock::kNone},
    .pointerRegisters = amd64::kPointers,
    .vectors = amd64::kVectors,
    .vectorNames = amd64::kVectorNames,
    .frames = {.usesLink = false, .returnSlot = 8, .minFrameSize = 0, .injectedSize = 0},
    // From the ucontext on, since the frame of the handler has the return address in it: gregs'
    // REG_RSP and REG_RIP, and behind the kernel's ucontext of 304 bytes the siginfo_t.
    .signalFrame = {.info = 304,
                    .sp = 160,
                    .pc = 168,
                    .link = SignalFrame::kNone,
                    .returnFunction = "runtime.sigreturn__sigaction",
                    .returnCode = {}},
    .arenaBase = 0x800000000000,
    .loadStore = false,
    .cacheLines = amd64::kCacheLines,
    .minInstruction = 1,
    .callSize = 5,
    .scan = {.references = amd64References, .nextTransfer = amd64NextTransfer},
    .decoder = amd64Decoder,
    .calls = {.stackPointer = amd64::sp,
              .framePointer = amd64::bp,
              .goroutine = amd64::r14,
              .closure = amd64::dx,
              .barrierScratch = amd64::r11,
              .fill = amd64::di,
              .copy = amd64::di,
              .fillCount = amd64::cx,
              .arguments = amd64::kArguments},
    .systemCalls = kAmd64SystemCalls,
};

}  // namespace parked::arch
