// The HTTP/2 client, of net/http and of golang.org/x/net/http2.
#include <array>
#include <map>

#include "resources/http/reader.h"

namespace parked::resources {

namespace {

using image::Binder;
using image::Field;

using image::kAbsent;

}  // namespace

/// Where a copy of the package is.
struct HttpReader::Http2Client {
  std::string_view readLoop, writeRequest;                  ///< functions
  std::string_view clientConn, transport, stream, request;  ///< types
};

void HttpReader::readHttp2() {
  constexpr std::array kPackages = {
      Http2Client{"net/http.(*http2ClientConn).readLoop",
                  "net/http.(*http2clientStream).writeRequest", "net/http.http2ClientConn",
                  "net/http.http2Transport", "net/http.http2clientStream", kHttpRequest},
      Http2Client{"net/http/internal/http2.(*ClientConn).readLoop",
                  "net/http/internal/http2.(*clientStream).writeRequest",
                  "net/http/internal/http2.ClientConn", "net/http/internal/http2.Transport",
                  "net/http/internal/http2.clientStream", "net/http/internal/http2.ClientRequest"},
      Http2Client{"golang.org/x/net/http2.(*ClientConn).readLoop",
                  "golang.org/x/net/http2.(*clientStream).writeRequest",
                  "golang.org/x/net/http2.ClientConn", "golang.org/x/net/http2.Transport",
                  "golang.org/x/net/http2.clientStream", kHttpRequest},
  };
  for (const Http2Client& package : kPackages) readConnections(package);
}

/// The connections of one copy of the package: each has a goroutine in its readLoop.
void HttpReader::readConnections(const Http2Client& package) {
  const auto hits = stacks_.in(package.readLoop);
  if (hits.empty()) return;
  std::vector<std::string> missing;
  Binder binder(layouts_, package.clientConn, missing);
  const std::uint32_t conn = binder.offsetOf("tconn", false);
  const std::uint32_t streams = binder.offsetOf("streams", false);
  const std::uint32_t lastIdle = binder.offsetOf("lastIdle", false);
  Field<Addr> transport;
  binder.optional(transport, "t");
  const std::uint32_t t1 = Binder(layouts_, package.transport, missing).offsetOf("t1", false);
  if (conn == kAbsent || streams == kAbsent || !transport) {
    incomplete_.add("HTTP/2 connection", "the layout of its ClientConn is not known");
    return;
  }
  for (const StackIndex::Hit& hit : hits) {
    if (!progress_.step()) return;
    const Addr address = stacks_.argument(hit);
    const auto object = image::readObject(values_.memory(), address, binder.size());
    HttpConnection connection;
    if (object) describeConnection(values_.interface(address + conn), connection);
    if (connection.net.netFd == 0) {
      incomplete_.add("HTTP/2 connection", "its ClientConn was not found on the stack",
                      snapshot_.goroutines[hit.goroutine].address);
      continue;
    }
    connection.address = address;
    connection.http2 = true;
    connection.reader = hit.goroutine;
    connection.streams = maps_.count(values_.pointer(address + streams));
    connection.state = connection.streams == 0 ? HttpState::idle : HttpState::active;
    if (connection.streams == 0 && lastIdle != kAbsent) {
      connection.idleSince = times_.monotonic(address + lastIdle);
    }
    if (t1 != kAbsent && object[transport] != 0) {
      const Addr owner = http1Transport(object[transport] + t1);
      if (owner != 0) connection.transport = transportAt(owner);
    }
    connections_[address] = static_cast<Index>(http_.connections.size());
    http_.connections.push_back(std::move(connection));
  }
  readStreams(package);
}

/// The *Transport in a field; since 1.27 an interface that holds one, or a struct that begins with
/// it.
Addr HttpReader::http1Transport(Addr field) const {
  const Interface held = values_.interface(field);
  if (held.type == 0) return values_.pointer(field);
  const image::RuntimeType* type = values_.types().at(held.type);
  return type != nullptr && type->directInterface ? held.data : values_.pointer(held.data);
}

/// What the open streams of the package's connections wait for. Each has a goroutine in
/// writeRequest until it ends, that is until its body is closed or came to its end.
void HttpReader::readStreams(const Http2Client& package) {
  std::vector<std::string> missing;
  Binder binder(layouts_, package.stream, missing);
  Field<Addr> owner, response;
  binder.optional(owner, "cc");
  binder.optional(response, "res");
  if (!owner || !response) return;
  std::map<Addr, std::pair<Index, std::size_t>> streams;  // connection, and which of its requests
  for (const StackIndex::Hit& hit : stacks_.in(package.writeRequest)) {
    if (!progress_.step()) return;
    HttpStream stream;
    stream.address = stacks_.argument(hit);
    const auto object = image::readObject(values_.memory(), stream.address, binder.size());
    const auto known = connections_.find(object[owner]);
    if (known == connections_.end()) continue;
    HttpConnection& connection = http_.connections[known->second];
    stream.writer = hit.goroutine;
    stream.state = object[response] == 0 ? HttpState::waiting : HttpState::bodyOpen;
    stream.request = requestAt(stacks_.argument(hit, 1), package.request, connection.scheme);
    streams[stream.address] = {known->second, connection.requests.size()};
    connection.requests.push_back(std::move(stream));
  }
  // Who reads a body waits on the Cond of its pipe, a part of the stream.
  for (const golang::Wait& wait : snapshot_.waits) {
    if (wait.kind != golang::ObjectKind::cond || streams.empty()) continue;
    auto at = streams.upper_bound(wait.address);
    if (at == streams.begin()) continue;
    --at;
    if (wait.address - at->first >= binder.size()) continue;
    HttpStream& stream = http_.connections[at->second.first].requests[at->second.second];
    stream.user = wait.goroutine;
    stream.state = HttpState::bodyRead;
  }
}

}  // namespace parked::resources
