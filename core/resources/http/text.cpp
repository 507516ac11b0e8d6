// `parked http`: Transports with their hosts and connections, and servers.
#include "base/text.h"

#include <algorithm>
#include <vector>

#include "report/json_text.h"
#include "report/page.h"
#include "report/phrases.h"
#include "resources/http/hosts.h"
#include "resources/http/slice.h"
#include "resources/kit.h"

namespace parked::resources {

namespace {

constexpr std::ptrdiff_t kStreams = 3;  // of one connection, in text

std::string timeoutText(const char* name, std::int64_t ns) {
  return ns > 0 ? fmt::format(", {} {}", name, humanDuration(ns)) : fmt::format(", no {}", name);
}

std::string goroutineText(const golang::Snapshot& snapshot, Index index) {
  return index < snapshot.goroutines.size() ? std::to_string(snapshot.goroutines[index].id) : "?";
}

/// "fd 7, 127.0.0.1:4711 -> 127.0.0.1:80, idle for 3s, GET http://…, goroutines 12, 13".
std::string connectionText(const Report& report, const HttpConnection& connection) {
  const golang::Snapshot& snapshot = *report.snapshot;
  std::string text(traitsOf(connection.state).name);
  if (connection.http2) {
    text += fmt::format(", HTTP/2 with {}", counted(connection.streams, "open stream"));
  } else if (connection.tls && connection.state != HttpState::handshake) {
    text += ", TLS";
  }
  if (connection.idleSince != 0 && snapshot.clock.now > connection.idleSince) {
    text += fmt::format(
        " for {}", humanDuration(saturatingDifference(snapshot.clock.now, connection.idleSince)));
  }
  if (connection.bodyLost) text += ", and nobody can close it any more";
  if (connection.contextOnly) text += ", and only the end of its request can close it";
  if (const std::string request = connection.request.text(); !request.empty()) {
    text += ", " + request;
  }
  for (const HttpStream& stream : connection.requests) {
    if (&stream - connection.requests.data() == kStreams) {
      text += fmt::format(", {} more", connection.requests.size() - kStreams);
      break;
    }
    const std::string request = stream.request.text();
    text += fmt::format(", {}", request.empty() ? "a request" : request);
    if (stream.state != HttpState::waiting) {
      text += fmt::format(" ({})", traitsOf(stream.state).name);
    }
    text += fmt::format(" by goroutine {}", goroutineText(snapshot, stream.writer));
  }
  if (connection.net.fd >= 0) {
    text += fmt::format(", fd {} {} -> {}", connection.net.fd, connection.net.local,
                        connection.net.remote);
  }
  std::vector<std::string> goroutines;
  for (const Index index : {connection.reader, connection.writer, connection.user}) {
    if (index != kNone) goroutines.push_back(goroutineText(snapshot, index));
  }
  if (!goroutines.empty()) {
    text += goroutines.size() == 1 ? ", goroutine " : ", goroutines ";
    for (std::size_t i = 0; i < goroutines.size(); ++i) {
      text += (i == 0 ? "" : ", ") + goroutines[i];
    }
  }
  const Index reader = connection.reader;
  if (reader < snapshot.goroutines.size()) {
    if (const std::string wait = waitText(report.analysis->waitAtLeast(reader)); !wait.empty()) {
      text += ", " + wait;
    }
  }
  return text;
}

/// Lines for connections, those that are busy first.
void putConnections(Page& page, const Report& report, std::vector<Index> connections,
                    std::uint64_t limit, std::size_t indent) {
  const Http& http = report.resources->of<Http>();
  std::ranges::stable_sort(connections, std::ranges::greater(),
                           [&](Index i) { return http.connections[i].state != HttpState::idle; });
  const std::size_t shown = atMost(connections.size(), limit);
  for (std::size_t i = 0; i < shown; ++i) {
    page.field(indent, 0, {}, connectionText(report, http.connections[connections[i]]), Ink::faint);
  }
  if (shown < connections.size()) {
    page.line(indent, {{fmt::format("{} more", connections.size() - shown), Ink::faint}});
  }
}

void putTransport(Page& page, const Report& report, const HttpTransport& transport,
                  std::uint64_t limit) {
  const Http& http = report.resources->of<Http>();
  std::string about = transport.isDefault ? "http.DefaultTransport" : "";
  about += fmt::format("{}{:#x}", about.empty() ? "" : " ", transport.address);
  about += fmt::format("  {}", counted(transport.connections.size(), "connection"));
  if (transport.maxPerHost > 0) {
    about += fmt::format(", at most {} per host", transport.maxPerHost);
  }
  about += timeoutText("idle timeout", transport.idleTimeout);
  if (!transport.waiters.empty()) {
    about +=
        fmt::format(", {} waiting for a connection", counted(transport.waiters.size(), "request"));
  }
  page.field(0, 9, "Transport", " " + about, Ink::strong);
  if (!transport.referenced) {
    page.line(2, {{"nothing but its own connections holds it", Ink::warn}});
  }
  const ConnectionsByHost byHost(http, transport);
  for (const HttpHost& host : transport.hosts) {
    std::string line = fmt::format("{}://{}", host.scheme, host.host);
    if (!host.proxy.empty()) line += fmt::format(" by proxy {}", host.proxy);
    line +=
        fmt::format("  {} idle, {} in use, {} being dialled", host.idle, host.busy, host.dialing);
    if (transport.maxPerHost > 0) {
      line += fmt::format(", {} of {} taken", host.counted, transport.maxPerHost);
    }
    if (host.waiters > 0) line += fmt::format(", {} waiting", host.waiters);
    page.field(2, 0, {}, line);
    const auto own = byHost.of(host);
    putConnections(page, report, {own.begin(), own.end()}, limit, 4);
  }
}

void putServer(Page& page, const Report& report, const HttpServer& server, std::uint64_t limit) {
  const Http& http = report.resources->of<Http>();
  std::array<std::uint64_t, 3> states{};
  for (const Index i : server.connections) {
    const HttpState state = http.connections[i].state;
    if (state == HttpState::active) ++states[0];
    if (state == HttpState::idle) ++states[1];
    if (state == HttpState::newborn) ++states[2];
  }
  page.field(
      0, 9, "Server",
      fmt::format(" {} {:#x}  {} active, {} idle, {} new{}{}{}", server.listen, server.address,
                  states[0], states[1], states[2], timeoutText("read timeout", server.readTimeout),
                  timeoutText("write timeout", server.writeTimeout),
                  timeoutText("idle timeout", server.idleTimeout)),
      Ink::strong);
  if (!server.shuttingDown.empty()) {
    page.field(4, 8, "closing",
               goroutineList(*report.snapshot, server.shuttingDown) + " in Shutdown");
  }
  putConnections(page, report, server.connections, limit, 4);
  const std::size_t shown = atMost(server.handlers.size(), limit);
  for (std::size_t i = 0; i < shown; ++i) {
    const HttpHandler& handler = server.handlers[i];
    const leak::Place& place = report.analysis->place(
        report.analysis->stack(report.snapshot->goroutines[handler.goroutine].stack).user);
    std::string text = handler.request.text();
    if (!text.empty()) text += ", ";
    text += fmt::format("goroutine {}", goroutineText(*report.snapshot, handler.goroutine));
    if (const auto wait = waitText(report.analysis->waitAtLeast(handler.goroutine));
        !wait.empty()) {
      text += ", " + wait;
    }
    page.field(4, 8, "handler",
               fmt::format("{}, {}:{} {}", text, baseName(place.file), place.line, place.function));
    putSourceLine(page, 12, report, place.file, place.line);
  }
  if (shown < server.handlers.size()) {
    page.line(4, {{fmt::format("{} more handlers", server.handlers.size() - shown), Ink::faint}});
  }
}

}  // namespace

void renderHttp(const Report& report, std::uint64_t limit, const TextStyle& style,
                const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const Http& http = report.resources->of<Http>();
  bool first = true;
  for (const HttpTransport& transport : http.transports) {
    if (!first) page.blank();
    first = false;
    putTransport(page, report, transport, limit);
  }
  for (const HttpServer& server : http.servers) {
    if (!first) page.blank();
    first = false;
    putServer(page, report, server, limit);
  }
  std::vector<Index> loose;
  for (Index i = 0; i < http.connections.size(); ++i) {
    if (http.connections[i].transport == kNone && http.connections[i].server == kNone) {
      loose.push_back(i);
    }
  }
  if (!loose.empty()) {
    if (!first) page.blank();
    first = false;
    page.line(0, {{"of a Transport that could not be told", Ink::strong}});
    putConnections(page, report, std::move(loose), limit, 4);
  }
  if (first) page.line(0, {{"no net/http Transport or Server"}});
}

}  // namespace parked::resources
