// The requests that connections are busy with: method and URL.
#include <algorithm>
#include <fmt/format.h>

#include "proof/stack_roots.h"
#include "stdlib/http_reader.h"

namespace parked::stdlib {

namespace {

using image::Binder;
using image::Field;

constexpr std::uint32_t kAbsent = Field<Addr>::kAbsent;

bool isWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

/// A request type: net/http.Request, or since 1.27 what the HTTP/2 half has in its place.
struct HttpReader::Request {
  std::uint32_t method = kAbsent, url = kAbsent, proto = kAbsent, target = kAbsent;
  std::uint32_t scheme = kAbsent, host = kAbsent, path = kAbsent;
  Request(image::LayoutSource& layouts, std::string_view type) {
    std::vector<std::string> missing;
    Binder request(layouts, type, missing);
    method = request.offsetOf("Method", false);
    url = request.offsetOf("URL", false);
    proto = request.offsetOf("Proto", false);  // not of an HTTP/2 client's
    target = request.offsetOf("Host", false);
    Binder address(layouts, "net/url.URL", missing);
    scheme = address.offsetOf("Scheme", false);
    host = address.offsetOf("Host", false);
    path = address.offsetOf("Path", false);
  }
  bool known() const {
    return method != kAbsent && url != kAbsent && target != kAbsent && scheme != kAbsent &&
           host != kAbsent && path != kAbsent;
  }
};

/// The request that readLoop has at hand: a *Request, or something that begins with one.
void HttpReader::findRequest(HttpConnection& connection) {
  if (connection.reader == kNone) return;
  proof::StackRoots roots(snapshot_);
  if (!roots.problem().empty()) return;
  const Request layout(layouts_, kHttpRequest);  // not once for each guess
  std::vector<proof::HeldPointer> held;
  roots.read(snapshot_.goroutines[connection.reader], held);
  for (const proof::HeldPointer& pointer : held) {
    for (const Addr address : {pointer.value, values_.pointer(pointer.value)}) {
      connection.request = requestAt(address, layout, connection.scheme);
      if (!connection.request.url.empty()) return;
    }
  }
}

HttpRequest HttpReader::requestAt(Addr address, std::string_view type,
                                  std::string_view scheme) const {
  return requestAt(address, Request(layouts_, type), scheme);
}

HttpRequest HttpReader::requestAt(Addr address, const Request& layout,
                                  std::string_view scheme) const {
  if (address == 0 || !layout.known()) return {};
  // Whether it is a request at all: the caller may have guessed.
  if (layout.proto != kAbsent && !values_.string(address + layout.proto, 16).starts_with("HTTP/")) {
    return {};
  }
  HttpRequest request;
  request.method = values_.string(address + layout.method, 32);
  if (request.method.empty()) request.method = "GET";
  const Addr url = values_.pointer(address + layout.url);
  // A server's has the host in a field of its own, and no scheme.
  std::string host = values_.string(url + layout.host, 256);
  if (host.empty()) host = values_.string(address + layout.target, 256);
  std::string itsScheme = values_.string(url + layout.scheme, 16);
  if (itsScheme.empty()) itsScheme = scheme;
  if (!isWord(request.method) || !isWord(host)) return {};
  request.url = fmt::format("{}://{}{}", itsScheme, host, values_.string(url + layout.path));
  return request;
}

}  // namespace parked::stdlib
