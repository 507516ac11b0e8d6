// What may still end a request whose body nobody can close, over waits and contexts made by hand.
#include "resources/http/request_end.h"

#include <gtest/gtest.h>

#include "golang/synthetic.h"

namespace parked::resources {
namespace {

using golang::FramePc;
using test::entryOf;

constexpr Addr kConn = 0xc000010000, kBody = 0xc000020000, kClosed = 0xc000020100,
               kDone = 0xc000020200;
constexpr Index kReader = 0, kWriter = 1, kOther = 2;

enum Function : std::uint32_t { kGopark, kSelect, kLoop, kSend, kGoexit };

/// A connection whose readLoop waits for the body's end and for that of the connection.
class RequestEndTest : public testing::Test {
 protected:
  RequestEndTest() : layouts_(std::make_unique<test::SyntheticLayouts>()) {
    target_.map(kConn, 4096);
    target_.put(kConn + 8, kClosed);
    layouts_->add("net/http.persistConn", 24,
                  {{"t", 0, 8, ""}, {"closech", 8, 8, ""}, {"isClientConn", 16, 1, ""}});
    snapshot_.reasons.push_back({.kind = golang::ReasonClass::select});
    snapshot_.reasons.push_back({.kind = golang::ReasonClass::ioWait});
    const Index loop = stack({kGopark, kSelect, kLoop, kGoexit});
    for (int i = 0; i < 3; ++i) {
      golang::Goroutine& g = snapshot_.goroutines.emplace_back();
      g.status = golang::Status::waiting;
      g.stack = loop;
    }
    wait(kBody);
    wait(kClosed);
    connection_.address = kConn;
    connection_.reader = kReader;
    connection_.writer = kWriter;
  }

  Index stack(const std::vector<Function>& functions) {
    golang::Stack stack;
    stack.first = static_cast<std::uint32_t>(snapshot_.pcs.size());
    stack.count = static_cast<std::uint32_t>(functions.size());
    for (const Function function : functions) {
      snapshot_.pcs.push_back({(entryOf(function) + 9) & (~Addr{0} >> 1), 0});
    }
    snapshot_.stacks.push_back(stack);
    return static_cast<Index>(snapshot_.stacks.size() - 1);
  }
  /// The reader waits for that channel, too.
  void wait(Addr channel) {
    golang::Wait& wait = snapshot_.waits.emplace_back();
    wait.goroutine = kReader;
    wait.kind = golang::ObjectKind::channel;
    wait.address = channel;
    ++snapshot_.goroutines[kReader].waitCount;
  }
  /// As since Go 1.23, where every request has a context of its Transport's.
  void hasOwnContext() {
    layouts_->add("net/http.transportRequest", 32, {{"ctx", 0, 16, "context.Context"}});
    wait(kDone);
  }
  Index context(ContextKind kind, Index parent, Addr done = 0) {
    ContextNode& node = contexts_.nodes.emplace_back();
    node.kind = kind;
    node.parent = parent;
    node.done = done;
    return static_cast<Index>(contexts_.nodes.size() - 1);
  }
  /// The Transport's context below contexts of these kinds, the lowest first.
  void contextBelow(const std::vector<ContextKind>& kinds) {
    Index below = context(ContextKind::cancel, kNone, kDone);
    for (const ContextKind kind : kinds) {
      const Index parent = context(kind, kNone);
      contexts_.nodes[below].parent = parent;
      below = parent;
    }
  }
  bool mayCome() {
    image::Image::Parts parts;
    parts.build.version.minor = 23;
    parts.functions =
        test::makeFunctions(target_, {{.name = "runtime.gopark", .frame = 0x18},
                                      {.name = "runtime.selectgo", .frame = 0x28},
                                      {.name = std::string(kWriteLoop), .frame = 0x28},
                                      {.name = "net/http.(*Request).write", .frame = 0x28},
                                      {.name = "runtime.goexit", .top = true}});
    parts.layouts = std::move(layouts_);
    image_ = image::Image::assemble(target_, std::move(parts));
    snapshot_.image = image_.get();
    const StackIndex stacks(snapshot_);
    return RequestEnd(snapshot_, nullptr, stacks, contexts_).mayCome(connection_, kBody);
  }

  test::SyntheticTarget target_;
  std::unique_ptr<test::SyntheticLayouts> layouts_;
  std::unique_ptr<image::Image> image_;
  golang::Snapshot snapshot_;
  Contexts contexts_;
  HttpConnection connection_;
};

TEST_F(RequestEndTest, NothingEndsARequestThatWaitsForItsBodyAlone) { EXPECT_FALSE(mayCome()); }

// Up to Go 1.22 it is the request's own context, or its Cancel channel.
TEST_F(RequestEndTest, AnotherChannelMayEndIt) {
  wait(kDone);
  contextBelow({ContextKind::root});
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, TheTransportsContextBelowBackgroundDoesNotEnd) {
  hasOwnContext();
  contextBelow({ContextKind::root});
  EXPECT_FALSE(mayCome());
}

TEST_F(RequestEndTest, ValuesAndWithoutCancelDoNotEnd) {
  hasOwnContext();
  contextBelow({ContextKind::value, ContextKind::value, ContextKind::withoutCancel,
                ContextKind::deadline, ContextKind::root});
  EXPECT_FALSE(mayCome());
}

// http.Client.Timeout makes a context with a deadline, too.
TEST_F(RequestEndTest, ADeadlineAboveEndsIt) {
  hasOwnContext();
  contextBelow({ContextKind::deadline, ContextKind::root});
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, WhateverCanBeCancelledFarAboveMayEndIt) {
  hasOwnContext();
  contextBelow({ContextKind::value, ContextKind::cancel, ContextKind::value, ContextKind::root});
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, AContextOfAnotherTypeMayEndIt) {
  hasOwnContext();
  contextBelow({ContextKind::custom, ContextKind::root});
  EXPECT_TRUE(mayCome());
}

// The same ways, read from their upper end on.
TEST_F(RequestEndTest, WhatIsAboveIsToldInAnyOrder) {
  hasOwnContext();
  const Index root = context(ContextKind::root, kNone);
  const Index request = context(ContextKind::cancel, root, 0xc000020300);
  context(ContextKind::cancel, request, kDone);
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, AWayUpThatEndsInNoRootIsNotKnownWhole) {
  hasOwnContext();
  contextBelow({ContextKind::value});
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, ACircleIsNotKnownWhole) {
  hasOwnContext();
  contextBelow({ContextKind::value, ContextKind::value});
  contexts_.nodes.back().parent = 1;
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, AContextThatWasNotFoundMayEndIt) {
  hasOwnContext();
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, TwoContextsWithOneChannelAreADoubt) {
  hasOwnContext();
  contextBelow({ContextKind::root});
  context(ContextKind::deadline, kNone, kDone);
  EXPECT_TRUE(mayCome());
}

// awaitLegacyCancel waits for Request.Cancel, and for the context so that it ends itself.
TEST_F(RequestEndTest, WhoElseWaitsForTheContextMayCancelIt) {
  hasOwnContext();
  contextBelow({ContextKind::root});
  contexts_.nodes[0].goroutines = {kReader, kOther};
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, ARequestThatIsStillBeingSentMayFail) {
  snapshot_.goroutines[kWriter].stack = stack({kGopark, kSend, kLoop, kGoexit});
  snapshot_.goroutines[kWriter].reason = 1;
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, AWriterThatRunsMayFail) {
  snapshot_.goroutines[kWriter].status = golang::Status::running;
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, AWriterThatIsNotKnownMayFail) {
  connection_.writer = kNone;
  EXPECT_TRUE(mayCome());
}

// http.ClientConn, since Go 1.26.
TEST_F(RequestEndTest, WhoHasAClientConnMayCloseIt) {
  target_.put(kConn + 16, std::uint8_t{1});
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, WhatIsNotReadableIsADoubt) {
  connection_.address = 0x1000;
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, AWaitThatIsMissingIsADoubt) {
  snapshot_.goroutines[kReader].waitCount = 1;  // the connection's end
  EXPECT_TRUE(mayCome());
}

TEST_F(RequestEndTest, AContextThatIsMissingAmongTheWaitsIsADoubt) {
  hasOwnContext();
  contextBelow({ContextKind::root});
  snapshot_.goroutines[kReader].waitCount = 2;
  EXPECT_TRUE(mayCome());
}

}  // namespace
}  // namespace parked::resources
