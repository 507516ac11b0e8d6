// The HTTP/1 client: Transports, their pools, and the goroutines of each connection.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unordered_set>

#include "resources/http/reader.h"
#include "resources/http/request_end.h"

namespace parked::resources {

namespace {

using golang::ReasonClass;
using image::Binder;
using image::Field;

using image::kAbsent;
constexpr std::size_t kMaxScheme = 16;  // of what a pool has connections for: http, https

constexpr std::string_view kReadLoop = "net/http.(*persistConn).readLoop";
constexpr std::string_view kRoundTrip = "net/http.(*persistConn).roundTrip";
constexpr std::string_view kConnRead = "net/http.(*persistConn).Read";
constexpr std::string_view kGetConn = "net/http.(*Transport).getConn";
constexpr std::string_view kDialConn = "net/http.(*Transport).dialConn";
constexpr std::string_view kDialConnFor = "net/http.(*Transport).dialConnFor";
constexpr std::string_view kAddTls = "net/http.(*persistConn).addTLS";

/// The fields of net/http.Transport.
struct TransportLayout {
  std::uint32_t size = 0;
  std::uint32_t connsPerHost = kAbsent, connsPerHostWait = kAbsent;
  Field<std::int64_t> maxPerHost, idleTimeout, tlsTimeout, headerTimeout;
  explicit TransportLayout(image::LayoutSource& layouts) {
    std::vector<std::string> missing;
    Binder binder(layouts, "net/http.Transport", missing);
    size = binder.size();
    connsPerHost = binder.offsetOf("connsPerHost", false);
    connsPerHostWait = binder.offsetOf("connsPerHostWait", false);
    binder.optional(maxPerHost, "MaxConnsPerHost");
    binder.optional(idleTimeout, "IdleConnTimeout");
    binder.optional(tlsTimeout, "TLSHandshakeTimeout");
    binder.optional(headerTimeout, "ResponseHeaderTimeout");
  }
};

/// The fields of net/http.connectMethodKey: where a connection leads.
struct KeyLayout {
  std::uint32_t proxy = kAbsent, scheme = kAbsent, addr = kAbsent;
  explicit KeyLayout(image::LayoutSource& layouts) {
    std::vector<std::string> missing;
    Binder binder(layouts, "net/http.connectMethodKey", missing);
    proxy = binder.offsetOf("proxy", false);
    scheme = binder.offsetOf("scheme", false);
    addr = binder.offsetOf("addr", false);
  }
  bool known() const { return proxy != kAbsent && scheme != kAbsent && addr != kAbsent; }
};

}  // namespace

struct HttpReader::PersistConn {
  std::uint32_t size = 0;
  Field<Addr> transport;
  std::uint32_t key = kAbsent, conn = kAbsent, idleAt = kAbsent;
  Field<Addr> tls;
  Field<std::int64_t> expected;
  explicit PersistConn(image::LayoutSource& layouts) {
    std::vector<std::string> missing;
    Binder binder(layouts, "net/http.persistConn", missing);
    size = binder.size();
    binder.optional(transport, "t");
    key = binder.offsetOf("cacheKey", false);
    conn = binder.offsetOf("conn", false);
    idleAt = binder.offsetOf("idleAt", false);
    binder.optional(tls, "tlsState");
    binder.optional(expected, "numExpectedResponses");
  }
  bool known() const {
    return transport.exists() && key != kAbsent && conn != kAbsent && expected.exists();
  }
};

HttpReader::HttpReader(const golang::Snapshot& snapshot, const proof::Proof* proof,
                       StackIndex& stacks, IncompleteList& incomplete, Observer* observer)
    : snapshot_(snapshot),
      proof_(proof),
      stacks_(stacks),
      incomplete_(incomplete),
      progress_(observer),
      layouts_(snapshot.image->libraryLayouts()),
      values_(*snapshot.image, incomplete),
      conns_(*snapshot.image, incomplete),
      maps_(*snapshot.image),
      times_(snapshot, values_),
      roots_(snapshot) {}

void HttpReader::want(Finder& finder) const {
  finder.wantType("*net/http.Transport");
  finder.wantType("*net/http.Server");
}

Index HttpReader::transportAt(Addr address) {
  if (address == 0) return kNone;
  const auto [at, isNew] = transports_.try_emplace(address, http_.transports.size());
  if (isNew) {
    http_.transports.emplace_back().address = address;
    readTransport(http_.transports.back());
  }
  return at->second;
}

void HttpReader::readTransport(HttpTransport& transport) {
  const TransportLayout layout(layouts_);
  const auto object = image::readObject(values_.memory(), transport.address, layout.size);
  if (!object) {
    incomplete_.add("HTTP transport", "its memory is not readable", transport.address);
    return;
  }
  transport.maxPerHost = std::max<std::int64_t>(object[layout.maxPerHost], 0);
  transport.idleTimeout = object[layout.idleTimeout];
  transport.tlsTimeout = object[layout.tlsTimeout];
  transport.headerTimeout = object[layout.headerTimeout];
  transport.timeoutsKnown = layout.tlsTimeout.exists();
  readHosts(transport);
}

/// Counts and queues that the Transport keeps where it has a limit.
void HttpReader::readHosts(HttpTransport& transport) {
  const TransportLayout layout(layouts_);
  const KeyLayout key(layouts_);
  const image::RuntimeType* type = values_.types().at(values_.types().find("net/http.Transport"));
  if (type == nullptr || !key.known() || layout.connsPerHost == kAbsent) return;
  const auto visit = [&](const char* field, std::uint32_t offset, auto&& apply) {
    const image::RuntimeField* map = type->field(field);
    const image::RuntimeType* mapType = map == nullptr ? nullptr : values_.types().at(map->type);
    if (mapType == nullptr) return;
    const auto state = maps_.visit(values_.pointer(transport.address + offset), *mapType,
                                   [&](Addr at, Addr element) {
                                     HttpConnection where;
                                     where.scheme = values_.string(at + key.scheme);
                                     where.host = values_.string(at + key.addr);
                                     where.proxy = values_.string(at + key.proxy);
                                     apply(hostOf(transport, where), element);
                                   });
    if (state == golang::MapState::damaged) {
      incomplete_.add("HTTP transport", fmt::format("its map {} is not readable", field),
                      transport.address);
    }
  };
  visit("connsPerHost", layout.connsPerHost,
        [&](HttpHost& host, Addr element) { host.counted = values_.pointer(element); });
  // wantConnQueue{head []*wantConn, headPos int, tail []*wantConn}
  visit("connsPerHostWait", layout.connsPerHostWait, [&](HttpHost& host, Addr element) {
    std::vector<std::string> missing;
    Binder queue(layouts_, "net/http.wantConnQueue", missing);
    const std::uint32_t head = queue.offsetOf("head", false), tail = queue.offsetOf("tail", false);
    const std::uint32_t position = queue.offsetOf("headPos", false);
    if (head == kAbsent || tail == kAbsent || position == kAbsent) return;
    const std::uint64_t inHead = values_.slice(element + head, kWord).length;
    const std::uint64_t taken = values_.pointer(element + position);
    host.waiters =
        values_.slice(element + tail, kWord).length + (taken < inHead ? inHead - taken : 0);
  });
}

HttpHost& HttpReader::hostOf(HttpTransport& transport, const HttpConnection& connection) {
  const auto [known, isNew] =
      hosts_.try_emplace({transport.address, connection.scheme, connection.host, connection.proxy},
                         transport.hosts.size());
  if (!isNew) return transport.hosts[known->second];
  HttpHost& host = transport.hosts.emplace_back();
  host.scheme = connection.scheme;
  host.host = connection.host;
  host.proxy = connection.proxy;
  return host;
}

void HttpReader::read(const Finder& finder, Finder& again) {
  readClient(finder);
  readHttp2();
  readServers(finder);
  for (const HttpTransport& transport : http_.transports) {
    if (!transport.isDefault) again.wantTarget(transport.address);
  }
  for (Index i = 0; i < http_.connections.size(); ++i) {
    if (!progress_.step()) return;
    HttpConnection& connection = http_.connections[i];
    if (auto chain = bodyChain(connection); !chain.empty()) {
      // A pointer to Response.Body will do to close it.
      for (const Addr part : chain) again.wantTarget(part, true);
      bodies_[i] = std::move(chain);
    }
    if (connection.transport != kNone) {
      HttpTransport& transport = http_.transports[connection.transport];
      transport.connections.push_back(i);
      HttpHost& host = hostOf(transport, connection);
      if (connection.state == HttpState::idle) {
        ++host.idle;
      } else if (connection.state == HttpState::dialing ||
                 connection.state == HttpState::handshake) {
        ++host.dialing;
      } else {
        ++host.busy;
      }
    }
    if (connection.server != kNone) http_.servers[connection.server].connections.push_back(i);
  }
}

void HttpReader::readClient(const Finder& finder) {
  if (const auto variable = snapshot_.image->symbol("net/http.DefaultTransport")) {
    const Index number = transportAt(values_.interface(*variable).data);
    if (number != kNone) http_.transports[number].isDefault = true;
  }
  for (const Finder::Found& found : finder.ofType("*net/http.Transport")) {
    // Garbage that is not swept yet is nobody's pool.
    if (finder.isReachable(found.address)) transportAt(found.address);
  }
  readPersistConns();
  readDials();
  readUsers();
}

void HttpReader::readPersistConns() {
  const PersistConn layout(layouts_);
  const KeyLayout key(layouts_);
  if (!layout.known() || !key.known()) {
    if (!stacks_.in(kReadLoop).empty()) {
      incomplete_.add("HTTP connection", "the layout of net/http.persistConn is not known");
    }
    return;
  }
  for (const std::string_view loop : {kReadLoop, kWriteLoop}) {
    for (const StackIndex::Hit& hit : stacks_.in(loop)) {
      if (!progress_.step()) return;
      const Addr address = stacks_.argument(hit);
      const auto known = connections_.find(address);
      if (known != connections_.end()) {
        http_.connections[known->second].writer = hit.goroutine;
        continue;
      }
      const auto object = image::readObject(values_.memory(), address, layout.size);
      HttpConnection connection;
      if (object) connection.scheme = values_.guess(address + layout.key + key.scheme, kMaxScheme);
      if (!connection.scheme.starts_with("http")) {
        incomplete_.add("HTTP connection", "its persistConn was not found on the stack",
                        snapshot_.goroutines[hit.goroutine].address);
        continue;
      }
      connection.host = values_.string(address + layout.key + key.addr);
      connection.proxy = values_.string(address + layout.key + key.proxy);
      connection.address = address;
      (loop == kReadLoop ? connection.reader : connection.writer) = hit.goroutine;
      connection.tls = object[layout.tls] != 0;
      connection.net = conns_.describe(values_.interface(address + layout.conn));
      connection.state = stateOf(connection, object[layout.expected]);
      if (connection.state == HttpState::idle) {
        connection.idleSince = times_.monotonic(address + layout.idleAt);
      }
      connection.transport = transportAt(object[layout.transport]);
      connections_[address] = static_cast<Index>(http_.connections.size());
      http_.connections.push_back(std::move(connection));
    }
  }
}

HttpState HttpReader::stateOf(const HttpConnection& connection, std::int64_t expected) const {
  if (connection.reader == kNone) return HttpState::unknown;
  const golang::Goroutine& goroutine = snapshot_.goroutines[connection.reader];
  if (!golang::isBlocked(goroutine.status)) return HttpState::unknown;
  const ReasonClass reason = snapshot_.reasonOf(goroutine);
  // It waits for the body to be read in a select of its own, for everything else in the network.
  if (reason == ReasonClass::select && stacks_.innermost(connection.reader) == kReadLoop) {
    return HttpState::bodyOpen;
  }
  if (reason == ReasonClass::ioWait) return expected > 0 ? HttpState::waiting : HttpState::idle;
  return HttpState::unknown;
}

/// Goroutines that connect, or wait for the other side's half of a TLS handshake.
void HttpReader::readDials() {
  std::vector<std::string> missing;
  Binder want(layouts_, "net/http.wantConn", missing);
  const std::uint32_t wantKey = want.offsetOf("key", false);
  const KeyLayout key(layouts_);
  for (const StackIndex::Hit& hit : stacks_.in(kDialConn)) {
    if (!progress_.step()) return;
    HttpConnection connection;
    connection.reader = hit.goroutine;
    connection.state =
        stacks_.find(hit.goroutine, kAddTls) ? HttpState::handshake : HttpState::dialing;
    const auto forWant = stacks_.find(hit.goroutine, kDialConnFor);
    // The receiver is not always kept where it was; that it is a Transport we know of is the check.
    for (const auto& frame : {forWant, std::optional(hit)}) {
      if (!frame || connection.transport != kNone) continue;
      const auto known = transports_.find(stacks_.argument(*frame));
      if (known != transports_.end()) connection.transport = known->second;
    }
    if (forWant && wantKey != kAbsent && key.known()) {
      const Addr address = stacks_.argument(*forWant, 1) + wantKey;
      const std::string scheme = values_.guess(address + key.scheme, kMaxScheme);
      if (scheme.starts_with("http")) {
        connection.scheme = scheme;
        connection.host = values_.string(address + key.addr);
        connection.proxy = values_.string(address + key.proxy);
      }
    }
    connection.tls = connection.state == HttpState::handshake;
    http_.connections.push_back(std::move(connection));
  }
}

/// Who waits for a response, reads a body, or waits for a connection.
void HttpReader::readUsers() {
  for (const StackIndex::Hit& hit : stacks_.in(kRoundTrip)) {
    if (!progress_.step()) return;
    const auto known = connections_.find(stacks_.argument(hit));
    if (known != connections_.end()) http_.connections[known->second].user = hit.goroutine;
  }
  for (const StackIndex::Hit& hit : stacks_.in(kConnRead)) {
    if (!progress_.step()) return;
    const auto known = connections_.find(stacks_.argument(hit));
    // readLoop reads through the same function.
    if (known == connections_.end()) continue;
    HttpConnection& connection = http_.connections[known->second];
    if (connection.reader == hit.goroutine) continue;
    connection.user = hit.goroutine;
    if (connection.state == HttpState::bodyOpen) connection.state = HttpState::bodyRead;
  }
  for (const StackIndex::Hit& hit : stacks_.in(kGetConn)) {
    if (!progress_.step()) return;
    const auto known = transports_.find(stacks_.argument(hit));
    if (known != transports_.end()) {
      http_.transports[known->second].waiters.push_back(hit.goroutine);
    }
  }
  for (HttpConnection& connection : http_.connections) {
    if (!progress_.step()) return;
    if (connection.state == HttpState::bodyOpen || connection.state == HttpState::bodyRead ||
        connection.state == HttpState::waiting) {
      findRequest(connection);
    }
  }
}

/// The HTTP/2 half of a Transport, 0 if it has none.
Addr HttpReader::http2Of(Addr transport) const {
  std::vector<std::string> missing;
  Binder binder(layouts_, "net/http.Transport", missing);
  // An interface; since 1.27 a pointer.
  if (const std::uint32_t field = binder.offsetOf("h2transport", false); field != kAbsent) {
    return values_.interface(transport + field).data;
  }
  const std::uint32_t field = binder.offsetOf("h2Transport", false);
  return field == kAbsent ? 0 : values_.pointer(transport + field);
}

/// A Transport is nobody's any more when only its own connections hold it.
void HttpReader::judge(const Finder& /*first*/, const Finder& again, const Parts& parts) {
  if (proof_ == nullptr || !proof_->given()) return;
  judgeBodies(again, parts.of<Contexts>());
  std::unordered_set<Index> loops;  // the connections' own goroutines
  for (const HttpConnection& connection : http_.connections) {
    loops.insert({connection.reader, connection.writer});
  }
  for (HttpTransport& transport : http_.transports) {
    if (transport.isDefault || !again.knowsHolders(transport.address)) continue;
    const auto holders = again.holdersOf(transport.address);
    const Addr http2 = http2Of(transport.address);
    transport.referenced = std::ranges::any_of(holders, [&](const Holder& holder) {
      if (!holder.reachable || connections_.contains(holder.object)) return false;
      // Its HTTP/2 half, which it holds in turn.
      if (http2 != 0 && holder.object == http2) return false;
      return holder.goroutine == kNone || !loops.contains(holder.goroutine);
    });
  }
}

}  // namespace parked::resources
