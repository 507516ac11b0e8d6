// What rules about pools of connections say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "leak/analysis.h"

namespace parked::rules {

/// "3 goroutines wait for a connection of a sql.DB whose 4 connections are all taken".
std::string waitForPool(std::uint64_t waiters, std::string_view pool, std::uint64_t size);

/// Who has one, and what he waits for: "goroutine 12 has it, in main.report main.go:40 (chan
/// receive)".
std::string holderOf(const leak::Analysis& analysis, golang::Index goroutine);

}  // namespace parked::rules
