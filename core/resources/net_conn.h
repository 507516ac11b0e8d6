// Connections: the descriptor and the addresses behind a net.Conn.
// Mirrors net/net.go (conn), net/fd_posix.go (netFD), internal/poll (FD) and crypto/tls (Conn), Go
// 1.18 to 1.27.
#pragma once

#include <string>

#include "golang/go_values.h"
#include "image/layout.h"

namespace parked::resources {

using golang::GoValues;
using golang::Interface;
using golang::Slice;

struct NetConn {
  Addr netFd = 0;        ///< the net.netFD; 0: not known
  std::int64_t fd = -1;  ///< -1: not known
  std::string network;   ///< "tcp"
  std::string local, remote;
  bool tls = false;
};

class NetConns {
 public:
  /// What is not readable is counted in `incomplete`, which must outlive the object.
  NetConns(image::Image& image, IncompleteList& incomplete);

  /// What a net.Conn interface value is; wrappers are looked through.
  NetConn describe(const Interface& conn) const;
  /// The same for the net.netFD at the address.
  NetConn ofNetFd(Addr netFd) const;
  /// "127.0.0.1:80", "[::1]:80", "/run/x.sock"; "" if it has none or is not known. The interface
  /// value is a net.Addr.
  std::string address(const Interface& address) const;

 private:
  NetConn describe(const Interface& conn, int depth) const;

  GoValues values_;
  image::Field<std::int64_t> sysFd_;
  std::uint32_t network_ = 0, local_ = 0, remote_ = 0;  // in net.netFD
  std::uint32_t ip_ = 0, unixName_ = 0, tlsConn_ = 0;
  image::Field<std::int64_t> port_;
};

}  // namespace parked::resources
