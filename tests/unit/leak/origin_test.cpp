// Where goroutines come from that have nothing of the main module on their stacks.

#include "leak/origin.h"

#include <gtest/gtest.h>

#include "fake_program.h"

namespace parked {
namespace {

using fake::Builder;
using leak::OriginKind;

constexpr Addr kPump = 0x6000, kNew = 0x6001, kSupervise = 0x6002, kStart = 0x6003;
constexpr Addr kInlined = 0x6004;

/// A goroutine of a library's that a library's function created.
class OriginTest : public ::testing::Test {
 protected:
  OriginTest() {
    program.code.builtOf.push_back({.path = "example.org/queue", .version = "v1"});
    program.code.add(kPump, "example.org/queue.(*Queue).pump", "/q.go", 30);
    program.code.add(kNew, "example.org/queue.New", "/q.go", 12);
    program.code.add(kSupervise, "example.org/queue.supervise", "/q.go", 40);
    program.code.add(kStart, "main.start", "/src/shop/main.go", 77);
    image::SourceFrame inner, outer;
    inner.function = "example.org/queue.New";
    inner.file = "/q.go";
    inner.line = 12;
    inner.inlined = true;
    outer.function = "main.open";
    outer.file = "/src/shop/main.go";
    outer.line = 90;
    program.code.add(kInlined, {inner, outer});
  }

  /// The goroutine with this id, in the snapshot by itself or after its creators.
  golang::Goroutine& pump(std::uint64_t id, std::uint64_t parent, Addr creator = kNew) {
    golang::Goroutine& g =
        program.goroutine(fake::Status::waiting,
                          program.stack({fake::kGopark, kPump, fake::kGoexit}), kPump, creator);
    g.id = id;
    g.parentId = parent;
    return g;
  }
  void expect(OriginKind kind, std::string_view function, std::uint64_t goroutine) {
    const leak::Analysis analysis = program.analyse();
    const auto last = static_cast<golang::Index>(program.snapshot.goroutines.size() - 1);
    const leak::Origin origin = analysis.origin(last);
    EXPECT_EQ(origin.kind, kind);
    EXPECT_EQ(analysis.place(origin.place).function, function);
    EXPECT_EQ(origin.goroutine, goroutine);
    const auto& group = analysis.grouping().groups[analysis.info(last).group];
    EXPECT_EQ(group.origin.place, origin.place);
  }

  Builder program;
};

TEST_F(OriginTest, UnknownWhereTheCreatorIsGone) {
  pump(9, 5);
  expect(OriginKind::none, "", 0);
}

TEST_F(OriginTest, NotAskedForWhereTheCreatorIsTheUsers) {
  program.goroutine(fake::Status::waiting, program.stack({fake::kGopark, fake::kWorker})).id = 5;
  pump(9, 5, kStart);
  expect(OriginKind::none, "", 0);
}

TEST_F(OriginTest, TheUsersFunctionIntoWhichTheLibrarysIsInlined) {
  pump(9, 5, kInlined);
  expect(OriginKind::called, "main.open", 5);
}

TEST_F(OriginTest, WhereTheCreatorStands) {
  program.goroutine(fake::Status::waiting, program.stack({fake::kGopark, fake::kWorker})).id = 5;
  pump(9, 5);
  expect(OriginKind::stands, "main.worker", 5);
}

TEST_F(OriginTest, WhereTheCreatorWasCreated) {
  pump(3, 1, kStart);
  pump(5, 3, kSupervise);
  pump(9, 5, kSupervise);
  expect(OriginKind::created, "main.start", 3);
}

TEST_F(OriginTest, ACircleOfCreatorsEnds) {
  pump(5, 9, kSupervise);
  pump(9, 5, kSupervise);
  expect(OriginKind::none, "", 0);
}

TEST_F(OriginTest, WhatTheRuntimeNotedIsBetter) {
  program.goroutine(fake::Status::waiting, program.stack({fake::kGopark, fake::kWorker})).id = 5;
  golang::Goroutine& g = pump(9, 5);
  leak::Places places(program.code);
  const auto origin = [&](const std::vector<golang::Ancestor>& ancestors) {
    return leak::originOf(program.snapshot, g, ancestors, {}, places);
  };
  leak::Origin found = origin({{.id = 5, .creatorPc = 0, .pcs = {kNew}},
                               {.id = 1, .creatorPc = 0, .pcs = {kNew, fake::kHandle}}});
  EXPECT_EQ(found.kind, OriginKind::called);
  EXPECT_EQ(places[found.place].function, "main.(*server).handle");
  EXPECT_EQ(found.goroutine, 1U);
  found = origin({{.id = 5, .creatorPc = fake::kMainMain, .pcs = {kNew}}});
  EXPECT_EQ(found.kind, OriginKind::created);
  EXPECT_EQ(places[found.place].function, "main.main");
  EXPECT_EQ(found.goroutine, 5U);
}

}  // namespace
}  // namespace parked
