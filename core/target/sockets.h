// The addresses of a process's sockets, as the kernel lists them.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace parked::target {

struct Socket {
  std::string network;        ///< "tcp", "udp", "unix"
  std::string local, remote;  ///< "127.0.0.1:80", "[::1]:80", "/run/x", "@x"; "" if it has none
};
using Sockets = std::unordered_map<std::uint64_t, Socket>;  ///< by inode

/// The inode of "socket:[4711]", the link of a descriptor.
std::optional<std::uint64_t> socketInode(std::string_view link);

/// Those of `wanted` that the lists of the process's network namespace (/proc/PID/net) have. A list
/// may have a line for each connection of the machine: ask only when there is something to ask.
Sockets readSockets(std::int32_t pid, const std::unordered_set<std::uint64_t>& wanted);

/// Lines of /proc/PID/net/{tcp,tcp6,udp,udp6}; `network` is "tcp" or "udp".
void readInetSockets(std::istream& list, std::string_view network,
                     const std::unordered_set<std::uint64_t>& wanted, Sockets& found);
/// Lines of /proc/PID/net/unix, which does not name the peer.
void readUnixSockets(std::istream& list, const std::unordered_set<std::uint64_t>& wanted,
                     Sockets& found);

}  // namespace parked::target
