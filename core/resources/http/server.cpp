// http.Server: its connections by state.
#include <array>

#include "resources/http/reader.h"

namespace parked::resources {

namespace {

using image::Binder;
using image::Field;

using image::kAbsent;
constexpr std::string_view kServe = "net/http.(*Server).Serve";
constexpr std::string_view kShutdown = "net/http.(*Server).Shutdown";
constexpr std::string_view kConnServe = "net/http.(*conn).serve";
constexpr std::string_view kServeHttp = "net/http.serverHandler.ServeHTTP";

/// net/http.ConnState, the low byte of conn.curState.
HttpState serverState(std::uint64_t packed) {
  switch (packed & 0xff) {
    case 0:
      return HttpState::newborn;
    case 1:
      return HttpState::active;
    case 2:
      return HttpState::idle;
    default:
      return HttpState::unknown;
  }
}

}  // namespace

Index HttpReader::serverAt(Addr address) {
  const auto [at, isNew] = servers_.try_emplace(address, http_.servers.size());
  if (!isNew) return at->second;
  HttpServer& server = http_.servers.emplace_back();
  server.address = address;
  std::vector<std::string> missing;
  Binder binder(layouts_, "net/http.Server", missing);
  const auto object = image::readObject(values_.memory(), address, binder.size());
  if (!object) return at->second;
  const auto read = [&](const char* name) {
    Field<std::int64_t> field;
    binder.optional(field, name);
    return object[field];
  };
  server.readTimeout = read("ReadTimeout");
  server.headerTimeout = read("ReadHeaderTimeout");
  server.writeTimeout = read("WriteTimeout");
  server.idleTimeout = read("IdleTimeout");
  if (const std::uint32_t listen = binder.offsetOf("Addr", false); listen != kAbsent) {
    server.listen = values_.string(address + listen, 256);
  }
  return at->second;
}

/// Of net/http.conn and net/http.Server, what leads from a server to its connections.
struct HttpReader::ServerConn {
  std::uint32_t size = 0, rwc = kAbsent;
  Field<Addr> server;
  Field<std::uint64_t> state;
  std::uint32_t active = kAbsent;           ///< in the server
  const image::RuntimeType* map = nullptr;  ///< of the server's activeConn

  ServerConn(image::LayoutSource& layouts, image::RuntimeTypes& types) {
    std::vector<std::string> missing;
    Binder binder(layouts, "net/http.conn", missing);
    size = binder.size();
    binder.optional(server, "server");
    binder.optional(state, "curState.v", "curState.atomic");
    rwc = binder.offsetOf("rwc", false);
    active = Binder(layouts, "net/http.Server", missing).offsetOf("activeConn", false);
    const image::RuntimeType* type = types.at(types.find("net/http.Server"));
    const image::RuntimeField* field = type == nullptr ? nullptr : type->field("activeConn");
    map = field == nullptr ? nullptr : types.at(field->type);
  }
  bool isKnown() const {
    return server && state && rwc != kAbsent && active != kAbsent && map != nullptr;
  }
};

void HttpReader::readServers(const Finder& finder) {
  const ServerConn layout(layouts_, values_.types());
  if (!layout.isKnown()) {
    if (!stacks_.in(kServe).empty()) {
      incomplete_.add("HTTP server", "the layout of net/http.conn is not known");
    }
    return;
  }
  findServers(finder);
  for (Index number = 0; number < http_.servers.size(); ++number) readConnections(number, layout);
  for (const StackIndex::Hit& hit : stacks_.in(kConnServe)) {
    if (!progress_.step()) return;
    // Its receiver is not always kept; that it is a connection we know of is the check.
    const auto known = connections_.find(stacks_.argument(hit));
    if (known != connections_.end()) http_.connections[known->second].reader = hit.goroutine;
  }
  readHandlers();
}

/// Servers from who accepts for them; those that were shut down from what holds them.
void HttpReader::findServers(const Finder& finder) {
  std::vector<std::string> missing;
  const std::uint32_t size = Binder(layouts_, "net/http.Server", missing).size();
  for (const StackIndex::Hit& hit : stacks_.in(kServe)) {
    const Addr address = stacks_.argument(hit);
    if (image::readObject(values_.memory(), address, size)) serverAt(address);
  }
  for (const Finder::Found& found : finder.ofType("*net/http.Server")) {
    if (finder.isReachable(found.address)) serverAt(found.address);
  }
  for (const StackIndex::Hit& hit : stacks_.in(kShutdown)) {
    // Its receiver is not always kept; that it is a server we know of is the check.
    const auto known = servers_.find(stacks_.argument(hit));
    if (known != servers_.end()) http_.servers[known->second].shuttingDown.push_back(hit.goroutine);
  }
}

void HttpReader::readConnections(Index number, const ServerConn& layout) {
  const Addr address = http_.servers[number].address;
  const std::size_t first = http_.connections.size();
  const auto read = maps_.visit(
      values_.pointer(address + layout.active), *layout.map, [&](Addr key, Addr /*element*/) {
        if (!progress_.step()) return;
        HttpConnection connection;
        connection.address = values_.pointer(key);
        const auto object = image::readObject(values_.memory(), connection.address, layout.size);
        if (!object || object[layout.server] != address) return;
        connection.server = number;
        connection.state = serverState(object[layout.state]);
        describeConnection(values_.interface(connection.address + layout.rwc), connection);
        connections_[connection.address] = static_cast<Index>(http_.connections.size());
        http_.connections.push_back(std::move(connection));
      });
  if (read == golang::MapState::damaged) {
    incomplete_.add("HTTP server", "its connections are not readable", address);
  }
  HttpServer& server = http_.servers[number];
  if (server.listen.empty()) {  // Serve was given a listener: its connections know the address
    if (first < http_.connections.size()) server.listen = http_.connections[first].net.local;
  }
}

/// What the net.Conn tells that the connection reads from and writes to.
void HttpReader::describeConnection(const Interface& conn, HttpConnection& connection) const {
  connection.net = conns_.describe(conn);
  connection.tls = connection.net.tls;
  connection.scheme = connection.tls ? "https" : "http";
  connection.host = connection.net.remote;
}

/// Where a copy of the HTTP/2 server is.
struct HttpReader::Http2Server {
  std::string_view runHandler;                    ///< function
  std::string_view conn, writer, state, request;  ///< types
};

void HttpReader::readHandlers() {
  // Of HTTP/1 the handler runs on the goroutine that serves the connection.
  for (Index i = 0; i < http_.connections.size(); ++i) {
    if (!progress_.step()) return;
    const HttpConnection& connection = http_.connections[i];
    if (connection.server == kNone || connection.reader == kNone ||
        connection.state != HttpState::active || !stacks_.find(connection.reader, kServeHttp)) {
      continue;
    }
    http_.servers[connection.server].handlers.push_back(
        {connection.reader, i, currentRequest(connection)});
  }
  constexpr std::array kPackages = {
      Http2Server{"net/http.(*http2serverConn).runHandler", "net/http.http2serverConn",
                  "net/http.http2responseWriter", "net/http.http2responseWriterState",
                  kHttpRequest},
      Http2Server{"net/http/internal/http2.(*serverConn).runHandler",
                  "net/http/internal/http2.serverConn", "net/http/internal/http2.responseWriter",
                  "net/http/internal/http2.responseWriterState",
                  "net/http/internal/http2.ServerRequest"},
      Http2Server{"golang.org/x/net/http2.(*serverConn).runHandler",
                  "golang.org/x/net/http2.serverConn", "golang.org/x/net/http2.responseWriter",
                  "golang.org/x/net/http2.responseWriterState", kHttpRequest},
  };
  for (const Http2Server& package : kPackages) readHandlers(package);
}

/// Of HTTP/2 each handler has a goroutine of its own. The frame of runHandler keeps its response
/// writer, which knows the connection; that the connection is one we know of is the check.
void HttpReader::readHandlers(const Http2Server& package) {
  const auto hits = stacks_.in(package.runHandler);
  if (hits.empty()) return;
  std::vector<std::string> missing;
  const std::uint32_t conn = Binder(layouts_, package.conn, missing).offsetOf("conn", false);
  Field<Addr> state, owner, request;
  Binder(layouts_, package.writer, missing).optional(state, "rws");
  Binder writerState(layouts_, package.state, missing);
  writerState.optional(owner, "conn");
  writerState.optional(request, "req");
  // A pointer; since 1.27 the request itself.
  const std::uint32_t embedded = writerState.offsetOf("req", false);
  if (conn == kAbsent || !state || !owner || embedded == kAbsent || roots_.problem()) {
    return;
  }
  std::unordered_map<Addr, Index> byDescriptor;
  for (Index i = 0; i < http_.connections.size(); ++i) {
    const HttpConnection& connection = http_.connections[i];
    if (connection.server != kNone) byDescriptor[connection.net.netFd] = i;
  }
  for (const StackIndex::Hit& hit : hits) {
    if (!progress_.step()) return;
    roots_.read(snapshot_.goroutines[hit.goroutine], held_);
    for (const proof::HeldPointer& pointer : held_) {
      const Addr writer = values_.pointer(pointer.value + state.offset);
      const Addr served = values_.pointer(writer + owner.offset);
      if (served == 0) continue;
      const NetConn net = conns_.describe(values_.interface(served + conn));
      const auto at = net.netFd == 0 ? byDescriptor.end() : byDescriptor.find(net.netFd);
      if (at == byDescriptor.end()) continue;
      const HttpConnection& connection = http_.connections[at->second];
      http_.servers[connection.server].handlers.push_back(
          {hit.goroutine, at->second,
           requestAt(request ? values_.pointer(writer + request.offset) : writer + embedded,
                     package.request, connection.scheme)});
      break;
    }
  }
}

/// What an HTTP/1 connection is serving: conn.curReq, a *response that knows its request.
HttpRequest HttpReader::currentRequest(const HttpConnection& connection) const {
  std::vector<std::string> missing;
  const std::uint32_t current =
      Binder(layouts_, "net/http.conn", missing).offsetOf("curReq", false);
  Field<Addr> request;
  Binder(layouts_, "net/http.response", missing).optional(request, "req");
  const image::RuntimeType* type = values_.types().at(values_.types().find("net/http.conn"));
  const image::RuntimeField* field = type == nullptr ? nullptr : type->field("curReq");
  const image::RuntimeType* kind = field == nullptr ? nullptr : values_.types().at(field->type);
  if (current == kAbsent || !request || kind == nullptr) return {};
  // An atomic.Value, whose second word is the pointer; an atomic.Pointer since 1.19.
  const Addr response =
      values_.pointer(connection.address + current + (kind->size > kWord ? kWord : 0));
  return requestAt(values_.pointer(response + request.offset), kHttpRequest, connection.scheme);
}

}  // namespace parked::resources
