// Strings, slices, interfaces and connections in memory that may be anything.
#include "stdlib/values.h"

#include <gtest/gtest.h>
#include <limits>

#include "stdlib/net_conn.h"
#include "synthetic_types.h"

namespace parked::stdlib {
namespace {

constexpr Addr kMemory = test::SyntheticTypes::kMemory, kHole = 0xdead0000;
constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

class ValuesTest : public testing::Test {
 protected:
  void slice(Addr at, Addr data, std::uint64_t length, std::uint64_t capacity) {
    program.target.put(at, data);
    program.target.put(at + 8, length);
    program.target.put(at + 16, capacity);
  }
  void interface(Addr at, Addr itab, Addr data) {
    program.target.put(at, itab);
    program.target.put(at + 8, data);
  }
  test::SyntheticTypes program;
  IncompleteList incomplete;
};

TEST_F(ValuesTest, Strings) {
  const Values values(program.image(), incomplete);
  program.target.putString(kMemory, kMemory + 0x100, "parked");
  EXPECT_EQ(values.string(kMemory), "parked");
  EXPECT_EQ(values.guess(kMemory, 6), "parked");
  program.target.putString(kMemory + 0x20, kMemory, "");
  EXPECT_EQ(values.string(kMemory + 0x20), "");
  // Longer than is wanted is not damaged.
  EXPECT_EQ(values.string(kMemory, 5), "parke\u2026 (cut: 6 bytes)");
  EXPECT_EQ(values.guess(kMemory, 5), "");
  EXPECT_TRUE(incomplete.empty());
}

TEST_F(ValuesTest, DamagedStringsAreCounted) {
  const Values values(program.image(), incomplete);
  program.target.putString(kMemory, kMemory + 0x100, "parked");
  std::uint64_t damaged = 0;
  const auto refused = [&](Addr at) {
    EXPECT_EQ(values.string(at, 100), "");
    ASSERT_EQ(incomplete.entries().size(), 1U);
    EXPECT_EQ(incomplete.entries()[0].what, "text");
    EXPECT_EQ(incomplete.entries()[0].count, ++damaged);
    EXPECT_EQ(values.guess(at, 100), "");
    EXPECT_EQ(incomplete.entries()[0].count, damaged);
  };
  for (const std::uint64_t length : {kHuge, kHuge / 2, kHuge / 2 + 1, std::uint64_t{1} << 40}) {
    program.target.put(kMemory + 8, length);
    refused(kMemory);
  }
  program.target.put(kMemory, kHole);
  program.target.put(kMemory + 8, std::uint64_t{6});
  refused(kMemory);
  refused(kHole);
  refused(0);
}

TEST_F(ValuesTest, Slices) {
  const Values values(program.image(), incomplete);
  slice(kMemory, kMemory + 0x100, 3, 4);
  EXPECT_EQ(values.slice(kMemory, 8).data, kMemory + 0x100);
  EXPECT_EQ(values.slice(kMemory, 8).length, 3U);
  EXPECT_EQ(values.slice(kMemory, 8).capacity, 4U);
  slice(kMemory, 0, 0, 0);
  EXPECT_EQ(values.slice(kMemory, 8).length, 0U);
  EXPECT_TRUE(incomplete.empty());
}

TEST_F(ValuesTest, DamagedSlicesAreCounted) {
  const Values values(program.image(), incomplete);
  std::uint64_t damaged = 0;
  const auto refused = [&](Addr at) {
    EXPECT_EQ(values.slice(at, 8).length, 0U);
    ASSERT_EQ(incomplete.entries().size(), 1U);
    EXPECT_EQ(incomplete.entries()[0].what, "list");
    EXPECT_EQ(incomplete.entries()[0].count, ++damaged);
  };
  slice(kMemory, kMemory + 0x100, 5, 4);
  refused(kMemory);
  for (const std::uint64_t length :
       {kHuge, kHuge / 2, kHuge / 2 + 1, kHuge / 8 + 2, std::uint64_t{1} << 40}) {
    slice(kMemory, kMemory + 0x100, length, length);
    refused(kMemory);
    slice(kMemory, kMemory + 0x100, 1, length);
    refused(kMemory);
  }
  slice(kMemory, 0, 1, 1);
  refused(kMemory);
  refused(kHole);
}

TEST_F(ValuesTest, Interfaces) {
  const Addr type = program.pointerTo("net.TCPAddr");
  interface(kMemory, program.itab(type), 0x1234);
  interface(kMemory + 16, type, 0x5678);
  interface(kMemory + 32, kMemory + 0x8000, 0x1234);  // zeros: no itab
  interface(kMemory + 48, kHole, 0x1234);
  const Values values(program.image(), incomplete);
  EXPECT_EQ(values.interface(kMemory).type, type);
  EXPECT_EQ(values.interface(kMemory).data, 0x1234U);
  EXPECT_EQ(values.typeName(type), "*net.TCPAddr");
  for (const Addr at : {kMemory + 16, kMemory + 32, kMemory + 48, kHole, Addr{0}}) {
    EXPECT_EQ(values.interface(at).type, 0U) << at;
  }
  EXPECT_EQ(values.typeName(0), "");
  EXPECT_EQ(values.typeName(kMemory), "");
  EXPECT_EQ(values.typeName(type + 8), "");
}

class NetConnTest : public ValuesTest {
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
    slice(address, address + 0x80, bytes.size(), bytes.size());
    program.target.put(address + 0x80, bytes.data(), bytes.size());
    program.target.put(address + 24, port);
  }
};

TEST_F(NetConnTest, TcpAddresses) {
  const Addr tcp = program.pointerTo("net.TCPAddr");
  interface(kFd + 40, program.itab(tcp), kLocal);
  interface(kFd + 56, program.itab(tcp), kRemote);
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
  slice(kRemote, kHole, 4, 4);
  EXPECT_EQ(conns.ofNetFd(kFd).remote, ":80");
  slice(kRemote, kRemote + 0x80, kHuge, kHuge);
  EXPECT_EQ(conns.ofNetFd(kFd).remote, ":80");
}

TEST_F(NetConnTest, UnixAddresses) {
  const Addr path = program.pointerTo("net.UnixAddr");
  interface(kFd + 40, program.itab(path), kLocal);
  interface(kFd + 56, program.itab(path), kRemote);
  program.target.putString(kLocal, kText + 0x40, "/run/x.sock");
  program.target.putString(kRemote, kText + 0x80, "@");
  const NetConn conn = NetConns(program.image(), incomplete).ofNetFd(kFd);
  EXPECT_EQ(conn.local, "/run/x.sock");
  EXPECT_EQ(conn.remote, "");
}

TEST_F(NetConnTest, WhatIsNoConnection) {
  const Addr tcp = program.pointerTo("net.TCPConn"), other = program.pointerTo("main.conn");
  interface(kMemory + 0x500, program.itab(tcp), kMemory + 0x600);
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
}  // namespace parked::stdlib
