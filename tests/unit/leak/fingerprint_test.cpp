// What stays the same of a leak from build to build.

#include "leak/fingerprint.h"

#include <gtest/gtest.h>

#include "fake_program.h"

namespace parked {
namespace {

using fake::Builder;
using fake::Status;
using leak::stableFunction;

TEST(StableFunction, NumbersOfClosuresAreLeftOut) {
  EXPECT_EQ(stableFunction("main.main"), "main.main");
  EXPECT_EQ(stableFunction("main.run.func1"), "main.run.func");
  EXPECT_EQ(stableFunction("main.run.func12.3"), "main.run.func.func");
  EXPECT_EQ(stableFunction("main.run.func1.func2"), "main.run.func.func");
  EXPECT_EQ(stableFunction("main.(*server).run.func2"), "main.(*server).run.func");
  EXPECT_EQ(stableFunction("main.glob..func3"), "main.init.func");
  EXPECT_EQ(stableFunction("main.init.func3"), "main.init.func");
  EXPECT_EQ(stableFunction("main.init.0"), "main.init.func");
}

TEST(StableFunction, WhatAClosureWasInlinedIntoIsLeftOut) {
  EXPECT_EQ(stableFunction("main.main.run.func1"), stableFunction("main.run.func1"));
  EXPECT_EQ(stableFunction("main.main.(*server).run.func1"),
            stableFunction("main.(*server).run.func7"));
  EXPECT_EQ(stableFunction("main.main.func2.run.func1"), stableFunction("main.run.func1"));
  EXPECT_NE(stableFunction("main.run.func1"), stableFunction("main.walk.func1"));
}

TEST(StableFunction, WrappersAndSuffixesAreLeftOut) {
  EXPECT_EQ(stableFunction("main.run.gowrap1"), "main.run");
  EXPECT_EQ(stableFunction("main.run.func1.deferwrap2"), "main.run.func");
  EXPECT_EQ(stableFunction("main.(*T).run-fm"), "main.(*T).run");
  EXPECT_EQ(stableFunction("main.all-range1"), "main.all");
  EXPECT_EQ(stableFunction("main.all.func1-range1"), "main.all.func");
}

TEST(StableFunction, MajorVersionsOfModulesAreLeftOut) {
  EXPECT_EQ(stableFunction("example.com/pool/v2.Get"), "example.com/pool.Get");
  EXPECT_EQ(stableFunction("example.com/pool/v2/inner.Get"), "example.com/pool/inner.Get");
  EXPECT_EQ(stableFunction("example.com/v8js.Get"), "example.com/v8js.Get");
}

TEST(StableFunction, TypeArgumentsStay) {
  EXPECT_EQ(stableFunction("main.drain[...]"), "main.drain[...]");
  EXPECT_EQ(stableFunction("main.(*list[example.com/a/v2.T]).run.func1"),
            "main.(*list[example.com/a/v2.T]).run.func");
}

TEST(StableFunction, WhatIsNoNameStays) {
  for (const std::string_view name :
       {"", "x", ".", "main.", "main.func1", "a/b", "[", "main.(", "main.1.2", "main.gowrap1"}) {
    EXPECT_EQ(stableFunction(name), name) << name;
  }
}

Builder senders(Addr creator) {
  Builder program;
  program.goroutine(Status::running, golang::kNone);
  program.goroutine(
      Status::waiting,
      program.stack({fake::kGopark, fake::kChansend, fake::kNotify, fake::kWrapper, fake::kGoexit}),
      fake::kWrapper, creator);
  return program;
}

std::string fingerprintOf(Builder program) {
  const leak::Analysis analysis = program.analyse();
  return leak::fingerprintOf(analysis, analysis.grouping().groups[analysis.info(1).group]);
}

TEST(Fingerprint, OfTheCreatorToo) {
  const std::string own = fingerprintOf(senders(fake::kHandle));
  EXPECT_EQ(own, fingerprintOf(senders(fake::kHandle)));
  EXPECT_EQ(own.size(), 16U);
  EXPECT_NE(own, fingerprintOf(senders(fake::kMainMain)));
}

TEST(Fingerprint, PartsDoNotRunIntoOneAnother) {
  leak::Fingerprint a, b;
  a.add("ab");
  a.add("c");
  b.add("a");
  b.add("bc");
  EXPECT_NE(a.text(), b.text());
}

// The algorithm is a promise: baselines are kept for years.
TEST(Fingerprint, IsFnv1a) {
  leak::Fingerprint fingerprint;
  EXPECT_EQ(fingerprint.text(), "cbf29ce484222325");
  fingerprint.add("PK005");
  fingerprint.add("main.run");
  EXPECT_EQ(fingerprint.text(), "6cd3b77a48b5d155");
}

}  // namespace
}  // namespace parked
