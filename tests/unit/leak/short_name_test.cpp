// Names of types in a line of text.

#include "leak/short_name.h"

#include <gtest/gtest.h>

namespace parked::leak {
namespace {

TEST(ShortName, WhatFitsStays) {
  EXPECT_EQ(shortName("main.registry (global map[string]*example.com/shop.session)"),
            "main.registry (global map[string]*example.com/shop.session)");
}

TEST(ShortName, StructsThatAreWrittenOut) {
  EXPECT_EQ(shortName("os/signal.handlers (global struct { sync.Mutex; m map[chan<- os.Signal]"
                      "*os/signal.handler; ref [65]int64; stopping []os/signal.stopping })"),
            "os/signal.handlers (global struct {...})");
  EXPECT_EQ(shortName("main.x (global map[string]struct {}) and something that is much longer"),
            "main.x (global map[string]stru... something that is much longer");
}

TEST(ShortName, PathsOfPackages) {
  EXPECT_EQ(shortName("*github.com/quic-go/quic-go/internal/utils/linkedlist.Element["
                      "github.com/quic-go/quic-go/internal/ackhandler.packet]"),
            "*linkedlist.Element[ackhandler.packet]");
}

TEST(ShortName, TheMiddleOfWhatIsLeftOver) {
  const std::string text = shortName("main.f[" + std::string(200, 'x') + "].end");
  EXPECT_EQ(text.size(), 63U);
  EXPECT_TRUE(text.starts_with("main.f[xx"));
  EXPECT_TRUE(text.ends_with("xx].end"));
  EXPECT_LE(shortName(std::string(100, '{')).size(), 63U);
}

}  // namespace
}  // namespace parked::leak
