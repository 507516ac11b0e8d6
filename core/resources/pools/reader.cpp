#include <algorithm>
#include <optional>
#include <unordered_set>

#include "heap/pointers.h"
#include "heap/type_masks.h"
#include "proof/near.h"
#include "resources/pools/candidate.h"
#include "resources/sql/slice.h"

namespace parked::resources {

namespace {

constexpr std::string_view kPuddle = "github.com/jackc/puddle/v2.(*Pool[";
constexpr std::string_view kAcquireOfPuddle = "]).acquire";
constexpr std::string_view kPgx = "github.com/jackc/pgx/v5/pgxpool.(*Pool).Acquire";

class Search {
 public:
  Search(const golang::Snapshot& snapshot, const proof::Proof& proof, StackIndex& stacks,
         Observer* observer)
      : snapshot_(snapshot),
        proof_(proof),
        stacks_(stacks),
        observer_(observer),
        types_(*snapshot.image),
        pointers_(*proof.heap(), types_) {}

  std::optional<Candidate> ofSql(const SqlDb& db) const;
  std::optional<Candidate> ofPuddle(const WeightedSemaphore& semaphore);
  /// Whether all places are at hand of the waiters, and of nobody else; notes who has them.
  bool starves(Candidate& candidate) const;
  /// The same pool, with those of its places of which it is known who has them; none if the user
  /// interrupted.
  std::optional<FullPool> full(Candidate candidate) const;

 private:
  bool allWait(const std::vector<Index>& goroutines) const;
  std::optional<StackIndex::Hit> puddleFrame(Index goroutine) const;
  bool pointsTo(Addr object, Addr to) const;
  void addResources(Addr pool, Candidate& candidate) const;

  const golang::Snapshot& snapshot_;
  const proof::Proof& proof_;
  StackIndex& stacks_;
  Observer* observer_;
  heap::TypeMasks types_;
  heap::Pointers pointers_;
};

/// Their waits are certain: a place was not handed to one of them just now.
bool Search::allWait(const std::vector<Index>& goroutines) const {
  return !goroutines.empty() && std::ranges::all_of(goroutines, [this](Index goroutine) {
    const proof::Fate fate = proof_.fate(goroutine);
    return fate == proof::Fate::alive || fate == proof::Fate::leaked;
  });
}

std::optional<Candidate> Search::ofSql(const SqlDb& db) const {
  // One that is being opened would serve a waiter, too.
  if (db.closed || db.maxOpen <= 0 || db.inUse < static_cast<std::uint64_t>(db.maxOpen) ||
      static_cast<std::uint64_t>(db.open) != db.inUse || !allWait(db.waiters)) {
    return std::nullopt;
  }
  Candidate candidate;
  candidate.pool = {.address = db.address, .type = "sql.DB", .waiters = db.waiters};
  for (const SqlConn& conn : db.conns) {
    if (!conn.inUse) continue;
    if (conn.users.empty() || !std::ranges::all_of(conn.onStack, [&](Index goroutine) {
          return std::ranges::binary_search(db.waiters, goroutine);
        })) {
      return std::nullopt;
    }
    for (const Addr user : conn.users) {
      candidate.objects.push_back(
          {user, candidate.size,
           sqlUseName(conn.use == SqlUse::unknown ? SqlUse::rows : conn.use)});
    }
    ++candidate.size;
  }
  for (const std::string_view function : {kRowsWait, kTxWait}) {
    for (const StackIndex::Hit& hit : stacks_.in(function)) {
      candidate.asleep.push_back(hit.goroutine);
    }
  }
  std::ranges::sort(candidate.asleep);
  return candidate;
}

/// The frame of Pool.acquire that waits in Acquire of its semaphore.
std::optional<StackIndex::Hit> Search::puddleFrame(Index goroutine) const {
  const image::FunctionTable& functions = snapshot_.image->functions();
  std::uint32_t frame = 0;
  for (const golang::FramePc& pc : snapshot_.frames(snapshot_.goroutines[goroutine])) {
    const image::FuncIndex index = functions.find(pc.inside());
    if (index != image::kNoFunc) {
      const std::string_view name = functions.function(index).name;
      if (name.starts_with(kPuddle) && name.ends_with(kAcquireOfPuddle)) {
        return StackIndex::Hit{goroutine, frame};
      }
    }
    ++frame;
  }
  return std::nullopt;
}

bool Search::pointsTo(Addr object, Addr to) const {
  bool found = false;
  const heap::ObjectRef ref = proof_.heap()->find(object);
  if (ref) pointers_.visit(ref, [&](Addr, Addr value) { found = found || value == to; });
  return found;
}

/// A Resource points to its pool, whose list of all of them leads back to it. What its functions
/// have captured may point to it as well.
void Search::addResources(Addr pool, Candidate& candidate) const {
  constexpr std::size_t kMany = 1 << 16;
  const heap::Heap& heap = *proof_.heap();
  std::unordered_set<Addr> seen;
  std::vector<Addr> lists;
  pointers_.visit(heap.find(pool), [&](Addr, Addr value) {
    Addr first = 0;
    if (!heap.find(value) || value == pool) return;
    first = snapshot_.image->target().memory().pointer(value);
    if (snapshot_.image->functions().find(first) == image::kNoFunc) lists.push_back(value);
  });
  for (const Addr list : lists) {
    pointers_.visit(heap.find(list), [&](Addr, Addr value) {
      if (seen.size() >= kMany || !heap.find(value) || !seen.insert(value).second) return;
      if (pointsTo(value, pool)) {
        candidate.objects.push_back({value, candidate.objects.size(), "Resource"});
      }
    });
  }
}

std::optional<Candidate> Search::ofPuddle(const WeightedSemaphore& semaphore) {
  if (semaphore.address == 0 || semaphore.taken < semaphore.size || !allWait(semaphore.waiters)) {
    return std::nullopt;
  }
  const auto frame = puddleFrame(semaphore.waiters.front());
  const Addr pool = frame ? stacks_.argument(*frame) : 0;
  // The receiver's place in the frame may hold something else by now.
  if (!proof_.heap()->find(pool) || !pointsTo(pool, semaphore.address)) return std::nullopt;
  Candidate candidate;
  const bool pgx = stacks_.find(semaphore.waiters.front(), kPgx).has_value();
  candidate.pool = {
      .address = pool, .type = pgx ? "pgxpool.Pool" : "puddle.Pool", .waiters = semaphore.waiters};
  candidate.size = static_cast<std::uint64_t>(semaphore.size);
  addResources(pool, candidate);
  return candidate;
}

bool Search::starves(Candidate& candidate) const {
  if (candidate.objects.size() < candidate.size || !allWait(candidate.pool.waiters)) return false;
  proof::Near waiting(snapshot_, proof_, false), others(snapshot_, proof_);
  for (proof::Near* near : {&waiting, &others}) near->bar(candidate.pool.address);
  for (std::uint32_t i = 0; i < candidate.objects.size(); ++i) {
    waiting.watch(candidate.objects[i].address, i);
    others.watch(candidate.objects[i].address, i);
  }
  std::vector<bool> held(candidate.objects.size());  // by place
  std::vector<std::uint32_t> reached;
  for (const Index waiter : candidate.pool.waiters) {
    reached.clear();
    waiting.enter(waiter);
    if (!waiting.find(reached, observer_)) return false;
    for (const std::uint32_t i : reached) {
      const Candidate::Object& object = candidate.objects[i];
      if (held[object.place]) continue;
      held[object.place] = true;
      candidate.pool.places.push_back({object.address, waiter, object.use});
    }
  }
  // Fewer: not all are known. More: what was found are no places.
  if (candidate.pool.places.size() != candidate.size) return false;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    const bool passed = snapshot_.goroutines[i].system ||
                        std::ranges::binary_search(candidate.pool.waiters, i) ||
                        std::ranges::binary_search(candidate.asleep, i);
    if (!passed) others.enter(i);
  }
  others.enterMachine();
  reached.clear();
  if (!others.find(reached, observer_) || !others.complete()) return false;
  return std::ranges::none_of(reached,
                              [&](std::uint32_t i) { return held[candidate.objects[i].place]; });
}

std::optional<FullPool> Search::full(Candidate candidate) const {
  FullPool full{.pool = std::move(candidate.pool), .size = candidate.size};
  proof::Near near(snapshot_, proof_, false), others(snapshot_, proof_);
  for (proof::Near* each : {&near, &others}) each->bar(full.pool.address);
  for (std::uint32_t i = 0; i < candidate.objects.size(); ++i) {
    near.watch(candidate.objects[i].address, i);
    others.watch(candidate.objects[i].address, i);
  }
  std::unordered_set<std::size_t> held;
  std::vector<std::uint32_t> reached;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (snapshot_.goroutines[i].system) continue;
    reached.clear();
    near.enter(i);
    if (!near.find(reached, observer_)) return std::nullopt;
    for (const std::uint32_t object : reached) {
      const Candidate::Object& place = candidate.objects[object];
      full.pool.places.push_back({place.address, i, place.use});
      held.insert(place.place);
    }
    if (reached.empty() && !std::ranges::binary_search(candidate.asleep, i)) others.enter(i);
  }
  others.enterMachine();
  reached.clear();
  if (!others.find(reached, observer_)) return std::nullopt;
  full.certain = held.size() == candidate.size && near.complete() && others.complete() &&
                 reached.empty() && allWait(full.pool.waiters);
  return full;
}

}  // namespace

Pools findPools(const golang::Snapshot& snapshot, const proof::Proof* proof, StackIndex& stacks,
                const Sql& sql, const ExtraSync& extraSync, std::vector<Candidate> tokens,
                Observer* observer) {
  constexpr std::size_t kMost = 64;  // each is a walk over all stacks
  Pools found;
  if (proof == nullptr || !proof->given()) {
    for (Candidate& candidate : tokens) {
      found.full.push_back({.pool = std::move(candidate.pool), .size = candidate.size});
    }
    return found;
  }
  Search search(snapshot, *proof, stacks, observer);
  std::size_t tried = 0;
  const auto add = [&](std::optional<Candidate> candidate) {
    if (!candidate || tried++ >= kMost) return;
    if (search.starves(*candidate)) {
      found.starved.push_back(std::move(candidate->pool));
      return;
    }
    candidate->pool.places.clear();
    if (auto full = search.full(std::move(*candidate))) found.full.push_back(std::move(*full));
  };
  for (const SqlDb& db : sql.databases) add(search.ofSql(db));
  for (const WeightedSemaphore& semaphore : extraSync.semaphores) add(search.ofPuddle(semaphore));
  for (Candidate& candidate : tokens) add(std::move(candidate));
  return found;
}

}  // namespace parked::resources
