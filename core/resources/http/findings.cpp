// The rules for net/http: bodies, Transports, handshakes, pools, servers.

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "resources/http/hosts.h"
#include "resources/http/slice.h"
#include "resources/kit.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

/// What the rules look at, at hand.
struct Look {
  const leak::Analysis& analysis;
  const Http& http;

  std::int64_t age(Index goroutine) const {
    return goroutine == kNone ? 0 : analysis.waitAtLeast(goroutine);
  }
  /// Nobody who can still run has the body, and nothing ends its request.
  bool lost(const HttpConnection& connection) const {
    return connection.bodyLost ||
           (connection.reader != kNone &&
            analysis.info(connection.reader).verdict == leak::Verdict::proved);
  }
  /// The user's own frame of a goroutine, if it has one.
  leak::Place place(Index goroutine) const {
    if (goroutine == kNone) return {};
    return analysis.place(analysis.stack(analysis.snapshot().goroutines[goroutine].stack).user);
  }
};

std::string connectionEvidence(const HttpConnection& connection, const HttpRequest& request) {
  std::string text = fmt::format("{} {:#x}", connection.http2 ? "HTTP/2 ClientConn" : "persistConn",
                                 connection.address);
  if (connection.net.fd >= 0) {
    text += fmt::format(", fd {} {} -> {}", connection.net.fd, connection.net.local,
                        connection.net.remote);
  }
  if (const std::string what = request.text(); !what.empty()) text += ", " + what;
  if (connection.contextOnly) {
    text +=
        ", nobody has the body any more, and only the end of its request (by its context, a "
        "timeout or an error) closes it";
  }
  return text;
}

std::string connectionEvidence(const HttpConnection& connection) {
  return connectionEvidence(connection, connection.request);
}

void addGoroutines(Finding& finding, const HttpConnection& connection) {
  for (const Index index : {connection.reader, connection.writer}) {
    if (index != kNone) finding.goroutines.push_back(index);
  }
}

/// A body that nobody reads or closes.
struct OpenBody {
  const HttpConnection* connection = nullptr;
  const HttpStream* stream = nullptr;  ///< HTTP/2
  bool lost = false;                   ///< nobody who could still close it has it
  std::int64_t age = 0;                ///< ns, at least
};

/// By scheme and host, first those that were lost, then those that nobody has looked at for long.
std::map<std::pair<std::string, bool>, std::vector<OpenBody>> openBodies(const Look& look) {
  std::map<std::pair<std::string, bool>, std::vector<OpenBody>> byHost;
  const auto add = [&](const OpenBody& body) {
    if (!body.lost && body.age < hangAge(look.analysis)) return;
    byHost[{body.connection->scheme + "://" + body.connection->host, !body.lost}].push_back(body);
  };
  for (const HttpConnection& connection : look.http.connections) {
    if (connection.server != kNone) continue;
    if (connection.state == HttpState::bodyOpen) {
      add({&connection, nullptr, look.lost(connection), look.age(connection.reader)});
    }
    for (const HttpStream& stream : connection.requests) {
      if (stream.state == HttpState::bodyOpen) {
        add({&connection, &stream, false, look.age(stream.writer)});
      }
    }
  }
  return byHost;
}

/// For each host a finding about those that are proved, and one about those that are suspect.
void bodies(const Look& look, std::vector<Finding>& findings) {
  for (const auto& [key, open] : openBodies(look)) {
    const std::string& host = key.first;
    const bool lost = !key.second;
    Finding finding;
    finding.rule = RuleId::httpBodyOpen;
    finding.verdict = lost ? leak::Verdict::proved : leak::Verdict::suspect;
    finding.count = open.size();
    std::int64_t oldest = 0;
    for (const OpenBody& body : open) {
      oldest = std::max(oldest, body.age);
      if (body.stream != nullptr) {
        finding.goroutines.push_back(body.stream->writer);
      } else {
        addGoroutines(finding, *body.connection);
      }
      if (finding.evidence.size() < kExamples) {
        finding.evidence.push_back(connectionEvidence(
            *body.connection,
            body.stream != nullptr ? body.stream->request : body.connection->request));
      }
    }
    finding.sentence =
        fmt::format("{} of {} {} neither closed nor read to the end{}",
                    counted(finding.count, "response body", "response bodies"), host,
                    finding.count == 1 ? "is" : "are",
                    lost ? ", and nobody who could still do it has it"
                         : fmt::format(", for at least {}, it seems", humanDuration(oldest)));
    findings.push_back(std::move(finding));
  }
}

/// Transports that only their own connections hold.
void transports(const Look& look, std::vector<Finding>& findings) {
  std::vector<const HttpTransport*> lost;
  for (const HttpTransport& transport : look.http.transports) {
    if (!transport.referenced && !transport.connections.empty()) lost.push_back(&transport);
  }
  const bool forEver = std::ranges::any_of(lost, [](const auto* t) { return t->idleTimeout == 0; });
  if (lost.empty() || (!forEver && lost.size() < kManyTransports)) return;
  Finding finding;
  finding.rule = RuleId::httpTransportLost;
  finding.count = lost.size();
  std::uint64_t connections = 0;
  for (const HttpTransport* transport : lost) {
    connections += transport->connections.size();
    for (const Index i : transport->connections) {
      addGoroutines(finding, look.http.connections[i]);
    }
    if (finding.evidence.size() < kExamples) {
      const HttpConnection& first = look.http.connections[transport->connections.front()];
      finding.evidence.push_back(fmt::format(
          "Transport {:#x} with {} to {}://{}, {}", transport->address,
          counted(transport->connections.size(), "connection"), first.scheme, first.host,
          transport->idleTimeout == 0
              ? "no IdleConnTimeout"
              : fmt::format("IdleConnTimeout {}", humanDuration(transport->idleTimeout))));
    }
  }
  finding.sentence = fmt::format(
      "nothing holds {} any more but {} own {}, which {} open", counted(lost.size(), "Transport"),
      lost.size() == 1 ? "its" : "their", counted(connections, "connection"),
      forEver ? "stay" : "stay until they are idle too long");
  findings.push_back(std::move(finding));
}

/// Clients that wait for a peer to finish connecting.
void handshakes(const Look& look, std::vector<Finding>& findings) {
  std::map<Index, leak::Place> places;  // of those who wait for a Transport that was told of
  for (const HttpConnection& connection : look.http.connections) {
    if (connection.server != kNone ||
        (connection.state != HttpState::dialing && connection.state != HttpState::handshake)) {
      continue;
    }
    const std::int64_t age = look.age(connection.reader);
    if (age < hangAge(look.analysis)) continue;
    const bool tls = connection.state == HttpState::handshake;
    const HttpTransport* transport =
        connection.transport == kNone ? nullptr : &look.http.transports[connection.transport];
    Finding finding;
    finding.rule = RuleId::httpHandshakeHangs;
    finding.count = 1;
    finding.goroutines = {connection.reader};
    std::string deadline = "no deadline was found";
    if (tls && transport != nullptr && transport->timeoutsKnown) {
      deadline = transport->tlsTimeout > 0 ? fmt::format("TLSHandshakeTimeout is {}",
                                                         humanDuration(transport->tlsTimeout))
                                           : "TLSHandshakeTimeout is not set";
    }
    finding.sentence = fmt::format(
        "a {} has not come to an end for at least {}{}; {}", tls ? "TLS handshake" : "connect",
        humanDuration(age),
        connection.host.empty() ? ""
                                : fmt::format(", to {}://{}", connection.scheme, connection.host),
        deadline);
    if (transport != nullptr) {
      finding.evidence.push_back(fmt::format("Transport {:#x}", transport->address));
      // Who waits for which of its connections is not known: all are told of once.
      const auto [place, isNew] = places.try_emplace(connection.transport);
      for (const Index waiter : transport->waiters) {
        if (!isNew) break;
        if (place->second.function.empty()) place->second = look.place(waiter);
        finding.goroutines.push_back(waiter);
      }
      finding.place = place->second;
    }
    findings.push_back(std::move(finding));
  }
}

/// Requests that wait for a connection under MaxConnsPerHost.
void starvation(const Look& look, const HttpTransport& transport, std::vector<Finding>& findings) {
  const ConnectionsByHost byHost(look.http, transport);
  std::int64_t age = 0;
  for (const Index waiter : transport.waiters) age = std::max(age, look.age(waiter));
  bool told = false;
  for (const HttpHost& host : transport.hosts) {
    if (host.waiters == 0) continue;
    const auto holders = byHost.of(host);
    // A wait is healthy as long as somebody gives his connection back. One whose host is not
    // known, as of some that are dialled, may be another of them.
    const bool lost = holders.size() >= static_cast<std::uint64_t>(transport.maxPerHost) &&
                      std::ranges::all_of(holders, [&](Index i) {
                        const HttpConnection& c = look.http.connections[i];
                        return c.state == HttpState::bodyOpen && look.lost(c);
                      });
    if (!lost && age < hangAge(look.analysis)) continue;
    Finding finding;
    finding.rule = RuleId::httpPoolStarved;
    finding.verdict = lost ? leak::Verdict::proved : leak::Verdict::suspect;
    finding.count = host.waiters;
    // Who waits for which host is not known: all are told of once.
    if (!told) finding.goroutines = transport.waiters;
    told = true;
    finding.sentence = fmt::format(
        "{} for one of {} to {}://{}{}",
        host.waiters == 1 ? "1 request waits"
                          : fmt::format("{} requests wait", withSeparators(host.waiters)),
        counted(static_cast<std::uint64_t>(transport.maxPerHost), "connection"), host.scheme,
        host.host,
        lost ? ", and nobody gives one back"
             : fmt::format(", for at least {}", humanDuration(age)));
    if (!transport.waiters.empty()) finding.place = look.place(transport.waiters.front());
    for (const Index i : holders) {
      if (finding.evidence.size() == kExamples) break;
      const HttpConnection& c = look.http.connections[i];
      finding.evidence.push_back(
          fmt::format("taken: {}, {}", traitsOf(c.state).takenBy, connectionEvidence(c)));
    }
    findings.push_back(std::move(finding));
  }
}

void starvation(const Look& look, std::vector<Finding>& findings) {
  for (const HttpTransport& transport : look.http.transports) {
    const bool waits = std::ranges::any_of(transport.hosts,
                                           [](const HttpHost& host) { return host.waiters != 0; });
    if (transport.maxPerHost != 0 && waits) starvation(look, transport, findings);
  }
}

/// Connections of a server on which no whole request ever came.
void newborn(const Look& look, std::vector<Finding>& findings) {
  for (Index number = 0; number < look.http.servers.size(); ++number) {
    const HttpServer& server = look.http.servers[number];
    if (server.readTimeout > 0 || server.headerTimeout > 0) continue;
    Finding finding;
    std::int64_t oldest = 0;
    for (const Index i : server.connections) {
      const HttpConnection& c = look.http.connections[i];
      if (c.state != HttpState::newborn || look.age(c.reader) < hangAge(look.analysis)) continue;
      ++finding.count;
      oldest = std::max(oldest, look.age(c.reader));
      finding.goroutines.push_back(c.reader);
      if (finding.evidence.size() < kExamples) {
        finding.evidence.push_back(
            fmt::format("fd {} {} -> {}", c.net.fd, c.net.local, c.net.remote));
      }
    }
    if (finding.count == 0) continue;
    finding.rule = RuleId::httpServerHandshake;
    finding.sentence = fmt::format(
        "{} of the server at {} {} sent no whole request yet, for at least {}; the server has "
        "neither ReadHeaderTimeout nor ReadTimeout",
        counted(finding.count, "client"), server.listen, finding.count == 1 ? "has" : "have",
        humanDuration(oldest));
    findings.push_back(std::move(finding));
  }
}

/// Handlers that are stuck for good, or as many and as old as a suspect group: one finding a place.
void handlers(const Look& look, std::vector<Finding>& findings) {
  for (const HttpServer& server : look.http.servers) {
    std::map<std::tuple<std::string_view, std::string_view, std::int32_t>, Finding> byPlace;
    for (const HttpHandler& handler : server.handlers) {
      const leak::Verdict verdict = look.analysis.info(handler.goroutine).verdict;
      if (verdict != leak::Verdict::proved && verdict != leak::Verdict::suspect) continue;
      const leak::Place place = look.place(handler.goroutine);
      Finding& finding = byPlace[{place.function, place.file, place.line}];
      finding.rule = RuleId::httpHandlerHangs;
      finding.verdict = std::max(finding.verdict, verdict);
      finding.place = place;
      ++finding.count;
      finding.goroutines.push_back(handler.goroutine);
      if (finding.evidence.size() < kExamples) {
        const HttpConnection& connection = look.http.connections[handler.connection];
        const std::string request = handler.request.text();
        finding.evidence.push_back(fmt::format(
            "{}{}goroutine {}, fd {} {} <- {}{}", request, request.empty() ? "" : ", ",
            look.analysis.snapshot().goroutines[handler.goroutine].id, connection.net.fd,
            connection.net.local, connection.net.remote, connection.http2 ? ", HTTP/2" : ""));
      }
    }
    for (auto& [place, finding] : byPlace) {
      finding.sentence = fmt::format(
          "{} of the server at {} {}", counted(finding.count, "handler"), server.listen,
          finding.verdict == leak::Verdict::proved
              ? (finding.count == 1 ? "can never return"
                                    : "can never return, some of them at least")
              : (finding.count == 1 ? "does not return, it seems" : "do not return, it seems"));
      findings.push_back(std::move(finding));
    }
  }
}

/// Shutdown, which waits until the last handler has returned, and handlers that do not move.
void shutdowns(const Look& look, std::vector<Finding>& findings) {
  for (const HttpServer& server : look.http.servers) {
    if (server.shuttingDown.empty()) continue;
    Finding finding;
    std::int64_t oldest = 0;
    for (const HttpHandler& handler : server.handlers) {
      const std::int64_t age = look.age(handler.goroutine);
      if (age < hangAge(look.analysis)) continue;
      oldest = std::max(oldest, age);
      ++finding.count;
      finding.goroutines.push_back(handler.goroutine);
      if (finding.evidence.size() == kExamples) continue;
      const leak::Place place = look.place(handler.goroutine);
      const std::string request = handler.request.text();
      finding.evidence.push_back(fmt::format(
          "{}{}goroutine {}{}", request, request.empty() ? "" : ", ",
          look.analysis.snapshot().goroutines[handler.goroutine].id,
          place.function.empty() ? std::string()
                                 : fmt::format(" in {}:{}", place.function, place.line)));
    }
    if (finding.count == 0) continue;
    finding.rule = RuleId::httpShutdownWaits;
    finding.place = look.place(server.shuttingDown.front());
    finding.sentence =
        fmt::format("Shutdown of the server at {} waits for {}, {} not moved for at least {}",
                    server.listen, counted(finding.count, "handler"),
                    finding.count == 1 ? "which has" : "which have", humanDuration(oldest));
    finding.goroutines.push_back(server.shuttingDown.front());
    findings.push_back(std::move(finding));
  }
}

}  // namespace

void httpRules(const Context& context, std::vector<Finding>& findings) {
  const Look look{context.analysis, context.resources->of<Http>()};
  bodies(look, findings);
  transports(look, findings);
  handshakes(look, findings);
  starvation(look, findings);
  newborn(look, findings);
  handlers(look, findings);
  shutdowns(look, findings);
}

}  // namespace parked::resources
