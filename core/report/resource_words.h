// Words for what the standard library holds, which text and JSON share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/model.h"

namespace parked::report {

/// "idle", "body not closed" …
std::string_view httpStateName(stdlib::HttpState state);

/// "Rows", "Tx", "Conn", "unknown".
std::string_view sqlUseName(stdlib::SqlUse use);
/// How long ago the connection was made or last given back, ns: how long it is idle, or at most in
/// use.
std::optional<std::int64_t> sqlConnAge(const golang::Snapshot& snapshot,
                                       const stdlib::SqlConn& conn);
/// The way from what can still run to the Rows, Tx or Conn; "" if nothing tells.
std::string sqlHolderText(const Report& report, const stdlib::SqlConn& conn);

/// "file", "network", "polled", "raw".
std::string_view fileKindName(stdlib::FileKind kind);

}  // namespace parked::report
