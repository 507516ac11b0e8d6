// The requests that connections are busy with: method and URL.
#include <algorithm>
#include <fmt/format.h>

#include "resources/http/reader.h"
#include "target/read_log.h"

namespace parked::resources {

namespace {

using image::Binder;
using image::Field;

using image::kAbsent;

bool isWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

/// A request type: net/http.Request, or since 1.27 what the HTTP/2 half has in its place.
struct HttpReader::Request {
  std::uint32_t method = kAbsent, url = kAbsent, proto = kAbsent, target = kAbsent;
  std::uint32_t scheme = kAbsent, host = kAbsent, path = kAbsent, urlSize = 0;
  Request(image::LayoutSource& layouts, std::string_view type) {
    std::vector<std::string> missing;
    Binder request(layouts, type, missing);
    method = request.offsetOf("Method", false);
    url = request.offsetOf("URL", false);
    proto = request.offsetOf("Proto", false);  // not of an HTTP/2 client's
    target = request.offsetOf("Host", false);
    Binder address(layouts, "net/url.URL", missing);
    urlSize = address.size();
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
  if (connection.reader == kNone || roots_.problem()) return;
  const Request layout(layouts_, kHttpRequest);  // not once for each guess
  roots_.read(snapshot_.goroutines[connection.reader], held_);
  for (const proof::HeldPointer& pointer : held_) {
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
  constexpr std::size_t kMaxProto = 16, kMaxMethod = 32, kMaxScheme = 16, kMaxHost = 256;
  constexpr std::size_t kHostLooked = 64;
  target::ReadLog::Trial trial(values_.memory().log());
  if (layout.proto != kAbsent &&
      !values_.guess(address + layout.proto, kMaxProto).starts_with("HTTP/")) {
    return {};
  }
  HttpRequest request;
  request.method = values_.guess(address + layout.method, kMaxMethod);
  if (request.method.empty()) request.method = "GET";
  // A Response has its version at the same place as a request, but no URL.
  const Addr url = values_.pointer(address + layout.url);
  if (!isWord(request.method) || !values_.memory().covers(url, layout.urlSize)) return {};
  // One that nobody uses any more may have a URL whose memory is something else by now: that is not
  // for the list of what could not be read.
  for (const std::uint32_t field : {layout.host, layout.scheme, layout.path}) {
    if (!values_.isString(url + field)) return {};
  }
  // A server's has the host in a field of its own, and no scheme.
  std::string host = values_.string(url + layout.host, kMaxHost);
  if (host.empty()) host = values_.string(address + layout.target, kMaxHost);
  std::string itsScheme = values_.string(url + layout.scheme, kMaxScheme);
  if (itsScheme.empty()) itsScheme = scheme;
  if (!isWord(std::string_view(host).substr(0, kHostLooked))) return {};
  trial.keep();
  request.url = fmt::format("{}://{}{}", itsScheme, host, values_.string(url + layout.path));
  return request;
}

}  // namespace parked::resources
