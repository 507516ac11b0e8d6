// Reads Sql from a snapshot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/parts.h"
#include "base/progress.h"
#include "golang/go_values.h"
#include "golang/map_reader.h"
#include "proof/proof.h"
#include "proof/stack_roots.h"
#include "resources/finder.h"
#include "resources/sql/model.h"
#include "resources/stack_index.h"
#include "resources/times.h"

namespace parked::resources {

using golang::GoValues;
using golang::Interface;
using golang::Slice;

class SqlReader {
 public:
  SqlReader(const golang::Snapshot& snapshot, const proof::Proof* proof, StackIndex& stacks,
            IncompleteList& incomplete, Observer* observer);
  ~SqlReader();

  /// Reads the pools; asks `finder` who holds the connections. Ends early when the user asks to
  /// stop, as do those below, and what they give is worth nothing then.
  void want(Finder& finder);
  /// Of the Rows, Tx and Conns that `finder` found to hold them, asks `again` who holds those.
  void read(const Finder& finder, Finder& again);
  /// Who has them, and so the connections. The models of other resources are not needed.
  void judge(const Finder& finder, const Finder& again, const Parts& parts);
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
  void judgeConn(const Finder& finder, const Finder& again, SqlConn& conn);
  bool heldByOthers(const Finder& again, Addr user, Index waiter) const;

  const golang::Snapshot& snapshot_;
  const proof::Proof* proof_;
  StackIndex& stacks_;
  IncompleteList& incomplete_;
  Progress progress_;
  GoValues values_;
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

}  // namespace parked::resources
