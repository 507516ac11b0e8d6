// The rules for net/http: bodies, Transports, handshakes, pools, servers.

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "leak/numbers.h"
#include "rules/findings.h"
#include "rules/thresholds.h"

namespace parked::rules {

namespace {

using stdlib::Http;
using stdlib::HttpConnection;
using stdlib::HttpState;
using stdlib::HttpTransport;

constexpr std::size_t kExamples = 3;

/// What the rules look at, at hand.
struct Look {
  const leak::Analysis& analysis;
  const Http& http;

  std::int64_t age(Index goroutine) const {
    return goroutine == kNone ? 0 : analysis.waitAtLeast(goroutine);
  }
  /// Nobody who can still run has the body.
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

std::string connectionEvidence(const HttpConnection& connection) {
  std::string text = fmt::format("persistConn {:#x}", connection.address);
  if (connection.net.fd >= 0) {
    text += fmt::format(", fd {} {} -> {}", connection.net.fd, connection.net.local,
                        connection.net.remote);
  }
  if (!connection.request.url.empty()) {
    text += fmt::format(", {} {}", connection.request.method, connection.request.url);
  }
  return text;
}

void addGoroutines(Finding& finding, const HttpConnection& connection) {
  for (const Index index : {connection.reader, connection.writer}) {
    if (index != kNone) finding.goroutines.push_back(index);
  }
}

/// Bodies that nobody reads or closes: one finding a host.
void bodies(const Look& look, std::vector<Finding>& findings) {
  std::map<std::string, std::vector<const HttpConnection*>> byHost;
  for (const HttpConnection& connection : look.http.connections) {
    if (connection.state != HttpState::bodyOpen || connection.server != kNone) continue;
    byHost[connection.scheme + "://" + connection.host].push_back(&connection);
  }
  for (const auto& [host, connections] : byHost) {
    const auto certain =
        std::ranges::count_if(connections, [&](const auto* c) { return look.lost(*c); });
    const auto old = std::ranges::count_if(
        connections, [&](const auto* c) { return look.age(c->reader) >= hangAge(look.analysis); });
    if (certain == 0 && old == 0) continue;
    Finding finding;
    finding.rule = RuleId::httpBodyOpen;
    finding.verdict = certain > 0 ? leak::Verdict::proved : leak::Verdict::suspect;
    for (const auto* connection : connections) {
      if (!look.lost(*connection) && look.age(connection->reader) < hangAge(look.analysis)) {
        continue;
      }
      ++finding.count;
      addGoroutines(finding, *connection);
      if (finding.evidence.size() < kExamples) {
        finding.evidence.push_back(connectionEvidence(*connection));
      }
    }
    finding.sentence = fmt::format(
        "{} of {} {} neither closed nor read to the end{}",
        leak::counted(finding.count, "response body", "response bodies"), host,
        finding.count == 1 ? "is" : "are",
        certain > 0 ? ", and nobody who could still do it has it"
                    : fmt::format(", for at least {}, it seems",
                                  leak::humanDuration(look.age(connections.front()->reader))));
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
          leak::counted(transport->connections.size(), "connection"), first.scheme, first.host,
          transport->idleTimeout == 0
              ? "no IdleConnTimeout"
              : fmt::format("IdleConnTimeout {}", leak::humanDuration(transport->idleTimeout))));
    }
  }
  finding.sentence =
      fmt::format("nothing holds {} any more but {} own {}, which {} open",
                  leak::counted(lost.size(), "Transport"), lost.size() == 1 ? "its" : "their",
                  leak::counted(connections, "connection"),
                  forEver ? "stay" : "stay until they are idle too long");
  findings.push_back(std::move(finding));
}

/// Clients that wait for a peer to finish connecting.
void handshakes(const Look& look, std::vector<Finding>& findings) {
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
                                                         leak::humanDuration(transport->tlsTimeout))
                                           : "TLSHandshakeTimeout is not set";
    }
    finding.sentence = fmt::format(
        "a {} has not come to an end for at least {}{}; {}", tls ? "TLS handshake" : "connect",
        leak::humanDuration(age),
        connection.host.empty() ? ""
                                : fmt::format(", to {}://{}", connection.scheme, connection.host),
        deadline);
    if (transport != nullptr) {
      finding.evidence.push_back(fmt::format("Transport {:#x}", transport->address));
      for (const Index waiter : transport->waiters) {
        if (finding.place.function.empty()) finding.place = look.place(waiter);
        finding.goroutines.push_back(waiter);
      }
    }
    findings.push_back(std::move(finding));
  }
}

/// Requests that wait for a connection under MaxConnsPerHost.
void starvation(const Look& look, std::vector<Finding>& findings) {
  for (const HttpTransport& transport : look.http.transports) {
    for (const stdlib::HttpHost& host : transport.hosts) {
      if (transport.maxPerHost == 0 || host.waiters == 0) continue;
      std::vector<const HttpConnection*> holders;
      for (const Index i : transport.connections) {
        const HttpConnection& c = look.http.connections[i];
        if (c.host == host.host && c.scheme == host.scheme) holders.push_back(&c);
      }
      // A wait is healthy as long as somebody gives his connection back.
      const bool lost = !holders.empty() && std::ranges::all_of(holders, [&](const auto* c) {
        return c->state == HttpState::bodyOpen && look.lost(*c);
      });
      std::int64_t age = 0;
      for (const Index waiter : transport.waiters) age = std::max(age, look.age(waiter));
      if (!lost && age < hangAge(look.analysis)) continue;
      Finding finding;
      finding.rule = RuleId::httpPoolStarved;
      finding.verdict = lost ? leak::Verdict::proved : leak::Verdict::suspect;
      finding.count = host.waiters;
      finding.goroutines = transport.waiters;
      finding.sentence = fmt::format(
          "{} for one of {} to {}://{}{}",
          host.waiters == 1 ? "1 request waits"
                            : fmt::format("{} requests wait", leak::withSeparators(host.waiters)),
          leak::counted(static_cast<std::uint64_t>(transport.maxPerHost), "connection"),
          host.scheme, host.host,
          lost ? ", and nobody gives one back"
               : fmt::format(", for at least {}", leak::humanDuration(age)));
      if (!transport.waiters.empty()) finding.place = look.place(transport.waiters.front());
      for (const HttpConnection* c : holders) {
        if (finding.evidence.size() == kExamples) break;
        finding.evidence.push_back(fmt::format("taken: {}, {}",
                                               c->state == HttpState::bodyOpen ? "body not closed"
                                               : c->state == HttpState::waiting
                                                   ? "waiting for the response"
                                                   : "in use",
                                               connectionEvidence(*c)));
      }
      findings.push_back(std::move(finding));
    }
  }
}

/// Connections of a server on which nothing of a request ever came.
void newborn(const Look& look, std::vector<Finding>& findings) {
  for (Index number = 0; number < look.http.servers.size(); ++number) {
    const stdlib::HttpServer& server = look.http.servers[number];
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
        "{} of the server at {} {} sent nothing of a request yet, for at least {}; the server has "
        "neither ReadHeaderTimeout nor ReadTimeout",
        leak::counted(finding.count, "client"), server.listen, finding.count == 1 ? "has" : "have",
        leak::humanDuration(oldest));
    findings.push_back(std::move(finding));
  }
}

}  // namespace

void httpRules(const Context& context, std::vector<Finding>& findings) {
  const Look look{context.analysis, context.resources->http};
  bodies(look, findings);
  transports(look, findings);
  handshakes(look, findings);
  starvation(look, findings);
  newborn(look, findings);
}

}  // namespace parked::rules
