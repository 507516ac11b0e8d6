#include "resources/net_conn.h"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace parked::resources {

namespace {

using image::kAbsent;
constexpr int kMaxWrappers = 6;

std::string addressText(std::span<const std::byte> bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.empty()) return {};
  if (bytes.size() == 4) return inet_ntop(AF_INET, bytes.data(), text.data(), text.size());
  static constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
  if (std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0) {
    return inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(), text.size());
  }
  return inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
}

std::string ipText(target::AddressSpace& memory, const Slice& ip) {
  if (ip.length == 0) return {};
  if (ip.length != 4 && ip.length != 16) return "?";  // what Go calls it, too
  if (auto instead = memory.standIn(ip.data, ip.length)) return std::move(*instead);
  std::string text = addressText(memory.view(ip.data, ip.length));
  memory.noteText(ip.data, ip.length, text);
  return text;
}

}  // namespace

NetConns::NetConns(image::Image& image, IncompleteList& incomplete) : values_(image, incomplete) {
  std::vector<std::string> missing;
  image::LayoutSource& layouts = image.libraryLayouts();
  image::Binder netFd(layouts, "net.netFD", missing);
  netFd.optional(sysFd_, "pfd.Sysfd");
  network_ = netFd.offsetOf("net", false);
  local_ = netFd.offsetOf("laddr", false);
  remote_ = netFd.offsetOf("raddr", false);
  image::Binder tcp(layouts, "net.TCPAddr", missing);
  ip_ = tcp.offsetOf("IP", false);
  tcp.optional(port_, "Port");
  image::Binder unixAddress(layouts, "net.UnixAddr", missing);
  unixName_ = unixAddress.offsetOf("Name", false);
  image::Binder tls(layouts, "crypto/tls.Conn", missing);
  tlsConn_ = tls.offsetOf("conn", false);
}

std::string NetConns::address(const Interface& address) const {
  const std::string type = values_.typeName(address.type);
  // UDPAddr has the same fields as TCPAddr.
  if ((type == "*net.TCPAddr" || type == "*net.UDPAddr") && ip_ != kAbsent && port_) {
    const std::string ip = ipText(values_.memory(), values_.slice(address.data + ip_, 1));
    std::int64_t port = 0;
    values_.memory().read(address.data + port_.offset, port);
    return ip.find(':') != std::string::npos ? fmt::format("[{}]:{}", ip, port)
                                             : fmt::format("{}:{}", ip, port);
  }
  if (type == "*net.UnixAddr" && unixName_ != kAbsent) {
    std::string name = values_.string(address.data + unixName_);
    return name == "@" ? std::string() : name;  // Go's word for a socket without a name
  }
  return {};
}

NetConn NetConns::ofNetFd(Addr netFd) const {
  NetConn conn;
  if (netFd == 0 || !sysFd_ || network_ == kAbsent) return conn;
  std::int64_t fd = -1;
  if (!values_.memory().contains(netFd) || !values_.memory().read(netFd + sysFd_.offset, fd)) {
    return conn;
  }
  conn.netFd = netFd;
  conn.fd = fd;
  conn.network = values_.string(netFd + network_, 64);
  conn.local = address(values_.interface(netFd + local_));
  conn.remote = address(values_.interface(netFd + remote_));
  return conn;
}

NetConn NetConns::describe(const Interface& conn) const { return describe(conn, 0); }

NetConn NetConns::describe(const Interface& conn, int depth) const {
  if (conn.type == 0 || depth > kMaxWrappers) return {};
  const std::string type = values_.typeName(conn.type);
  if (type == "*net.TCPConn" || type == "*net.UnixConn" || type == "*net.UDPConn") {
    return ofNetFd(values_.pointer(conn.data));  // each begins with conn{fd *netFD}
  }
  if (type == "*crypto/tls.Conn" && tlsConn_ != kAbsent) {
    NetConn inner = describe(values_.interface(conn.data + tlsConn_), depth + 1);
    inner.tls = true;
    return inner;
  }
  // A wrapper of the user's: the first field that holds a net.Conn.
  const image::RuntimeType* pointer = values_.types().at(conn.type);
  const image::RuntimeType* wrapper =
      pointer != nullptr && pointer->kind == image::TypeKind::pointer
          ? values_.types().at(pointer->element)
          : pointer;
  if (wrapper == nullptr || wrapper->kind != image::TypeKind::structure) return {};
  for (const image::RuntimeField& field : wrapper->fields) {
    const image::RuntimeType* held = values_.types().at(field.type);
    if (held != nullptr && values_.types().fullName(*held) == "net.Conn") {
      return describe(values_.interface(conn.data + field.offset), depth + 1);
    }
  }
  return {};
}

}  // namespace parked::resources
