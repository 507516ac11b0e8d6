// database/sql: pools, their connections, and what the connections are used for. Mirrors
// database/sql/sql.go (DB, driverConn, Rows, Tx, Conn), Go 1.18 to 1.27.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "golang/map_reader.h"
#include "proof/proof.h"
#include "proof/stack_roots.h"
#include "stdlib/finder.h"
#include "stdlib/stack_index.h"
#include "stdlib/stop.h"
#include "stdlib/times.h"
#include "stdlib/values.h"

namespace parked::stdlib {

/// What has a connection checked out.
enum class SqlUse : std::uint8_t { unknown, rows, tx, conn };

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

class SqlReader {
 public:
  SqlReader(const golang::Snapshot& snapshot, const proof::Proof* proof, StackIndex& stacks,
            IncompleteList& incomplete, Observer* observer);
  ~SqlReader();

  /// Reads the pools; asks `finder` who holds the connections. Ends early when the user asks to
  /// stop, as do those below, and what they give is worth nothing then.
  void read(Finder& finder);
  /// Of the Rows, Tx and Conns that `finder` found to hold them, asks `again` who holds those.
  void wantUsers(const Finder& finder, Finder& again);
  void judgeHolders(const Finder& finder, const Finder& again);
  Sql take() { return std::move(sql_); }

 private:
  struct Layout;
  struct User {
    SqlUse use = SqlUse::unknown;
    Addr conn = 0;
    Index waiter = kNone;
  };

  /// The receiver of the method the goroutine stands in: the first argument, or what else its stack
  /// holds that `accept` says yes to; 0 if there is none.
  Addr receiver(const StackIndex::Hit& hit, const std::function<bool(Addr)>& accept);
  bool isDb(Addr address) const { return byAddress_.contains(address); }
  bool isFreeList(Addr word) const;
  bool isOpenedBy(Addr db, Index opener) const;
  void readUsers(std::string_view function, SqlUse use);
  void readDb(SqlDb& db);
  void readConns(SqlDb& db);
  void readWaiters();
  User userAt(Addr object, Addr word) const;
  User userOf(const Holder& holder) const;
  bool isDone(SqlUse use, Addr user) const;
  void judge(const Finder& finder, const Finder& again, SqlConn& conn);
  bool heldByOthers(const Finder& again, Addr user, Index waiter) const;

  const golang::Snapshot& snapshot_;
  const proof::Proof* proof_;
  StackIndex& stacks_;
  IncompleteList& incomplete_;
  Stop stop_;
  Values values_;
  golang::MapReader maps_;
  Times times_;
  proof::StackRoots roots_;
  std::vector<proof::HeldPointer> held_;  // scratch
  std::unique_ptr<Layout> layout_;
  std::unordered_map<Addr, User> users_;       // known from their goroutines
  std::map<Addr, Addr> freeLists_;             // the arrays of DB.freeConn, to their ends
  std::unordered_map<Addr, Index> byAddress_;  // into sql_.databases
  Sql sql_;
};

}  // namespace parked::stdlib
