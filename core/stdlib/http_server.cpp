// http.Server: its connections by state.
#include <algorithm>

#include "stdlib/http_reader.h"

namespace parked::stdlib {

namespace {

using image::Binder;
using image::Field;

constexpr std::uint32_t kAbsent = Field<Addr>::kAbsent;
constexpr std::string_view kServe = "net/http.(*Server).Serve";
constexpr std::string_view kConnServe = "net/http.(*conn).serve";

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

void HttpReader::readServers(const Finder& finder) {
  std::vector<std::string> missing;
  Binder binder(layouts_, "net/http.conn", missing);
  Field<Addr> serverField;
  Field<std::uint64_t> state;
  binder.optional(serverField, "server");
  binder.optional(state, "curState.v", "curState.atomic");
  const std::uint32_t rwc = binder.offsetOf("rwc", false);
  Binder serverBinder(layouts_, "net/http.Server", missing);
  const std::uint32_t active = serverBinder.offsetOf("activeConn", false);
  const image::RuntimeType* type = values_.types().at(values_.types().find("net/http.Server"));
  const image::RuntimeField* field = type == nullptr ? nullptr : type->field("activeConn");
  const image::RuntimeType* map = field == nullptr ? nullptr : values_.types().at(field->type);
  if (!serverField || !state || rwc == kAbsent || active == kAbsent || map == nullptr) {
    if (!stacks_.in(kServe).empty()) {
      incomplete_.add("HTTP server", "the layout of net/http.conn is not known");
    }
    return;
  }
  // Servers from who accepts for them; those that were shut down from what holds them.
  for (const StackIndex::Hit& hit : stacks_.in(kServe)) {
    const Addr address = stacks_.argument(hit);
    if (image::readObject(values_.memory(), address, serverBinder.size())) serverAt(address);
  }
  for (const Finder::Found& found : finder.ofType("*net/http.Server")) {
    if (finder.isReachable(found.address)) serverAt(found.address);
  }
  std::vector<StackIndex::Hit> serving = stacks_.in(kConnServe);
  for (Index number = 0; number < http_.servers.size(); ++number) {
    const Addr address = http_.servers[number].address;
    const auto state2 =
        maps_.visit(values_.pointer(address + active), *map, [&](Addr key, Addr /*element*/) {
          HttpConnection connection;
          connection.address = values_.pointer(key);
          const auto object =
              image::readObject(values_.memory(), connection.address, binder.size());
          if (!object || object[serverField] != address) return;
          connection.server = number;
          connection.state = serverState(object[state]);
          connection.net = conns_.describe(values_.interface(connection.address + rwc));
          connection.tls = connection.net.tls;
          connection.scheme = connection.tls ? "https" : "http";
          connection.host = connection.net.remote;
          connections_[connection.address] = static_cast<Index>(http_.connections.size());
          http_.connections.push_back(std::move(connection));
        });
    if (state2 == golang::MapState::damaged) {
      incomplete_.add("HTTP server", "its connections are not readable", address);
    }
    HttpServer& server = http_.servers[number];
    if (server.listen.empty()) {  // Serve was given a listener: its connections know the address
      const auto own = std::ranges::find(http_.connections, number, &HttpConnection::server);
      if (own != http_.connections.end()) server.listen = own->net.local;
    }
  }
  for (const StackIndex::Hit& hit : serving) {
    // Its receiver is not always kept; the descriptor the goroutine waits on is.
    const auto known = connections_.find(stacks_.argument(hit));
    if (known != connections_.end()) http_.connections[known->second].reader = hit.goroutine;
  }
}

}  // namespace parked::stdlib
