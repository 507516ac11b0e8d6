// room: target
// The lists of /proc/PID/net, which name descriptors' other ends. Input: as those files are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "target/sockets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked::target;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)socketInode(text);
  const std::unordered_set<std::uint64_t> wanted = {1, 2, 3, 12345, 23456};
  Sockets found;
  std::istringstream inet(text), local(text);
  readInetSockets(inet, "tcp", wanted, found);
  readUnixSockets(local, wanted, found);
  for (const auto& [inode, socket] : found) {
    if (!wanted.contains(inode) || socket.network.empty()) std::abort();
  }
  return 0;
}
