#include "resources/pools/token_pools.h"

#include <algorithm>
#include <array>
#include <string>

namespace parked::resources {

namespace {

constexpr std::size_t kMostConnections = 1 << 16;

}  // namespace

struct TokenPools::Library {
  std::string function;    ///< that waits for a token; its receiver is the pool
  const char* name;        ///< of the pool, in a finding
  std::string pool;        ///< type of the pool
  std::string connection;  ///< type of what somebody gets; of redigo, which points to its pool
  bool listed;             ///< the pool has all of its connections in `conns`
};

const std::vector<TokenPools::Library>& TokenPools::libraries() {
  static const std::vector<Library> kLibraries = [] {
    std::vector<Library> all;
    const std::string redigo = "github.com/gomodule/redigo/redis.";
    for (const char* method : {"(*Pool).waitVacantConn", "(*Pool).get"}) {
      all.push_back(
          {redigo + method, "redigo Pool", redigo + "Pool", redigo + "activeConn", false});
    }
    for (const char* path : {"redis/go-redis/v9", "go-redis/redis/v9", "go-redis/redis/v8",
                             "go-redis/redis/v7", "go-redis/redis"}) {
      const std::string package = std::string("github.com/") + path + "/internal/pool.";
      all.push_back({package + "(*ConnPool).waitTurn", "go-redis Client", package + "ConnPool",
                     package + "Conn", true});
    }
    return all;
  }();
  return kLibraries;
}

TokenPools::TokenPools(const golang::Snapshot& snapshot, const heap::Heap& heap, StackIndex& stacks)
    : snapshot_(snapshot),
      heap_(heap),
      stacks_(stacks),
      types_(snapshot.image->runtimeTypes()),
      masks_(*snapshot.image),
      pointers_(heap, masks_),
      maps_(*snapshot.image) {}

/// The channel of tokens that the goroutine waits at, if none is left there: it takes one out of
/// it, or in older go-redis puts one in.
const golang::Channel* TokenPools::tokensOf(Index goroutine) const {
  for (const golang::Wait& wait : snapshot_.waitsOf(snapshot_.goroutines[goroutine])) {
    if (wait.kind != golang::ObjectKind::channel || wait.object >= snapshot_.channels.size() ||
        !wait.queued) {
      continue;
    }
    const golang::Channel& channel = snapshot_.channels[wait.object];
    const std::uint64_t full = wait.op == golang::WaitOp::send ? channel.capacity : 0;
    if (channel.elementSize == 0 && channel.capacity > 0 && channel.length == full) return &channel;
  }
  return nullptr;
}

/// Whether the object points to the other one, by so many words at most.
bool TokenPools::leadsTo(Addr object, Addr to, int words) const {
  const heap::ObjectRef ref = heap_.find(object);
  bool found = false;
  if (!ref || words == 0) return false;
  pointers_.visit(ref, [&](Addr, Addr value) { found = found || value == to; });
  if (found || words == 1) return found;
  pointers_.visit(ref, [&](Addr, Addr value) {
    found = found || (heap_.find(value) && leadsTo(value, to, words - 1));
  });
  return found;
}

void TokenPools::find(Finder& second) {
  for (const Library& library : libraries()) {
    for (const StackIndex::Hit& hit : stacks_.in(library.function)) {
      const golang::Channel* tokens = tokensOf(hit.goroutine);
      if (tokens == nullptr) continue;
      auto at = std::ranges::find(found_, tokens->address, &Found::tokens);
      if (at == found_.end()) {
        found_.push_back(
            {.library = &library, .tokens = tokens->address, .size = tokens->capacity});
        at = std::prev(found_.end());
      }
      at->waiters.push_back(hit.goroutine);
      // The receiver's place in the frame may hold something else by now.
      const Addr pool = at->pool == 0 ? stacks_.argument(hit) : 0;
      if (pool != 0 && leadsTo(pool, tokens->address, 2)) at->pool = pool;
    }
  }
  for (Found& found : found_) {
    std::ranges::sort(found.waiters);
    if (found.pool != 0 && !found.library->listed) second.wantTarget(found.pool);
  }
}

/// Of redigo: what was handed out points to its pool, and to the connection until it is closed.
void TokenPools::addPointing(const Found& found, const Finder& second, Candidate& candidate) const {
  const image::RuntimeType* type = types_.at(types_.find(found.library->connection));
  const image::RuntimeField* pool = type == nullptr ? nullptr : type->field("p");
  const image::RuntimeField* connection = type == nullptr ? nullptr : type->field("pc");
  if (pool == nullptr || connection == nullptr) return;
  target::AddressSpace& memory = snapshot_.image->target().memory();
  for (const Holder& holder : second.holdersOf(found.pool)) {
    if (holder.object == 0 || holder.word != holder.object + pool->offset) continue;
    const heap::ObjectRef object = heap_.find(holder.object);
    // The next larger size of what the heap hands out is another type's.
    if (!object || heap_.spans()[object.span].elementSize >= type->size + 2 * sizeof(Addr))
      continue;
    if (heap_.find(memory.pointer(holder.object + connection->offset))) {
      candidate.objects.push_back({holder.object, candidate.objects.size(), "Conn"});
    }
  }
}

/// Of go-redis: connections for subscriptions are in the list, too, and take no place.
bool TokenPools::isCounted(Addr connection, const image::RuntimeType& type) const {
  const image::RuntimeField* pooled = type.field("pooled");
  std::uint8_t value = 0;
  return pooled == nullptr ||
         (snapshot_.image->target().memory().read(connection + pooled->offset, value) &&
          value != 0);
}

/// A slice of pointers to them, or a map to such (newer releases).
void TokenPools::addListedIn(Addr field, const image::RuntimeType& list,
                             Candidate& candidate) const {
  target::AddressSpace& memory = snapshot_.image->target().memory();
  const image::RuntimeType* element = types_.at(list.element);
  const image::RuntimeType* type = element == nullptr ? nullptr : types_.at(element->element);
  if (type == nullptr || element->kind != image::TypeKind::pointer) return;
  const auto add = [&](Addr word) {
    const Addr connection = memory.word(word);
    if (candidate.objects.size() < kMostConnections && heap_.find(connection) &&
        isCounted(connection, *type)) {
      candidate.objects.push_back({connection, candidate.objects.size(), "Conn"});
    }
  };
  if (list.kind == image::TypeKind::map) {
    maps_.visit(memory.word(field), list, [&](Addr, Addr word) { add(word); });
  } else if (list.kind == image::TypeKind::slice) {
    const Addr array = memory.word(field);
    const std::uint64_t length =
        std::min<std::uint64_t>(memory.word(field + sizeof(Addr)), kMostConnections);
    for (std::uint64_t i = 0; i < length && heap_.find(array + i * sizeof(Addr)); ++i) {
      add(array + i * sizeof(Addr));
    }
  }
}

void TokenPools::addListed(const Found& found, Candidate& candidate) const {
  const image::RuntimeType* type = types_.at(types_.find(found.library->pool));
  const image::RuntimeField* connections = type == nullptr ? nullptr : type->field("conns");
  const image::RuntimeType* list = connections == nullptr ? nullptr : types_.at(connections->type);
  if (list != nullptr) addListedIn(found.pool + connections->offset, *list, candidate);
}

std::vector<Candidate> TokenPools::candidates(const Finder& second) const {
  std::vector<Candidate> all;
  for (const Found& found : found_) {
    Candidate& candidate = all.emplace_back();
    candidate.pool = {.address = found.pool != 0 ? found.pool : found.tokens,
                      .type = found.library->name,
                      .waiters = found.waiters};
    candidate.size = found.size;
    if (found.pool == 0) continue;
    if (found.library->listed) {
      addListed(found, candidate);
    } else {
      addPointing(found, second, candidate);
    }
  }
  return all;
}

}  // namespace parked::resources
