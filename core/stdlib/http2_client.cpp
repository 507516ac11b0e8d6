// The HTTP/2 client, of net/http and of golang.org/x/net/http2.
#include <array>

#include "stdlib/http_reader.h"

namespace parked::stdlib {

namespace {

using image::Binder;
using image::Field;

constexpr std::uint32_t kAbsent = Field<Addr>::kAbsent;

/// Where a copy of the package is.
struct Package {
  std::string_view readLoop, clientConn, transport;
};
constexpr std::array kPackages = {
    Package{"net/http.(*http2ClientConn).readLoop", "net/http.http2ClientConn",
            "net/http.http2Transport"},
    Package{"net/http/internal/http2.(*ClientConn).readLoop", "net/http/internal/http2.ClientConn",
            "net/http/internal/http2.Transport"},
    Package{"golang.org/x/net/http2.(*ClientConn).readLoop", "golang.org/x/net/http2.ClientConn",
            "golang.org/x/net/http2.Transport"},
};

}  // namespace

void HttpReader::readHttp2() {
  for (const Package& package : kPackages) {
    const auto hits = stacks_.in(package.readLoop);
    if (hits.empty()) continue;
    std::vector<std::string> missing;
    Binder binder(layouts_, package.clientConn, missing);
    Binder transportBinder(layouts_, package.transport, missing);
    const std::uint32_t conn = binder.offsetOf("tconn", false);
    const std::uint32_t streams = binder.offsetOf("streams", false);
    const std::uint32_t lastIdle = binder.offsetOf("lastIdle", false);
    Field<Addr> transport;
    binder.optional(transport, "t");
    const std::uint32_t t1 = transportBinder.offsetOf("t1", false);
    if (conn == kAbsent || streams == kAbsent || !transport) {
      incomplete_.add("HTTP/2 connection", "the layout of its ClientConn is not known");
      continue;
    }
    for (const StackIndex::Hit& hit : hits) {
      const Addr address = stacks_.argument(hit);
      const auto object = image::readObject(values_.memory(), address, binder.size());
      HttpConnection connection;
      if (object) connection.net = conns_.describe(values_.interface(address + conn));
      if (connection.net.netFd == 0) {
        incomplete_.add("HTTP/2 connection", "its ClientConn was not found on the stack",
                        snapshot_.goroutines[hit.goroutine].address);
        continue;
      }
      connection.address = address;
      connection.http2 = true;
      connection.tls = connection.net.tls;
      connection.scheme = connection.tls ? "https" : "http";
      connection.host = connection.net.remote;
      connection.reader = hit.goroutine;
      connection.streams = maps_.count(values_.pointer(address + streams));
      connection.state = connection.streams == 0 ? HttpState::idle : HttpState::active;
      if (connection.streams == 0 && lastIdle != kAbsent) {
        connection.idleSince = monotonic(address + lastIdle);
      }
      if (t1 != kAbsent && object[transport] != 0) {
        // A *Transport; since 1.27 an interface that holds one, or a struct that begins with it.
        const Addr field = object[transport] + t1;
        Addr owner = values_.pointer(field);
        if (const Interface held = values_.interface(field); held.type != 0) {
          const image::RuntimeType* type = values_.types().at(held.type);
          owner = type != nullptr && type->directInterface ? held.data : values_.pointer(held.data);
        }
        if (owner != 0) connection.transport = transportAt(owner);
      }
      connections_[address] = static_cast<Index>(http_.connections.size());
      http_.connections.push_back(std::move(connection));
    }
  }
}

}  // namespace parked::stdlib
