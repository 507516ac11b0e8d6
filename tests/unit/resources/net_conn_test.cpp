// Connections in memory that may be anything.
#include "resources/net_conn.h"

#include <gtest/gtest.h>
#include <limits>

#include "golang/synthetic_types.h"

namespace parked::resources {
namespace {

constexpr Addr kMemory = test::SyntheticTypes::kMemory, kHole = 0xdead0000;
constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

class NetConnTest : public testing::Test {
 protected:
  static constexpr Addr kFd = kMemory, kLocal = kMemory + 0x200, kRemote = kMemory + 0x300,
                        kText = kMemory + 0x400;
  void SetUp() override {
    auto& layouts = program.layouts();
    layouts.add("net.netFD", 80,
                {{"pfd", 8, 16, "internal/poll.FD"},
                 {"net", 24, 16, "string"},
                 {"laddr", 40, 16, "net.Addr"},
                 {"raddr", 56, 16, "net.Addr"}});
    layouts.add("internal/poll.FD", 16, {{"Sysfd", 8, 8, "int"}});
    layouts.add("net.TCPAddr", 48,
                {{"IP", 0, 24, "net.IP"}, {"Port", 24, 8, "int"}, {"Zone", 32, 16, "string"}});
    layouts.add("net.UnixAddr", 32, {{"Name", 0, 16, "string"}, {"Net", 16, 16, "string"}});
    program.target.put(kFd + 16, std::int64_t{7});
    program.target.putString(kFd + 24, kText, "tcp");
  }
  void ip(Addr address, const std::vector<std::uint8_t>& bytes, std::int64_t port) {
    program.putSlice(address, address + 0x80, bytes.size(), bytes.size());
    program.target.put(address + 0x80, bytes.data(), bytes.size());
    program.target.put(address + 24, port);
  }
  test::SyntheticTypes program;
  IncompleteList incomplete;
};

TEST_F(NetConnTest, TcpAddresses) {
  const Addr tcp = program.pointerTo("net.TCPAddr");
  program.putInterface(kFd + 40, program.itab(tcp), kLocal);
  program.putInterface(kFd + 56, program.itab(tcp), kRemote);
  ip(kLocal, {127, 0, 0, 1}, 8080);
  ip(kRemote, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 443);
  const NetConns conns(program.image(), incomplete);
  NetConn conn = conns.ofNetFd(kFd);
  EXPECT_EQ(conn.netFd, kFd);
  EXPECT_EQ(conn.fd, 7);
  EXPECT_EQ(conn.network, "tcp");
  EXPECT_EQ(conn.local, "127.0.0.1:8080");
  EXPECT_EQ(conn.remote, "[::1]:443");
  ip(kRemote, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 2}, 80);
  EXPECT_EQ(conns.ofNetFd(kFd).remote, "10.0.0.2:80");
  ip(kRemote, {1, 2, 3}, 80);  // no address has three bytes
  EXPECT_EQ(conns.ofNetFd(kFd).remote, "?:80");
  program.putSlice(kRemote, kHole, 4, 4);
  EXPECT_EQ(conns.ofNetFd(kFd).remote, ":80");
  program.putSlice(kRemote, kRemote + 0x80, kHuge, kHuge);
  EXPECT_EQ(conns.ofNetFd(kFd).remote, ":80");
}

TEST_F(NetConnTest, UnixAddresses) {
  const Addr path = program.pointerTo("net.UnixAddr");
  program.putInterface(kFd + 40, program.itab(path), kLocal);
  program.putInterface(kFd + 56, program.itab(path), kRemote);
  program.target.putString(kLocal, kText + 0x40, "/run/x.sock");
  program.target.putString(kRemote, kText + 0x80, "@");
  const NetConn conn = NetConns(program.image(), incomplete).ofNetFd(kFd);
  EXPECT_EQ(conn.local, "/run/x.sock");
  EXPECT_EQ(conn.remote, "");
}

TEST_F(NetConnTest, WhatIsNoConnection) {
  const Addr tcp = program.pointerTo("net.TCPConn"), other = program.pointerTo("main.conn");
  program.putInterface(kMemory + 0x500, program.itab(tcp), kMemory + 0x600);
  program.target.put(kMemory + 0x600, kFd);
  const NetConns conns(program.image(), incomplete);
  EXPECT_EQ(conns.describe({tcp, kMemory + 0x600}).fd, 7);
  EXPECT_EQ(conns.describe({tcp, kHole}).fd, -1);
  EXPECT_EQ(conns.describe({other, kMemory + 0x600}).fd, -1);
  EXPECT_EQ(conns.describe({}).fd, -1);
  EXPECT_EQ(conns.describe({kHole, kHole}).fd, -1);
  EXPECT_EQ(conns.ofNetFd(0).netFd, 0U);
  EXPECT_EQ(conns.ofNetFd(kHole).netFd, 0U);
  EXPECT_EQ(conns.address({tcp, kLocal}), "");  // of another type
}

TEST(NetConn, WithoutLayoutsNothingIsSaid) {
  test::SyntheticTypes program;
  IncompleteList incomplete;
  const NetConns conns(program.image(), incomplete);
  EXPECT_EQ(conns.ofNetFd(kMemory).fd, -1);
}

}  // namespace
}  // namespace parked::resources
