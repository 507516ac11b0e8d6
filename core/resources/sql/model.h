// database/sql: pools, their connections, and what the connections are used for. Mirrors
// database/sql/sql.go (DB, driverConn, Rows, Tx, Conn), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "golang/snapshot.h"

namespace parked::resources {

using golang::Index;
using golang::kNone;

// The goroutine of a Rows or a Tx that waits for its context's end.
inline constexpr std::string_view kRowsWait = "database/sql.(*Rows).awaitDone";
inline constexpr std::string_view kTxWait = "database/sql.(*Tx).awaitDone";

/// What has a connection checked out.
enum class SqlUse : std::uint8_t { unknown, rows, tx, conn };
/// "Rows", "Tx", "Conn", "unknown".
std::string_view sqlUseName(SqlUse use);

struct SqlConn {
  Addr address = 0;  ///< of the driverConn
  bool inUse = false;
  std::int64_t returnedAt = 0;  ///< monotonic ns when it was made or last given back; 0: unknown
  std::string driverType;       ///< of the driver's own connection
  SqlUse use = SqlUse::unknown;
  Addr user = 0;               ///< of the Rows, Tx or Conn
  std::vector<Addr> users;     ///< all that are known and not closed: Rows of a Tx have its, too
  std::vector<Index> onStack;  ///< goroutines whose stacks have it without any of them
  Index waiter = kNone;        ///< its awaitDone goroutine: waits for the context's end
  Index goroutine = kNone;     ///< whose stack holds it, or what uses it
  std::uint64_t openedBy = 0;  ///< id of the goroutine that made the waiter (1.21+); 0: not known
  bool lost = false;           ///< proved: nobody who can still run can give it back
  /// Proved: nobody has its user any more but the waiter, whose context may still end.
  bool contextOnly = false;
};

struct SqlDb {
  Addr address = 0;
  std::string driver;                     ///< type of the driver or connector
  std::int64_t maxOpen = 0, maxIdle = 0;  ///< 0: no limit; the default of 2
  std::int64_t open = 0, waitCount = 0;
  std::uint64_t idle = 0, inUse = 0;
  bool closed = false;
  Index opener = kNone;        ///< goroutine of connectionOpener
  std::uint64_t openedBy = 0;  ///< id of the goroutine that made the opener (1.21+); 0: not known
  std::vector<SqlConn> conns;  ///< those in use and those that are idle, in order of address
  std::vector<Index> waiters;  ///< goroutines that wait for a connection
};

struct Sql {
  std::vector<SqlDb> databases;
};

}  // namespace parked::resources
