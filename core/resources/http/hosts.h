// The connections of a Transport by the host they are to.
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "resources/http/model.h"

namespace parked::resources {

class ConnectionsByHost {
 public:
  /// Both must outlive the object.
  ConnectionsByHost(const Http& http, const HttpTransport& transport) {
    for (const Index i : transport.connections) {
      const HttpConnection& c = http.connections[i];
      byHost_[{c.scheme, c.host, c.proxy}].push_back(i);
    }
  }

  /// Into Http::connections, in the order the Transport has them.
  std::span<const Index> of(const HttpHost& host) const {
    const auto found = byHost_.find({host.scheme, host.host, host.proxy});
    return found == byHost_.end() ? std::span<const Index>() : found->second;
  }

 private:
  using Host = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Host, std::vector<Index>> byHost_;
};

}  // namespace parked::resources
