#include <algorithm>

#include "report/json_text.h"
#include "resources/http/slice.h"
#include "resources/kit.h"

namespace parked::resources {

namespace {

template <std::size_t N>
void putRequest(JsonWriter& json, const char (&name)[N], const HttpRequest& request) {
  if (request.url.empty()) return json.null(name);
  json.object(name, [&] {
    json.member("method", request.method);
    json.member("url", request.url);
  });
}

template <std::size_t N>
void putIds(JsonWriter& json, const char (&name)[N], const Report& report,
            const std::vector<Index>& goroutines) {
  json.array(name, goroutines,
             [&](Index goroutine) { json.value(idOf(*report.snapshot, goroutine)); });
}

void putStreams(JsonWriter& json, const Report& report, const HttpConnection& connection) {
  json.array("requests", connection.requests, [&](const HttpStream& stream) {
    json.object([&] {
      json.address("address", stream.address);
      json.member("state", traitsOf(stream.state).name);
      putRequest(json, "request", stream.request);
      json.member("goroutine", idOf(*report.snapshot, stream.writer));
      json.member("user", idOf(*report.snapshot, stream.user));
    });
  });
}

/// How long the connection has been idle, ns; none if it is not, or nothing tells.
std::optional<std::int64_t> idleFor(const HttpConnection& connection, std::int64_t now) {
  if (connection.idleSince == 0 || now == 0) return std::nullopt;
  return std::max<std::int64_t>(saturatingDifference(now, connection.idleSince), 0);
}

void putConnection(JsonWriter& json, const Report& report, const HttpConnection& connection) {
  const golang::Snapshot& snapshot = *report.snapshot;
  json.object([&] {
    json.address("address", connection.address);
    json.member("state", traitsOf(connection.state).name);
    json.member("protocol", connection.http2 ? "HTTP/2" : "HTTP/1");
    json.member("tls", connection.tls);
    json.text("scheme", connection.scheme);
    json.text("host", connection.host);
    json.text("proxy", connection.proxy);
    json.member("fd", connection.net.fd < 0 ? std::nullopt : std::optional(connection.net.fd));
    json.text("local", connection.net.local);
    json.text("remote", connection.net.remote);
    json.member("idle_ns", idleFor(connection, snapshot.clock.now));
    json.member("streams", connection.http2 ? std::optional(connection.streams) : std::nullopt);
    json.member("body_lost", connection.bodyLost);
    json.member("only_request_end_closes", connection.contextOnly);
    putRequest(json, "request", connection.request);
    putStreams(json, report, connection);
    json.member("reader", idOf(snapshot, connection.reader));
    json.member("writer", idOf(snapshot, connection.writer));
    json.member("user", idOf(snapshot, connection.user));
  });
}

void putConnections(JsonWriter& json, const Report& report, const std::vector<Index>& connections) {
  json.array("connections", connections, [&](Index i) {
    putConnection(json, report, report.resources->of<Http>().connections[i]);
  });
}

void putHosts(JsonWriter& json, const HttpTransport& transport) {
  json.array("hosts", transport.hosts, [&](const HttpHost& host) {
    json.object([&] {
      json.text("scheme", host.scheme);
      json.text("host", host.host);
      json.text("proxy", host.proxy);
      json.member("idle", host.idle);
      json.member("in_use", host.busy);
      json.member("dialing", host.dialing);
      json.member("waiters", host.waiters);
    });
  });
}

void putTransport(JsonWriter& json, const Report& report, const HttpTransport& transport) {
  json.object([&] {
    json.address("address", transport.address);
    json.member("default", transport.isDefault);
    json.member("referenced", transport.referenced);
    json.member("max_conns_per_host", unlessZero(transport.maxPerHost));
    json.member("idle_conn_timeout_ns", ifPositive(transport.idleTimeout));
    json.member("tls_handshake_timeout_ns", ifPositive(transport.tlsTimeout));
    json.member("response_header_timeout_ns", ifPositive(transport.headerTimeout));
    putHosts(json, transport);
    putConnections(json, report, transport.connections);
    putIds(json, "waiters", report, transport.waiters);
  });
}

void putServer(JsonWriter& json, const Report& report, const HttpServer& server) {
  json.object([&] {
    json.address("address", server.address);
    json.text("listen", server.listen);
    json.member("read_timeout_ns", ifPositive(server.readTimeout));
    json.member("read_header_timeout_ns", ifPositive(server.headerTimeout));
    json.member("write_timeout_ns", ifPositive(server.writeTimeout));
    json.member("idle_timeout_ns", ifPositive(server.idleTimeout));
    putIds(json, "shutting_down", report, server.shuttingDown);
    putConnections(json, report, server.connections);
    json.array("handlers", server.handlers, [&](const HttpHandler& handler) {
      json.object([&] {
        json.member("goroutine", idOf(*report.snapshot, handler.goroutine));
        json.address("connection",
                     report.resources->of<Http>().connections[handler.connection].address);
        putRequest(json, "request", handler.request);
      });
    });
  });
}

}  // namespace

void putHttp(JsonWriter& json, const Report& report) {
  const Http& http = report.resources->of<Http>();
  json.object([&] {
    json.array("transports", http.transports,
               [&](const HttpTransport& transport) { putTransport(json, report, transport); });
    json.array("servers", http.servers,
               [&](const HttpServer& server) { putServer(json, report, server); });
  });
}

}  // namespace parked::resources
