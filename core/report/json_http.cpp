#include <nlohmann/json.hpp>

#include "report/json_resources.h"
#include "report/json_text.h"
#include "report/resource_words.h"

namespace parked::report {

using Json = nlohmann::ordered_json;

namespace {

Json addressOrNull(Addr address) {
  return address == 0 ? Json(nullptr) : Json(fmt::format("{:#x}", address));
}
Json textOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json nsOrNull(std::int64_t ns) { return ns <= 0 ? Json(nullptr) : Json(ns); }

Json goroutineOrNull(const Report& report, Index index) {
  return index < report.snapshot->goroutines.size() ? Json(report.snapshot->goroutines[index].id)
                                                    : Json(nullptr);
}

Json requestJson(const stdlib::HttpRequest& request) {
  return request.url.empty() ? Json(nullptr)
                             : Json{{"method", request.method}, {"url", request.url}};
}

Json connectionJson(const Report& report, const stdlib::HttpConnection& connection) {
  Json json;
  json["address"] = addressOrNull(connection.address);
  json["state"] = httpStateName(connection.state);
  json["protocol"] = connection.http2 ? "HTTP/2" : "HTTP/1";
  json["tls"] = connection.tls;
  json["scheme"] = textOrNull(connection.scheme);
  json["host"] = textOrNull(connection.host);
  json["proxy"] = textOrNull(connection.proxy);
  json["fd"] = connection.net.fd < 0 ? Json(nullptr) : Json(connection.net.fd);
  json["local"] = textOrNull(connection.net.local);
  json["remote"] = textOrNull(connection.net.remote);
  const std::int64_t now = report.snapshot->clock.now;
  json["idle_ns"] =
      connection.idleSince == 0 || now == 0
          ? Json(nullptr)
          : Json(std::max<std::int64_t>(saturatingDifference(now, connection.idleSince), 0));
  json["streams"] = connection.http2 ? Json(connection.streams) : Json(nullptr);
  json["body_lost"] = connection.bodyLost;
  json["only_request_end_closes"] = connection.contextOnly;
  json["request"] = requestJson(connection.request);
  Json requests = Json::array();
  for (const stdlib::HttpStream& stream : connection.requests) {
    requests.push_back({{"address", addressOrNull(stream.address)},
                        {"state", httpStateName(stream.state)},
                        {"request", requestJson(stream.request)},
                        {"goroutine", goroutineOrNull(report, stream.writer)},
                        {"user", goroutineOrNull(report, stream.user)}});
  }
  json["requests"] = std::move(requests);
  json["reader"] = goroutineOrNull(report, connection.reader);
  json["writer"] = goroutineOrNull(report, connection.writer);
  json["user"] = goroutineOrNull(report, connection.user);
  return json;
}

Json connectionsJson(const Report& report, const std::vector<Index>& connections) {
  Json json = Json::array();
  for (const Index i : connections) {
    json.push_back(connectionJson(report, report.resources->http.connections[i]));
  }
  return json;
}

Json transportJson(const Report& report, const stdlib::HttpTransport& transport) {
  Json json;
  json["address"] = addressOrNull(transport.address);
  json["default"] = transport.isDefault;
  json["referenced"] = transport.referenced;
  json["max_conns_per_host"] =
      transport.maxPerHost == 0 ? Json(nullptr) : Json(transport.maxPerHost);
  json["idle_conn_timeout_ns"] = nsOrNull(transport.idleTimeout);
  json["tls_handshake_timeout_ns"] = nsOrNull(transport.tlsTimeout);
  json["response_header_timeout_ns"] = nsOrNull(transport.headerTimeout);
  Json hosts = Json::array();
  for (const stdlib::HttpHost& host : transport.hosts) {
    hosts.push_back({{"scheme", textOrNull(host.scheme)},
                     {"host", textOrNull(host.host)},
                     {"proxy", textOrNull(host.proxy)},
                     {"idle", host.idle},
                     {"in_use", host.busy},
                     {"dialing", host.dialing},
                     {"waiters", host.waiters}});
  }
  json["hosts"] = std::move(hosts);
  json["connections"] = connectionsJson(report, transport.connections);
  Json waiters = Json::array();
  for (const Index i : transport.waiters) waiters.push_back(goroutineOrNull(report, i));
  json["waiters"] = std::move(waiters);
  return json;
}

Json serverJson(const Report& report, const stdlib::HttpServer& server) {
  Json json;
  json["address"] = addressOrNull(server.address);
  json["listen"] = textOrNull(server.listen);
  json["read_timeout_ns"] = nsOrNull(server.readTimeout);
  json["read_header_timeout_ns"] = nsOrNull(server.headerTimeout);
  json["write_timeout_ns"] = nsOrNull(server.writeTimeout);
  json["idle_timeout_ns"] = nsOrNull(server.idleTimeout);
  json["connections"] = connectionsJson(report, server.connections);
  Json handlers = Json::array();
  for (const stdlib::HttpHandler& handler : server.handlers) {
    handlers.push_back(
        {{"goroutine", goroutineOrNull(report, handler.goroutine)},
         {"connection",
          addressOrNull(report.resources->http.connections[handler.connection].address)},
         {"request", requestJson(handler.request)}});
  }
  json["handlers"] = std::move(handlers);
  return json;
}

}  // namespace

void putHttp(std::string& out, const Report& report) {
  Json json{{"transports", Json::array()}, {"servers", Json::array()}};
  for (const auto& transport : report.resources->http.transports) {
    json["transports"].push_back(transportJson(report, transport));
  }
  for (const auto& server : report.resources->http.servers) {
    json["servers"].push_back(serverJson(report, server));
  }
  // Text of the target may be anything: in ASCII, broken UTF-8 replaced.
  out += json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace parked::report
