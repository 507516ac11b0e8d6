#include "target/sockets.h"

#include <arpa/inet.h>
#include <cstring>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace parked::target {
namespace {

Sockets inet(const std::string& lines, const std::unordered_set<std::uint64_t>& wanted) {
  std::istringstream list(lines);
  Sockets found;
  readInetSockets(list, "tcp", wanted, found);
  return found;
}

Sockets local(const std::string& lines, const std::unordered_set<std::uint64_t>& wanted) {
  std::istringstream list(lines);
  Sockets found;
  readUnixSockets(list, wanted, found);
  return found;
}

const char* const kHeader =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";

TEST(Sockets, LinksOfDescriptors) {
  EXPECT_EQ(socketInode("socket:[4711]"), 4711U);
  for (const char* link : {"", "socket:[", "socket:[]", "socket:[x]", "socket:[1", "pipe:[1]",
                           "/tmp/socket:[1]", "socket:[99999999999999999999999]", "socket:[1 ]"}) {
    EXPECT_FALSE(socketInode(link)) << link;
  }
}

TEST(Sockets, AddressesAsGoWritesThem) {
  const Sockets found =
      inet(std::string(kHeader) +
               "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  "
               "      0 11 1 0000000000000000 100 0 0 10 0\n"
               "   1: 0100007F:D431 0200000A:0050 01 00000000:00000000 00:00000000 00000000  1000  "
               "      0 12 1 0000000000000000 20 4 30 10 -1\n"
               " 999: 00000000000000000000000001000000:01BB 0000000000000000FFFF00000100007F:0016 "
               "01 00000000:00000000 00:00000000 00000000     0        0 13 1\n",
           {11, 12, 13, 14});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found.at(11).network, "tcp");
  EXPECT_EQ(found.at(11).local, "127.0.0.1:8080");
  EXPECT_EQ(found.at(11).remote, "");
  EXPECT_EQ(found.at(12).local, "127.0.0.1:54321");
  EXPECT_EQ(found.at(12).remote, "10.0.0.2:80");
  EXPECT_EQ(found.at(13).local, "[::1]:443");
  EXPECT_EQ(found.at(13).remote, "127.0.0.1:22");
}

TEST(Sockets, OnlyThoseThatAreWanted) {
  const std::string line =
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
      "11 1\n";
  EXPECT_TRUE(inet(line, {12}).empty());
  EXPECT_TRUE(inet(line, {}).empty());
  EXPECT_TRUE(inet(line, {0}).empty());
}

TEST(Sockets, LinesThatMakeNoSense) {
  for (const char* line :
       {"", "\n", "   0:\n", "   0: 0100007F 0100007F 0A 0 0 0 0 0 11\n",
        "   0: zz00007F:1F90 0100007F:99999 0A a:b c:d 0 0 0 11 1\n",
        "   0: 0100007F:1F90 00000000:0000 0A a:b c:d 0 0 0 -11 1\n",
        "   0: 0100007F:1F90 00000000:0000 0A a:b c:d 0 0 0 99999999999999999999999 1\n"}) {
    for (const auto& [inode, socket] : inet(line, {11})) {
      EXPECT_EQ(socket.remote, "") << line;
    }
  }
  EXPECT_TRUE(local("garbage\n", {11}).empty());
  EXPECT_TRUE(inet(std::string(1 << 16, 'A'), {11}).empty());
}

TEST(Sockets, PathsOfUnixSockets) {
  const Sockets found = local(
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "ffff8881: 00000002 00000000 00010000 0001 01 21 /run/a b.sock\n"
      "ffff8882: 00000002 00000000 00010000 0001 01    22 @abstract\n"
      "ffff8883: 00000003 00000000 00000000 0001 03 23\n",
      {21, 22, 23});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found.at(21).network, "unix");
  EXPECT_EQ(found.at(21).local, "/run/a b.sock");
  EXPECT_EQ(found.at(22).local, "@abstract");
  EXPECT_EQ(found.at(23).local, "");
}

TEST(Sockets, ThisProcess) {
  const int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(listener);
    GTEST_SKIP() << "no IPv6 here";
  }
  ASSERT_EQ(listen(listener, 1), 0);
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  struct stat status{}, other{};
  fstat(listener, &status);
  fstat(pair[0], &other);
  const Sockets found = readSockets(getpid(), {status.st_ino, other.st_ino});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.at(status.st_ino).local, "[::1]:" + std::to_string(ntohs(address.sin6_port)));
  EXPECT_EQ(found.at(status.st_ino).remote, "");
  EXPECT_EQ(found.at(other.st_ino).network, "unix");
  for (const int fd : {listener, pair[0], pair[1]}) close(fd);
}

}  // namespace
}  // namespace parked::target
