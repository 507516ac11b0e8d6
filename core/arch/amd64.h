// The parts of the object for amd64; private to core/arch.
#pragma once

#include <array>

#include "arch/architecture.h"

namespace parked::arch {

void amd64References(Addr start, std::span<const std::byte> code, std::vector<CodeReference>& out);
bool amd64NextTransfer(Addr start, std::span<const std::byte> code, std::size_t& at, Transfer& out);
std::unique_ptr<Decoder> amd64Decoder();
extern const std::array<SystemCall, 56> kAmd64SystemCalls;

}  // namespace parked::arch
