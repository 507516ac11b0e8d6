#include "proof/candidates.h"

#include <functional>
#include <gtest/gtest.h>

namespace parked::proof {
namespace {

using golang::ObjectKind;
using golang::Status;

/// One goroutine that waits on one open channel, in its queue.
struct Waiting {
  golang::Snapshot snapshot;

  Waiting() {
    golang::Goroutine& goroutine = snapshot.goroutines.emplace_back();
    goroutine.status = Status::waiting;
    goroutine.waitCount = 1;
    golang::Wait& wait = snapshot.waits.emplace_back();
    wait.goroutine = 0;
    wait.kind = ObjectKind::channel;
    wait.object = 0;
    wait.address = 0xc000001000;
    wait.queued = true;
    snapshot.channels.emplace_back().address = wait.address;
  }
  golang::Goroutine& goroutine() { return snapshot.goroutines[0]; }
  golang::Wait& wait() { return snapshot.waits[0]; }
  Fate fate() { return firstFate(snapshot, snapshot.goroutines[0]); }
};

Fate after(const std::function<void(Waiting&)>& change) {
  Waiting waiting;
  change(waiting);
  return waiting.fate();
}

TEST(Candidates, ACertainWaitIsAskedAbout) {
  EXPECT_EQ(after([](Waiting&) {}), Fate::leaked);
  EXPECT_EQ(after([](Waiting& w) { w.goroutine().status = Status::leaked; }), Fate::leaked);
  EXPECT_EQ(after([](Waiting& w) { w.wait().inSelect = true; }), Fate::leaked);
  for (const ObjectKind kind : {ObjectKind::mutex, ObjectKind::rwMutex, ObjectKind::waitGroup,
                                ObjectKind::cond, ObjectKind::once}) {
    EXPECT_EQ(after([&](Waiting& w) { w.wait().kind = kind; }), Fate::leaked);
  }
}

TEST(Candidates, AWakerInFlightIsNeverLeaked) {
  EXPECT_EQ(after([](Waiting& w) { w.wait().queued = false; }), Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) { w.snapshot.channels[0].closed = true; }), Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) { w.snapshot.channels[0].locked = true; }), Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) {
              w.wait().inSelect = true;
              w.goroutine().selectDone = true;
            }),
            Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) { w.wait().note = w.snapshot.strings.intern("doubtful"); }),
            Fate::undecided);
}

TEST(Candidates, WhatWasNotFoundIsNeverLeaked) {
  EXPECT_EQ(after([](Waiting& w) { w.wait().kind = ObjectKind::unknown; }), Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) { w.wait().address = 0; }), Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) { w.wait().object = 7; }), Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) { w.goroutine().waitCount = 0; }), Fate::undecided);
}

TEST(Candidates, WhoCanRunIsNotAskedAbout) {
  for (const Status status :
       {Status::running, Status::runnable, Status::syscall, Status::preempted, Status::copystack}) {
    EXPECT_EQ(after([&](Waiting& w) { w.goroutine().status = status; }), Fate::notAsked);
  }
  for (const ObjectKind kind : {ObjectKind::timer, ObjectKind::fd, ObjectKind::runtime,
                                ObjectKind::syscall, ObjectKind::semaphore}) {
    EXPECT_EQ(after([&](Waiting& w) { w.wait().kind = kind; }), Fate::notAsked);
  }
  EXPECT_EQ(after([](Waiting& w) { w.goroutine().system = true; }), Fate::notAsked);
  EXPECT_EQ(after([](Waiting& w) { w.goroutine().inFlux = true; }), Fate::notAsked);
}

// A damaged status of one that runs; or it is just about to leave its thread.
TEST(Candidates, WhoHasAThreadIsNeverLeaked) {
  EXPECT_EQ(after([](Waiting& w) { w.goroutine().m = 0xc000002000; }), Fate::undecided);
  EXPECT_EQ(after([](Waiting& w) {
              w.goroutine().m = 0xc000002000;
              w.wait().kind = ObjectKind::nilChannel;
            }),
            Fate::undecided);
}

TEST(Candidates, OneDoubtfulCaseOfASelectIsEnough) {
  Waiting waiting;
  golang::Wait second = waiting.wait();
  second.queued = false;
  waiting.snapshot.waits.push_back(second);
  waiting.goroutine().waitCount = 2;
  EXPECT_EQ(waiting.fate(), Fate::undecided);
}

}  // namespace
}  // namespace parked::proof
