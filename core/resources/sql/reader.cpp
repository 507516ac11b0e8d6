#include "resources/sql/reader.h"

#include <algorithm>
#include <iterator>

namespace parked::resources {

namespace {

using image::Binder;
using image::Field;

using image::kAbsent;
constexpr std::string_view kOpener = "database/sql.(*DB).connectionOpener";
constexpr std::string_view kWaitForConn = "database/sql.(*DB).conn";

}  // namespace

struct SqlReader::Layout {
  std::uint32_t dbSize = 0, connector = kAbsent, freeConn = kAbsent, dep = kAbsent;
  Field<Addr> openerChannel;
  Field<std::int64_t> maxOpen, maxIdle, numOpen, waitCount;
  Field<std::uint8_t> closed;
  std::uint32_t connSize = 0, driverConn = kAbsent, returnedAt = kAbsent;
  Field<Addr> connDb;
  Field<std::uint8_t> inUse;
  std::uint32_t rowsDc = kAbsent, rowsRelease = kAbsent, rowsSize = 0;
  std::uint32_t txDc = kAbsent, txDb = kAbsent, connDc = kAbsent, connDbField = kAbsent;
  std::uint32_t dsnDriver = kAbsent;
  Field<std::uint8_t> rowsClosed;
  Field<std::uint32_t> txDone, connDone;

  explicit Layout(image::LayoutSource& layouts) {
    std::vector<std::string> missing;
    Binder db(layouts, "database/sql.DB", missing);
    dbSize = db.size();
    connector = db.offsetOf("connector", false);
    freeConn = db.offsetOf("freeConn", false);
    dep = db.offsetOf("dep", false);
    db.optional(openerChannel, "openerCh");
    db.optional(maxOpen, "maxOpen");
    db.optional(maxIdle, "maxIdleCount");
    db.optional(numOpen, "numOpen");
    db.optional(waitCount, "waitCount");
    db.optional(closed, "closed");
    Binder conn(layouts, "database/sql.driverConn", missing);
    connSize = conn.size();
    driverConn = conn.offsetOf("ci", false);
    returnedAt = conn.offsetOf("returnedAt", false);
    conn.optional(connDb, "db");
    conn.optional(inUse, "inUse");
    Binder rows(layouts, "database/sql.Rows", missing);
    rowsSize = rows.size();
    rowsDc = rows.offsetOf("dc", false);
    rowsRelease = rows.offsetOf("releaseConn", false);
    rows.optional(rowsClosed, "closed");
    Binder tx(layouts, "database/sql.Tx", missing);
    txDc = tx.offsetOf("dc", false);
    txDb = tx.offsetOf("db", false);
    tx.optional(txDone, "done.v", "done");
    Binder own(layouts, "database/sql.Conn", missing);
    connDc = own.offsetOf("dc", false);
    connDbField = own.offsetOf("db", false);
    own.optional(connDone, "done.v", "done");
    Binder dsn(layouts, "database/sql.dsnConnector", missing);
    dsnDriver = dsn.offsetOf("driver", false);
  }
  bool known() const {
    return dbSize != 0 && connSize != 0 && freeConn != kAbsent && dep != kAbsent && connDb && inUse;
  }
};

SqlReader::SqlReader(const golang::Snapshot& snapshot, const proof::Proof* proof,
                     StackIndex& stacks, IncompleteList& incomplete, Observer* observer)
    : snapshot_(snapshot),
      proof_(proof),
      stacks_(stacks),
      incomplete_(incomplete),
      progress_(observer),
      values_(*snapshot.image, incomplete),
      maps_(*snapshot.image),
      times_(snapshot, values_),
      roots_(snapshot),
      layout_(std::make_unique<Layout>(snapshot.image->libraryLayouts())) {}
SqlReader::~SqlReader() = default;

void SqlReader::want(Finder& finder) {
  const auto openers = stacks_.in(kOpener);
  if (openers.empty()) return;
  if (!layout_->known()) {
    incomplete_.add("SQL pool", "the layout of database/sql.DB is not known");
    return;
  }
  for (const StackIndex::Hit& hit : openers) {
    if (!progress_.step()) return;
    SqlDb db;
    db.address = receiver(hit, [&](Addr at) { return isOpenedBy(at, hit.goroutine); });
    db.opener = hit.goroutine;
    db.openedBy = snapshot_.goroutines[hit.goroutine].parentId;
    if (db.address == 0) {
      incomplete_.add("SQL pool", "its DB was not found on the stack",
                      snapshot_.goroutines[hit.goroutine].address);
      continue;
    }
    readDb(db);
    byAddress_.try_emplace(db.address, static_cast<Index>(sql_.databases.size()));
    sql_.databases.push_back(std::move(db));
  }
  readUsers(kRowsWait, SqlUse::rows);
  readUsers(kTxWait, SqlUse::tx);
  readWaiters();
  for (const SqlDb& db : sql_.databases) {
    for (const SqlConn& conn : db.conns) {
      if (conn.inUse) finder.wantTarget(conn.address, true);
    }
  }
}

void SqlReader::read(const Finder& finder, Finder& again) {
  for (const auto& [address, user] : users_) again.wantTarget(address, true);
  for (const SqlDb& db : sql_.databases) {
    for (const SqlConn& conn : db.conns) {
      if (!progress_.step()) return;
      for (const Holder& holder : finder.holdersOf(conn.address)) {
        if (userOf(holder).use != SqlUse::unknown) again.wantTarget(holder.object, true);
      }
    }
  }
}

Addr SqlReader::receiver(const StackIndex::Hit& hit, const std::function<bool(Addr)>& accept) {
  // Its home on the stack is filled if the compiler keeps it there; otherwise it is a local.
  if (const Addr argument = stacks_.argument(hit); accept(argument)) return argument;
  if (roots_.problem()) return 0;
  roots_.read(snapshot_.goroutines[hit.goroutine], held_);
  const auto found =
      std::ranges::find_if(held_, [&](const auto& pointer) { return accept(pointer.value); });
  return found == held_.end() ? 0 : found->value;
}

/// The opener of a DB waits in a select for DB.openerCh, unless it is opening a connection.
bool SqlReader::isOpenedBy(Addr db, Index opener) const {
  const auto object = image::readObject(values_.memory(), db, layout_->dbSize);
  if (!object) return false;
  const auto waits = snapshot_.waitsOf(snapshot_.goroutines[opener]);
  if (stacks_.innermost(opener) != kOpener || !layout_->openerChannel || waits.empty()) {
    return values_.interface(db + layout_->connector).type != 0;
  }
  return std::ranges::any_of(waits, [&](const golang::Wait& wait) {
    return wait.address != 0 && wait.address == object[layout_->openerChannel];
  });
}

/// Those that a goroutine watches over: until the context ends, or they are closed.
void SqlReader::readUsers(std::string_view function, SqlUse use) {
  const std::uint32_t dc = use == SqlUse::rows ? layout_->rowsDc : layout_->txDc;
  if (dc == kAbsent) return;
  for (const StackIndex::Hit& hit : stacks_.in(function)) {
    if (!progress_.step()) return;
    const Addr address = receiver(hit, [&](Addr at) {
      const Addr conn = values_.pointer(at + dc);
      return conn != 0 && isDb(values_.pointer(conn + layout_->connDb.offset)) &&
             userAt(at, at + dc).use == use;
    });
    if (address == 0) continue;
    users_[address] = {use, values_.pointer(address + dc), hit.goroutine};
  }
}

void SqlReader::readDb(SqlDb& db) {
  const auto object = image::readObject(values_.memory(), db.address, layout_->dbSize);
  db.maxOpen = object[layout_->maxOpen];
  db.maxIdle = object[layout_->maxIdle];
  db.open = object[layout_->numOpen];
  db.waitCount = object[layout_->waitCount];
  db.closed = object[layout_->closed] != 0;
  if (layout_->connector != kAbsent) {
    const Interface connector = values_.interface(db.address + layout_->connector);
    db.driver = values_.typeName(connector.type);
    if (db.driver == "database/sql.dsnConnector" && layout_->dsnDriver != kAbsent) {
      db.driver = values_.typeName(values_.interface(connector.data + layout_->dsnDriver).type);
    }
  }
  const Slice free = values_.slice(db.address + layout_->freeConn, kWord);
  if (free.data != 0) freeLists_.emplace(free.data, free.data + free.capacity * kWord);
  readConns(db);
}

/// Connections that were taken from the list of free ones still stand behind its end.
bool SqlReader::isFreeList(Addr word) const {
  const auto after = freeLists_.upper_bound(word);
  return after != freeLists_.begin() && word < std::prev(after)->second;
}

/// Every open connection depends on itself in DB.dep, whose keys are interfaces.
void SqlReader::readConns(SqlDb& db) {
  const image::RuntimeType* type = values_.types().at(values_.types().find("database/sql.DB"));
  const image::RuntimeField* field = type == nullptr ? nullptr : type->field("dep");
  const image::RuntimeType* map = field == nullptr ? nullptr : values_.types().at(field->type);
  if (map == nullptr) return;
  const Addr connType = values_.types().find("*database/sql.driverConn");
  const auto state = maps_.visit(
      values_.pointer(db.address + layout_->dep), *map, [&](Addr key, Addr /*element*/) {
        const Interface dependant = values_.interface(key);
        if (dependant.type != connType) return;
        const auto object = image::readObject(values_.memory(), dependant.data, layout_->connSize);
        if (!object || object[layout_->connDb] != db.address) return;
        SqlConn conn;
        conn.address = dependant.data;
        conn.inUse = object[layout_->inUse] != 0;
        conn.driverType =
            values_.typeName(values_.interface(conn.address + layout_->driverConn).type);
        if (layout_->returnedAt != kAbsent) {
          conn.returnedAt = times_.monotonic(conn.address + layout_->returnedAt);
        }
        ++(conn.inUse ? db.inUse : db.idle);
        db.conns.push_back(std::move(conn));
      });
  // A map's order is nobody's.
  std::ranges::sort(db.conns, {}, &SqlConn::address);
  if (state == golang::MapState::damaged) {
    incomplete_.add("SQL pool", "its connections are not readable", db.address);
  }
}

void SqlReader::readWaiters() {
  for (const StackIndex::Hit& hit : stacks_.in(kWaitForConn)) {
    if (!progress_.step()) return;
    // It connects through the same function; a waiter stands in its select.
    if (stacks_.innermost(hit.goroutine) != kWaitForConn) continue;
    const auto db = byAddress_.find(receiver(hit, [&](Addr at) { return isDb(at); }));
    if (db != byAddress_.end()) sql_.databases[db->second].waiters.push_back(hit.goroutine);
  }
}

/// What the object is that points to a connection with the word: Rows, Tx or Conn, told by where in
/// it the word is and what else it holds.
SqlReader::User SqlReader::userAt(Addr object, Addr word) const {
  const std::uint64_t at = word - object;
  const Addr conn = values_.pointer(word);
  const Addr db = values_.pointer(conn + layout_->connDb.offset);
  const auto is = [&](Addr field, std::uint32_t offset, Addr value) {
    return offset != kAbsent && values_.pointer(field + offset) == value;
  };
  if (at == layout_->rowsDc && layout_->rowsRelease != kAbsent &&
      values_.pointer(object + layout_->rowsRelease) != 0 &&
      snapshot_.image->functions().find(
          values_.pointer(values_.pointer(object + layout_->rowsRelease))) != image::kNoFunc) {
    return {SqlUse::rows, conn, kNone};
  }
  if (at == layout_->txDc && is(object, layout_->txDb, db) && db != 0) {
    // Tx and Conn begin alike; a Conn has no driver's transaction behind its connection.
    const Interface next = values_.interface(word + kWord);
    return {next.type != 0 || layout_->txDc != layout_->connDc ? SqlUse::tx : SqlUse::conn, conn,
            kNone};
  }
  if (at == layout_->connDc && is(object, layout_->connDbField, db) && db != 0) {
    return {SqlUse::conn, conn, kNone};
  }
  return {};
}

SqlReader::User SqlReader::userOf(const Holder& holder) const {
  if (holder.object == 0) return {};
  const auto known = users_.find(holder.object);
  return known != users_.end() ? known->second : userAt(holder.object, holder.word);
}

/// It was closed and has nothing to give back, though it still points to the connection.
bool SqlReader::isDone(SqlUse use, Addr user) const {
  if (use == SqlUse::rows) {
    std::uint8_t closed = 1;
    if (layout_->rowsClosed) values_.memory().read(user + layout_->rowsClosed.offset, closed);
    return closed != 0;
  }
  const auto& field = use == SqlUse::tx ? layout_->txDone : layout_->connDone;
  std::uint32_t done = 1;
  if (field) values_.memory().read(user + field.offset, done);
  return done != 0;
}

void SqlReader::judge(const Finder& finder, const Finder& again, const Parts& /*parts*/) {
  for (SqlDb& db : sql_.databases) {
    for (SqlConn& conn : db.conns) {
      if (!progress_.step()) return;
      if (conn.inUse) judgeConn(finder, again, conn);
    }
  }
}

/// Somebody but its own goroutine holds the Rows or the Tx.
bool SqlReader::heldByOthers(const Finder& again, Addr user, Index waiter) const {
  return !again.knowsHolders(user) ||
         std::ranges::any_of(again.holdersOf(user), [&](const Holder& holder) {
           return holder.reachable && holder.goroutine != waiter;
         });
}

void SqlReader::judgeConn(const Finder& finder, const Finder& again, SqlConn& conn) {
  bool held = false, contextMayEnd = false;
  for (const Holder& holder : finder.holdersOf(conn.address)) {
    if (holder.object == 0) {
      if (holder.goroutine != kNone) {
        conn.goroutine = holder.goroutine;
        conn.onStack.push_back(holder.goroutine);
      }
      held = true;
      continue;
    }
    if (isFreeList(holder.word)) continue;
    // The pool itself holds its connections in interfaces: DB.dep, and statements as Lockers.
    const Addr before = holder.word > holder.object ? values_.pointer(holder.word - kWord) : 0;
    if (values_.types().itabAt(before).type != 0 || values_.types().inModules(before)) continue;
    const User user = userOf(holder);
    if (user.use == SqlUse::unknown) {
      // A closure of the connection's own (releaseConn), which its user holds, tells nothing new.
      const Addr code = values_.pointer(holder.object);
      const bool closure = snapshot_.image->functions().find(code) != image::kNoFunc;
      if (!closure) held = held || holder.reachable;
      continue;
    }
    if (!isDone(user.use, holder.object)) conn.users.push_back(holder.object);
    if (conn.use == SqlUse::unknown || holder.reachable) {
      conn.use = user.use;
      conn.user = holder.object;
      conn.waiter = user.waiter;
      conn.openedBy = user.waiter == kNone ? 0 : snapshot_.goroutines[user.waiter].parentId;
    }
    if (!holder.reachable) continue;
    if (user.waiter == kNone || heldByOthers(again, holder.object, user.waiter)) {
      held = true;
    } else if (proof_ != nullptr && proof_->fate(user.waiter) != proof::Fate::leaked) {
      contextMayEnd = true;
    }
  }
  const bool proofs = proof_ != nullptr && proof_->given();
  const bool nobody = proofs && finder.knowsHolders(conn.address) && !held;
  conn.lost = nobody && !contextMayEnd;
  conn.contextOnly = nobody && contextMayEnd;
  for (const Holder& holder : again.holdersOf(conn.user)) {
    if (holder.goroutine != kNone && holder.goroutine != conn.waiter) {
      conn.goroutine = holder.goroutine;
    }
  }
}

}  // namespace parked::resources
