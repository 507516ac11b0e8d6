// Places, groups, filters, numbers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "fake_program.h"
#include "leak/analysis.h"
#include "leak/describe.h"

namespace parked {
namespace {

using fake::Builder;
using fake::kMinute;
using fake::mixed;
using fake::ObjectKind;
using fake::ReasonClass;
using fake::Status;
using fake::WaitOp;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Places, TheUsersOwnFrameAndTheStartFunction) {
  Builder program;
  program.goroutine(Status::running, golang::kNone);
  program.goroutine(
      Status::waiting,
      program.stack({fake::kGopark, fake::kChansend, fake::kNotify, fake::kWrapper, fake::kGoexit}),
      fake::kWrapper, fake::kHandle);
  const leak::Analysis analysis = program.analyse();
  const leak::StackInfo& stack = analysis.stack(0);
  EXPECT_EQ(analysis.place(stack.current).function, "runtime.gopark");
  EXPECT_EQ(analysis.place(stack.user).function, "main.(*server).notify");
  EXPECT_EQ(analysis.place(stack.user).line, 88);
  // The wrapper of "go s.notify()" is skipped, and the place is the func line.
  EXPECT_EQ(analysis.place(analysis.info(1).start).function, "main.(*server).notify");
  EXPECT_EQ(analysis.place(analysis.info(1).start).line, 87);
  EXPECT_EQ(analysis.place(analysis.info(1).creator).function, "main.(*server).handle");
  EXPECT_EQ(analysis.info(0).creator, leak::kNoPlace);  // main: the runtime's start-up
}

TEST(Places, AWrapperOfATruncatedStackKeepsItsName) {
  Builder program;
  program.goroutine(Status::waiting, program.stack({fake::kGopark, fake::kNotify}, true),
                    fake::kWrapper);
  const leak::Analysis analysis = program.analyse();
  EXPECT_EQ(analysis.place(analysis.info(0).start).function, "main.main.gowrap1");
}

TEST(Places, WithoutUserCodeTheOutermostFrameSaysWhatItIs) {
  Builder program;
  program.goroutine(Status::waiting, program.stack({fake::kPollWait, fake::kNetRead,
                                                    fake::kConnServe, fake::kGoexit}));
  const leak::Analysis analysis = program.analyse();
  EXPECT_EQ(analysis.place(analysis.stack(0).user).function, "net/http.(*conn).serve");
  EXPECT_EQ(analysis.place(analysis.stack(0).user).line, 2102);
}

TEST(Places, AStackNobodyKnowsIsEmpty) {
  Builder program;
  program.goroutine(Status::waiting, program.stack({0xdead, 0xbeef}), 0xdead, 0xbeef);
  program.goroutine(Status::waiting, golang::kNone, 0, 0);
  const leak::Analysis analysis = program.analyse();
  EXPECT_EQ(analysis.stack(0).user, leak::kNoPlace);
  EXPECT_EQ(analysis.info(1).start, leak::kNoPlace);
}

TEST(Places, WhatIsTheUsers) {
  fake::Code code;
  const auto user = [&code](std::string_view function, std::string_view file) {
    return leak::isUserFunction(code, function, file);
  };
  EXPECT_TRUE(user("main.main", "/src/main.go"));
  EXPECT_TRUE(user("example.com/shop/db.(*Pool).get", "/src/db/pool.go"));
  EXPECT_TRUE(user("gopkg.in/yaml%2ev3.Marshal", "/go/pkg/mod/gopkg.in/yaml.v3/yaml.go"));
  EXPECT_TRUE(user("github.com/x/y.Map[go.shape.int]", "/go/y.go"));
  EXPECT_FALSE(user("net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go"));
  EXPECT_FALSE(user("vendor/golang.org/x/net/http2/hpack.Do", "/usr/local/go/src/vendor/x.go"));
  EXPECT_FALSE(user("slices.SortFunc[example.com/shop.T]", "/usr/local/go/src/slices/sort.go"));
  EXPECT_FALSE(user("golang.org/x/sync/errgroup.(*Group).Wait", "/go/x/sync/errgroup.go"));
  EXPECT_FALSE(user("", ""));
  EXPECT_FALSE(user("x_cgo_init", "/home/me/gcc_linux_amd64.c")) << "of C: it has no package";
  EXPECT_TRUE(leak::isRuntimeFunction("runtime.mapassign[example.com/shop.T]"));
  // A module without a dot in its name: its module line, or its files outside GOROOT, tell.
  EXPECT_TRUE(user("shop/internal/db.Open", "/home/me/shop/db.go"));
  code.root = "";
  EXPECT_FALSE(user("shop/internal/db.Open", "shop/internal/db/db.go"));
  code.builtOf.front().path = "shop";
  EXPECT_TRUE(user("shop/internal/db.Open", "shop/internal/db/db.go"));
  EXPECT_FALSE(user("shopping/db.Open", "shopping/db/db.go"));
  code.builtOf.front().path = "golang.org/x/sync";
  EXPECT_TRUE(user("golang.org/x/sync/errgroup.(*Group).Wait", "/go/x/sync/errgroup.go"));
}

TEST(Places, WhoseTheModulesAre) {
  using leak::Owner;
  fake::Code code;
  code.builtOf = {{.path = "example.com/shop", .version = "", .main = true},
                  {.path = "example.com/near", .version = "", .main = true},
                  {.path = "example.com/shop/tools", .version = "v1.0.0"},
                  {.path = "example.org/fork", .version = "", .replacedByDirectory = true},
                  {.path = "gopkg.in/yaml.v3", .version = "v3.0.1"},
                  {.path = "golang.org/x/sync", .version = "v0.1.0"},
                  {.path = "golang.org/x/net", .version = "", .replacedByDirectory = true}};
  const auto owner = [&code](std::string_view function, std::string_view file = "/src/f.go") {
    return leak::ownerOf(code, function, file);
  };
  EXPECT_EQ(owner("main.main"), Owner::own);
  EXPECT_EQ(owner("example.com/shop/db.Open"), Owner::own);
  EXPECT_EQ(owner("example.com/shop_test.TestOpen"), Owner::own) << "a test outside of its package";
  EXPECT_EQ(owner("example.com/near.Open"), Owner::own) << "of the same workspace";
  EXPECT_EQ(owner("example.com/shopping.Open"), Owner::library);
  EXPECT_EQ(owner("example.com/shop/tools.Run"), Owner::library) << "the innermost module counts";
  EXPECT_EQ(owner("example.org/fork/sub.Run"), Owner::local);
  EXPECT_EQ(owner("gopkg.in/yaml%2ev3.Marshal"), Owner::library);
  EXPECT_EQ(owner("golang.org/x/sync/errgroup.(*Group).Wait"), Owner::standard);
  EXPECT_EQ(owner("golang.org/x/net/http2.(*Server).ServeConn"), Owner::local);
  EXPECT_EQ(owner("net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go"),
            Owner::standard);
  EXPECT_EQ(owner("runtime.gopark"), Owner::runtime);
  EXPECT_EQ(owner("x_cgo_init"), Owner::none);
  code.builtOf[0].path = "example.com/my.app";
  EXPECT_EQ(owner("example.com/my%2eapp.Run"), Owner::own) << "as the linker writes its dot";
}

TEST(Places, WhoseItIsWithoutModules) {
  using leak::Owner;
  fake::Code code;
  code.builtOf.clear();  // GOPATH, Bazel
  const auto owner = [&code](std::string_view function, std::string_view file) {
    return leak::ownerOf(code, function, file);
  };
  EXPECT_EQ(owner("main.main", "/home/me/x.go"), Owner::own);
  EXPECT_EQ(owner("example.com/shop/db.Open", "/home/me/go/src/example.com/shop/db/db.go"),
            Owner::own);
  EXPECT_EQ(owner("example.com/shop/vendor/example.org/q.Take", "/home/me/q.go"), Owner::library);
  EXPECT_EQ(owner("example.org/q.Take", "/home/me/go/pkg/mod/example.org/q@v1/q.go"),
            Owner::library);
  EXPECT_EQ(owner("example.org/q.Take", "external/org_example_q/q.go"), Owner::library);
  EXPECT_EQ(owner("vendor/golang.org/x/net/http2/hpack.Do", "/usr/local/go/src/vendor/x.go"),
            Owner::standard);
}

TEST(Groups, SameStackAndObjectKindLargestFirst) {
  const Builder program = mixed();
  const leak::Analysis analysis = program.analyse();
  const auto& groups = analysis.grouping().groups;
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].count, 3U);
  EXPECT_EQ(groups[0].objects, 3U);
  EXPECT_EQ(groups[0].longestWait, 2 * kMinute);
  EXPECT_EQ(groups[0].withWait, 2U);
  EXPECT_EQ(groups[0].example, 2U);  // the one that waits longest
  EXPECT_THAT(analysis.grouping().membersOf(groups[0]), ElementsAre(0, 1, 2));
  EXPECT_EQ(groups[1].count, 2U);
  EXPECT_EQ(groups[1].objects, 1U);
  EXPECT_EQ(groups[2].state, leak::State::running);
  EXPECT_EQ(analysis.info(4).group, 1U);
}

TEST(Groups, AWakerInFlightStandsApart) {
  Builder program = mixed();
  program.sender(program.channel(0xe000));
  program.snapshot.waits.back().queued = false;
  const leak::Analysis analysis = program.analyse();
  EXPECT_EQ(analysis.grouping().groups.size(), 4U);
}

TEST(Groups, CreatorsAreCounted) {
  Builder program;
  program.goroutine(Status::running, golang::kNone);
  for (int i = 0; i < 5; ++i) {
    program.sender(program.channel(0xc000 + 0x100U * i));
    program.snapshot.goroutines.back().creatorPc = i < 2 ? fake::kMainMain : fake::kHandle;
  }
  const leak::Analysis analysis = program.analyse();
  const leak::Group& group = analysis.grouping().groups.front();
  EXPECT_EQ(group.count, 5U);
  EXPECT_EQ(group.creators, 2U);
  EXPECT_EQ(analysis.place(group.creator).function, "main.(*server).handle");
}

TEST(Describe, Channels) {
  Builder program;
  const auto full = program.channel(0xc000123456, 2, 2);
  program.snapshot.channels[full].senders = 9980;
  EXPECT_EQ(leak::describeChannel(program.snapshot, program.snapshot.channels[full]),
            "chan int 0xc000123456 cap 2 len 2 open, 9,980 senders queued, no receivers");
  const auto plain = program.channel(0xc000);
  program.snapshot.channels[plain].receivers = 1;
  EXPECT_EQ(leak::describeChannel(program.snapshot, program.snapshot.channels[plain]),
            "chan int 0xc000 unbuffered, open, no senders, 1 receiver queued");
  program.snapshot.channels[plain].queuesRead = false;
  EXPECT_THAT(leak::describeChannel(program.snapshot, program.snapshot.channels[plain]),
              HasSubstr("queues not readable"));
}

TEST(Describe, Locks) {
  golang::Lock lock;
  lock.address = 0xc000;
  lock.waiters = 3;
  lock.decoded = true;
  lock.kind = ObjectKind::mutex;
  lock.mutexLocked = true;
  EXPECT_EQ(leak::describeLock(lock), "sync.Mutex 0xc000 locked, 3 waiting");
  lock.kind = ObjectKind::waitGroup;
  lock.counter = 2;
  EXPECT_EQ(leak::describeLock(lock), "sync.WaitGroup 0xc000 counter 2, 3 waiting");
  lock.kind = ObjectKind::rwMutex;
  lock.readers = 2;
  EXPECT_EQ(leak::describeLock(lock), "sync.RWMutex 0xc000 held by 2 readers, 3 waiting");
  lock.writerPending = true;
  lock.readerWait = 1;
  EXPECT_EQ(leak::describeLock(lock),
            "sync.RWMutex 0xc000 held by 1 reader, a writer waits for them, 3 waiting");
  lock.readerWait = 0;
  EXPECT_EQ(leak::describeLock(lock), "sync.RWMutex 0xc000 held by a writer, 3 waiting");
  lock.decoded = false;
  EXPECT_THAT(leak::describeLock(lock), HasSubstr("state not readable"));
}

TEST(Describe, DeadlinesAndOutOfRangeObjects) {
  Builder program;
  golang::PollFd fd;
  fd.fd = 12;
  program.snapshot.fds.push_back(fd);
  golang::Wait wait;
  wait.kind = ObjectKind::fd;
  wait.object = 0;
  EXPECT_EQ(leak::describeWait(program.snapshot, wait), "fd 12, no deadline");
  program.snapshot.fds[0].readDeadline = fake::kNow + 3 * fake::kSecond;
  EXPECT_EQ(leak::describeWait(program.snapshot, wait), "fd 12, deadline in 3s");
  program.snapshot.fds[0].readDeadline = -1;
  EXPECT_EQ(leak::describeWait(program.snapshot, wait), "fd 12, deadline passed");
  for (int kind = 0; kind < 16; ++kind) {  // nothing of it may be trusted to exist
    wait.kind = static_cast<ObjectKind>(kind);
    wait.object = 99;
    EXPECT_FALSE(leak::describeWait(program.snapshot, wait).empty());
  }
}

}  // namespace
}  // namespace parked
