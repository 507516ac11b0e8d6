// The command line of the `parked` program.

#include "../../../cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parked {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

cli::Arguments parsed(const std::vector<std::string>& words) {
  cli::Arguments arguments;
  std::string error;
  EXPECT_TRUE(cli::parseArguments(words, arguments, error)) << error;
  return arguments;
}

std::string errorOf(const std::vector<std::string>& words) {
  cli::Arguments arguments;
  std::string error;
  EXPECT_FALSE(cli::parseArguments(words, arguments, error));
  EXPECT_THAT(error, testing::Not(HasSubstr("\n")));
  return error;
}

TEST(Arguments, TheFourWaysToNameATarget) {
  const cli::Arguments both = parsed({"core", "./bin", "core.1", "report", "--limit", "5"});
  EXPECT_EQ(both.open.executable, "./bin");
  EXPECT_EQ(both.open.core, "core.1");
  EXPECT_THAT(both.command, ElementsAre("report", "--limit", "5"));
  EXPECT_EQ(both.prefix, "parked core ./bin core.1");

  EXPECT_EQ(parsed({"core.1", "timers"}).open.core, "core.1");
  EXPECT_EQ(parsed({"core.1", "--all"}).command.size(), 1U);
  EXPECT_EQ(parsed({"core", "core.1"}).open.core, "core.1");
  EXPECT_EQ(parsed({"core", "core.1", "timers"}).open.executable, "");
  EXPECT_EQ(parsed({"1234", "goroutine", "42"}).open.pid, 1234);
}

TEST(Arguments, WatchMayStandInFrontOfTheProcess) {
  const cli::Arguments arguments = parsed({"watch", "1234", "--every", "5s"});
  EXPECT_EQ(arguments.open.pid, 1234);
  EXPECT_THAT(arguments.command, ElementsAre("watch", "--every", "5s"));
  EXPECT_EQ(parsed({"1234", "watch", "--every", "5s"}).command, arguments.command);
  EXPECT_THAT(errorOf({"watch"}), HasSubstr("live process"));
  EXPECT_THAT(errorOf({"watch", "core.1"}), HasSubstr("live process"));
}

TEST(Arguments, AFileCalledCore) {
  EXPECT_EQ(parsed({"core"}).open.core, "core");
  const cli::Arguments report = parsed({"core", "report"});
  EXPECT_EQ(report.open.core, "core");
  EXPECT_THAT(report.command, ElementsAre("report"));
}

TEST(Arguments, OwnOptionsMayStandAnywhere) {
  const cli::Arguments arguments =
      parsed({"--exe", "a b", "core.1", "report", "--color=never", "--no-stop", "--width", "100"});
  EXPECT_EQ(arguments.open.executable, "a b");
  EXPECT_FALSE(arguments.open.stop);
  EXPECT_EQ(arguments.color, cli::ColorWhen::never);
  EXPECT_EQ(arguments.width, 100);
  EXPECT_THAT(arguments.command, ElementsAre("report"));
  EXPECT_EQ(arguments.prefix, "parked core.1 --exe 'a b' --no-stop");
}

TEST(Arguments, Help) {
  EXPECT_TRUE(parsed({"--help"}).help);
  EXPECT_EQ(parsed({"help", "timers"}).helpTopic, "timers");
  EXPECT_EQ(parsed({"core.1", "report", "--help"}).helpTopic, "report");
  EXPECT_TRUE(parsed({"--version"}).version);
  EXPECT_THAT(cli::programHelp(), HasSubstr("parked core BIN CORE"));
}

TEST(Arguments, WhatIsMeantIsTold) {
  EXPECT_THAT(errorOf({"gorutines"}),
              HasSubstr("there is no file 'gorutines', and 'gorutines' is no "
                        "command; there are report"));
  EXPECT_THAT(errorOf({"core.1", "core.2"}), HasSubstr("there is no file of that name"));
  EXPECT_EQ(errorOf({"--json", "core.1"}),
            "--json belongs to a command: parked CORE report --json");
  EXPECT_THAT(errorOf({"help", "tmers"}), HasSubstr("Did you mean 'timers'?"));
  // As gdb takes them: two files that are there.
  const std::string self = "/proc/self/exe";
  const cli::Arguments both = parsed({self, "/proc/self/stat", "timers"});
  EXPECT_EQ(both.open.executable, self);
  EXPECT_EQ(both.open.core, "/proc/self/stat");
  EXPECT_EQ(both.prefix, "parked /proc/self/exe /proc/self/stat");
  EXPECT_THAT(both.command, ElementsAre("timers"));
  EXPECT_THAT(errorOf({self, self, self}), HasSubstr("one file too many"));
}

TEST(Arguments, Errors) {
  EXPECT_THAT(errorOf({}), HasSubstr("nothing to read"));
  EXPECT_THAT(errorOf({"--bogus", "1"}), HasSubstr("--bogus"));
  EXPECT_THAT(errorOf({"report"}), HasSubstr("report of what?"));
  EXPECT_THAT(errorOf({"0"}), HasSubstr("no process id"));
  EXPECT_THAT(errorOf({"99999999999"}), HasSubstr("no process id"));
  EXPECT_THAT(errorOf({"--color", "red", "1"}), HasSubstr("red"));
  EXPECT_THAT(errorOf({"--width", "wide", "1"}), HasSubstr("wide"));
  EXPECT_THAT(errorOf({"--exe", "a", "core", "b", "c"}), HasSubstr("twice"));
}

}  // namespace
}  // namespace parked
