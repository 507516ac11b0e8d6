// The parts of the object for arm64; private to core/arch.
#pragma once

#include <array>

#include "arch/architecture.h"

namespace parked::arch {

void arm64References(Addr start, std::span<const std::byte> code, std::vector<CodeReference>& out);
bool arm64NextTransfer(Addr start, std::span<const std::byte> code, std::size_t& at, Transfer& out);
std::unique_ptr<Decoder> arm64Decoder();
extern const std::array<SystemCall, 48> kArm64SystemCalls;

}  // namespace parked::arch
