// net/http: Transports with their connections, and servers. Mirrors net/http/transport.go
// (Transport, persistConn, wantConn), net/http/server.go (Server, conn), and the HTTP/2 client of
// net/http (h2_bundle.go up to 1.26, net/http/internal/http2 since 1.27) and
// golang.org/x/net/http2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "golang/snapshot.h"
#include "resources/net_conn.h"

namespace parked::resources {

using golang::Index;
using golang::kNone;

/// Each has a row in model.cpp.
enum class HttpState : std::uint8_t {
  idle,       ///< kept for the next request
  waiting,    ///< the request is sent, its response has not come
  bodyOpen,   ///< the response came; its body is neither closed nor read to its end
  bodyRead,   ///< somebody is reading the body
  dialing,    ///< a goroutine connects
  handshake,  ///< TLS: one waits for the other side's answer
  active,     ///< of a server, or HTTP/2: requests are being handled
  newborn,    ///< of a server: its first request was not read to the end of its header
  unknown,
};

struct HttpStateTraits {
  HttpState value;
  std::string_view name;
  /// What a connection of it that cannot serve another request is taken by.
  std::string_view takenBy = "in use";
};

const HttpStateTraits& traitsOf(HttpState state);

/// A request that a connection is busy with, where its object was found.
struct HttpRequest {
  std::string method, url;  ///< empty: not known

  /// "GET http://example.com/", or empty.
  std::string text() const { return url.empty() ? std::string() : method + " " + url; }
};

/// A request on an HTTP/2 client's connection.
struct HttpStream {
  Addr address = 0;                      ///< the clientStream
  HttpState state = HttpState::unknown;  ///< waiting, bodyOpen or bodyRead
  HttpRequest request;
  Index writer = kNone;  ///< its writeRequest, which ends with the stream
  Index user = kNone;    ///< goroutine that reads the body
};

struct HttpConnection {
  Addr address = 0;         ///< persistConn, ClientConn or server's conn; 0 while it is dialled
  Index transport = kNone;  ///< into Http::transports; kNone: of a server, or not known
  Index server = kNone;     ///< into Http::servers
  HttpState state = HttpState::unknown;
  bool http2 = false, tls = false;
  std::string scheme, host, proxy;  ///< host with port
  NetConn net;
  std::int64_t idleSince = 0;        ///< idle: monotonic ns; 0: not known
  std::uint64_t streams = 0;         ///< HTTP/2: open ones
  std::vector<HttpStream> requests;  ///< HTTP/2 client: the open streams that are readable
  bool bodyLost = false;  ///< bodyOpen: proved that nothing closes the body or ends the request
  /// bodyOpen: proved that nobody can close the body any more, but its request may still end: its
  /// context, a timeout, or an error of who still sends it.
  bool contextOnly = false;
  HttpRequest request;                   ///< what it is busy with; empty: not known
  Index reader = kNone, writer = kNone;  ///< its readLoop and writeLoop, its dialler or its serve
  Index user = kNone;  ///< goroutine that waits for the response or reads the body
};

struct HttpHost {
  std::string scheme, host, proxy;
  std::uint64_t idle = 0, dialing = 0, busy = 0;
  std::uint64_t counted = 0;  ///< Transport.connsPerHost, kept only with a limit
  std::uint64_t waiters = 0;  ///< requests queued for a connection because of the limit
};

struct HttpTransport {
  Addr address = 0;
  bool isDefault = false;
  bool referenced = true;       ///< something but its own connections holds it
  std::int64_t maxPerHost = 0;  ///< 0: no limit
  std::int64_t idleTimeout = 0, tlsTimeout = 0, headerTimeout = 0;  ///< ns, 0: none
  bool timeoutsKnown = false;
  std::vector<HttpHost> hosts;
  std::vector<Index> connections;  ///< into Http::connections
  std::vector<Index> waiters;      ///< goroutines in getConn
};

/// A request that a server's handler is busy with.
struct HttpHandler {
  Index goroutine = kNone;   ///< that the handler runs on
  Index connection = kNone;  ///< into Http::connections
  HttpRequest request;
};

struct HttpServer {
  Addr address = 0;
  std::string listen;  ///< address of its listener, where known
  std::int64_t readTimeout = 0, headerTimeout = 0, writeTimeout = 0, idleTimeout = 0;  ///< ns
  std::vector<Index> connections;
  std::vector<HttpHandler> handlers;
  std::vector<Index> shuttingDown;  ///< goroutines in its Shutdown
};

struct Http {
  std::vector<HttpTransport> transports;
  std::vector<HttpServer> servers;
  std::vector<HttpConnection> connections;
};

}  // namespace parked::resources
