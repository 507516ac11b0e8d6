#include "report/resource_words.h"

#include "leak/keep_alive.h"
#include "report/json_text.h"

namespace parked::report {

using stdlib::FileKind;
using stdlib::HttpState;

std::string_view httpStateName(HttpState state) {
  switch (state) {
    case HttpState::idle:
      return "idle";
    case HttpState::waiting:
      return "waiting for the response";
    case HttpState::bodyOpen:
      return "body not closed";
    case HttpState::bodyRead:
      return "body being read";
    case HttpState::dialing:
      return "dialing";
    case HttpState::handshake:
      return "TLS handshake";
    case HttpState::active:
      return "active";
    case HttpState::newborn:
      return "new";
    case HttpState::unknown:
      break;
  }
  return "unknown";
}

std::string_view sqlUseName(stdlib::SqlUse use) {
  switch (use) {
    case stdlib::SqlUse::rows:
      return "Rows";
    case stdlib::SqlUse::tx:
      return "Tx";
    case stdlib::SqlUse::conn:
      return "Conn";
    case stdlib::SqlUse::unknown:
      break;
  }
  return "unknown";
}

std::optional<std::int64_t> sqlConnAge(const golang::Snapshot& snapshot,
                                       const stdlib::SqlConn& conn) {
  if (conn.returnedAt == 0 || snapshot.clock.now <= conn.returnedAt) return std::nullopt;
  return saturatingDifference(snapshot.clock.now, conn.returnedAt);
}

std::string sqlHolderText(const Report& report, const stdlib::SqlConn& conn) {
  if (!conn.inUse || conn.lost || conn.user == 0) return {};
  const auto way = leak::wayTo(*report.analysis, conn.user);
  // That its own goroutine has it, which waits for its context, tells nothing.
  if (way.empty() || (way.front().goroutine != kNone && way.front().goroutine == conn.waiter)) {
    return {};
  }
  return leak::keepAliveLine(way);
}

std::string_view fileKindName(FileKind kind) {
  switch (kind) {
    case FileKind::file:
      return "file";
    case FileKind::network:
      return "network";
    case FileKind::polled:
      return "polled";
    case FileKind::raw:
      break;
  }
  return "raw";
}

}  // namespace parked::report
