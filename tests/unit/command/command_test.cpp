// The command family: options, their errors, and running a command on a snapshot made by hand.

#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "../leak/fake_program.h"
#include "command/execute.h"
#include "command/options.h"
#include "parked/parked.h"

namespace parked {
namespace {

using command::Invocation;
using command::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Invocation parsed(const std::vector<std::string>& words) {
  auto invocation = command::parse(words);
  EXPECT_TRUE(invocation.has_value()) << invocation.error().message;
  return invocation.value_or(Invocation{});
}

std::string errorOf(const std::vector<std::string>& words) {
  const auto invocation = command::parse(words);
  EXPECT_FALSE(invocation.has_value());
  if (invocation) return {};
  EXPECT_THAT(invocation.error().message, Not(HasSubstr("\n")));
  EXPECT_EQ(invocation.error().code, ErrorCode::usage);
  return invocation.error().message;
}

/// "" if the words are understood.
std::string errorIn(const std::vector<std::string>& words) {
  const auto invocation = command::parse(words);
  return invocation ? "" : invocation.error().message;
}

TEST(Words, AsAShellSplitsThem) {
  EXPECT_THAT(splitWords("  report  --limit 5 "), ElementsAre("report", "--limit", "5"));
  EXPECT_THAT(splitWords("--with reason 'chan send'"),
              ElementsAre("--with", "reason", "chan send"));
  EXPECT_THAT(splitWords(R"(a"b c"d '' "q\"\\x" e\ f)"), ElementsAre("ab cd", "", "q\"\\x", "e f"));
  EXPECT_THAT(splitWords(R"('a\b' "a\b")"), ElementsAre("a\\b", "a\\b"));
  EXPECT_THAT(splitWords("'unclosed quote"), ElementsAre("unclosed quote"));
  EXPECT_THAT(splitWords(""), ElementsAre());
}

TEST(Options, TheDefaultIsReport) {
  EXPECT_EQ(parsed({}).kind, Kind::report);
  EXPECT_EQ(parsed({"--all"}).kind, Kind::report);
  EXPECT_TRUE(parsed({"--all"}).all);
  EXPECT_EQ(parsed({}).limitOr(10), 10U);
  EXPECT_EQ(parsed({"report", "--limit", "3"}).limitOr(10), 3U);
  EXPECT_EQ(parsed({"report", "-n3"}).limitOr(10), 3U);
  EXPECT_EQ(parsed({"report", "--limit=0"}).limitOr(10), 0U);
  EXPECT_EQ(parsed({"report", "--limit", "3", "--all"}).limitOr(10), 0U);
}

TEST(Options, Formats) {
  EXPECT_EQ(parsed({"report", "--json"}).format->name, "json");
  EXPECT_EQ(parsed({"goroutines", "--jsonl"}).format->name, "jsonl");
  EXPECT_EQ(parsed({"goroutine", "7", "--format", "traceback"}).format->name, "traceback");
  EXPECT_EQ(parsed({"report", "--format=text"}).format->name, "text");
  EXPECT_THAT(errorOf({"report", "--format", "yaml"}), HasSubstr("yaml"));
  EXPECT_THAT(errorOf({"channels", "--format", "traceback"}), HasSubstr("channels"));
}

TEST(Options, Filters) {
  const Invocation one = parsed({"goroutines", "--with", "reason", "chan send", "--without", "user",
                                 "--limit", "5", "--with", "label", "user=42"});
  ASSERT_EQ(one.filters.size(), 3U);
  EXPECT_EQ(one.filters[0].expression, "chan send");
  EXPECT_FALSE(one.filters[1].with);
  EXPECT_EQ(one.filters[1].property, query::Property::user);
  EXPECT_EQ(one.filters[2].expression, "user=42");
  EXPECT_EQ(one.limitOr(0), 5U);
  // Delve's single dash, and everything in one word.
  EXPECT_EQ(parsed({"goroutines", "-with", "userloc", "x.go"}).filters.size(), 1U);
  EXPECT_EQ(parsed({"goroutines", "--with=reason:chan send"}).filters[0].expression, "chan send");
  // An expression may look like an option.
  EXPECT_EQ(parsed({"goroutines", "--with", "userloc", "--all"}).filters[0].expression, "--all");
  EXPECT_THAT(errorOf({"goroutines", "--with"}), HasSubstr("--with"));
  EXPECT_THAT(errorOf({"goroutines", "--with", "colour", "red"}), HasSubstr("colour"));
  EXPECT_THAT(errorOf({"goroutines", "--with", "reason"}), HasSubstr("expression"));
}

TEST(Options, AFilterThatNothingCanPassIsAMistake) {
  EXPECT_EQ(errorOf({"report", "--with", "status", "wating"}),
            "--with status 'wating': no goroutine can have that. Did you mean 'waiting'? Expected "
            "running, runnable, syscall, waiting, preempted, copystack, leaked");
  EXPECT_THAT(errorOf({"goroutines", "--without", "verdict", "prooved"}),
              HasSubstr("--without verdict 'prooved': no goroutine can have that. Did you mean "
                        "'PROVED'? Expected PROVED, ORPHAN, SUSPECT, UNKNOWN, WAITING, RUNNING"));
  EXPECT_THAT(errorOf({"report", "--with", "status", "/^wait$/"}), HasSubstr("no goroutine can"));
  EXPECT_THAT(errorOf({"report", "--with", "statsu", "waiting"}),
              HasSubstr("'statsu': expected one of userloc, curloc"));
  EXPECT_THAT(errorOf({"report", "--with", "statsu", "waiting"}),
              HasSubstr("Did you mean 'status'?"));
  EXPECT_THAT(errorOf({"watch", "--with", "status", "wating"}), HasSubstr("'waiting'"));
  for (const char* value : {"waiting", "Waiting", "wait", "run", "/^(waiting|running)$/"}) {
    EXPECT_EQ(errorIn({"report", "--with", "status", value}), "") << value;
  }
  EXPECT_EQ(errorIn({"report", "--with", "verdict", "/proved|suspect/"}), "");
}

TEST(Options, Order) {
  EXPECT_EQ(parsed({"report"}).sortBy, report::SortKey::byDefault);
  EXPECT_EQ(parsed({"report", "--sort", "retained"}).sortBy, report::SortKey::retained);
  EXPECT_EQ(parsed({"goroutines", "--sort=wait"}).sortBy, report::SortKey::wait);
  EXPECT_EQ(parsed({"goroutines", "--group", "reason", "--sort", "count"}).sortBy,
            report::SortKey::count);
  EXPECT_THAT(errorOf({"goroutines", "--sort", "count"}), HasSubstr("add --group"));
  EXPECT_THAT(errorOf({"report", "--sort", "verdcit"}), HasSubstr("Did you mean 'verdict'?"));
  EXPECT_THAT(errorOf({"timers", "--sort", "count"}), HasSubstr("It is an option of report"));
}

TEST(Options, Stacks) {
  EXPECT_FALSE(parsed({"goroutines"}).stacks);
  EXPECT_EQ(parsed({"goroutines", "-t"}).stacks, 10U);
  EXPECT_EQ(parsed({"goroutines", "-t", "5"}).stacks, 5U);
  EXPECT_EQ(parsed({"goroutines", "-t", "--all"}).stacks, 10U);
  EXPECT_EQ(parsed({"goroutines", "--stacks=0", "--all"}).stacks, 0U);
  EXPECT_THAT(errorOf({"goroutines", "-t", "x"}), HasSubstr("a number of calls"));
}

TEST(Options, Source) {
  const Invocation one = parsed({"report", "--source-path", "/a=/b", "--source-path=m/x=/c=d"});
  ASSERT_EQ(one.sourcePaths.size(), 2U);
  EXPECT_EQ(one.sourcePaths[0], std::pair(std::string("/a"), std::string("/b")));
  EXPECT_EQ(one.sourcePaths[1], std::pair(std::string("m/x"), std::string("/c=d")));
  for (const char* wrong : {"/a", "=/b", "/a="}) {
    EXPECT_THAT(errorOf({"report", "--source-path", wrong}), HasSubstr("FROM=TO")) << wrong;
  }
  EXPECT_THAT(errorOf({"report", "--source", "--no-source"}), HasSubstr("exclude"));
}

TEST(Options, WhereToListen) {
  for (const char* fine : {"0", "9474", "127.0.0.1:9474", "[::1]:9474", "0.0.0.0:65535"}) {
    EXPECT_EQ(parsed({"watch", "--listen", fine}).listen, fine);
  }
  for (const char* wrong : {"x", "localhost:80", "127.0.0.1", "127.0.0.1:65536", "80s", "80,81",
                            "::1:80", "[::1]", "[x]:80", ":80", "127.0.0.1:"}) {
    EXPECT_THAT(errorOf({"watch", "--listen", wrong}), HasSubstr("in numbers and a port")) << wrong;
  }
}

TEST(Options, ARegularExpressionThatIsNoneIsAnError) {
  EXPECT_EQ(errorOf({"report", "--with", "userloc", "/main\\.(/"}),
            "bad regular expression /main\\.(/: missing ): main\\.(");
  EXPECT_THAT(errorOf({"report", "--with", "goloc", "/(?<!a)b/"}), HasSubstr("(?<!a)b"));
  EXPECT_THAT(errorOf({"report", "--with", "userloc", "/((x{900}){900}){900}/"}),
              HasSubstr("bad regular expression"));
}

TEST(Options, MistypedWordsAreTold) {
  EXPECT_THAT(errorOf({"gorutines"}), HasSubstr("Did you mean 'goroutines'?"));
  EXPECT_EQ(errorOf({"goroutines", "--stir", "age"}),
            "goroutines does not know '--stir' (see: parked help goroutines).");
  EXPECT_THAT(errorOf({"report", "--lmit", "5"}), HasSubstr("Did you mean '--limit'?"));
  EXPECT_THAT(errorOf({"timers", "--with", "user"}),
              HasSubstr("It is an option of report, watch, goroutines, pstree, exec."));
  EXPECT_THAT(errorOf({"goroutine", "4", "5"}),
              HasSubstr("goroutine takes the id of a goroutine, one at a time: '5' is too much"));
  EXPECT_THAT(errorOf({"report", "42"}), HasSubstr("Did you mean 'goroutine 42'?"));
  EXPECT_THAT(errorOf({"report", "timers"}), HasSubstr("one command at a time"));
  EXPECT_THAT(errorOf({"report", "--fail-on", "suspekt"}), HasSubstr("Did you mean 'suspect'?"));
  EXPECT_THAT(errorOf({"report", "--format", "jsn"}), HasSubstr("Did you mean 'json'?"));
  EXPECT_THAT(errorOf({"report", "--group", "verdct"}), HasSubstr("Did you mean 'verdict'?"));
  EXPECT_THAT(errorOf({"report", "--group", "no such thing"}), Not(HasSubstr("Did you mean")));
}

TEST(Options, WhatHintsRepeat) {
  const Invocation all =
      parsed({"goroutines", "--with", "reason", "chan send", "--without=user", "--group", "verdict",
              "--suspect-age", "2m", "--limit", "3", "--fail-on", "proved"});
  EXPECT_EQ(all.choosing, " --with reason 'chan send' --without user --group verdict");
  EXPECT_EQ(all.judging, " --suspect-age 2m");
  EXPECT_THAT(splitWords(shellWord("it's $x")), ElementsAre("it's $x"));
}

TEST(Options, Thresholds) {
  const Invocation invocation = parsed({"report", "--suspect-count", "5", "--suspect-age", "90s"});
  EXPECT_EQ(invocation.thresholds.count, 5U);
  EXPECT_EQ(invocation.thresholds.some, 5U);
  EXPECT_EQ(invocation.thresholds.few, 5U);
  EXPECT_EQ(invocation.thresholds.age, std::chrono::seconds(90));
  EXPECT_EQ(parsed({"report", "--fail-on", "SUSPECT"}).failOn, leak::Verdict::suspect);
  EXPECT_THAT(errorOf({"report", "--suspect-count", "0"}), HasSubstr("above 0"));
  EXPECT_THAT(errorOf({"report", "--suspect-age", "soon"}), HasSubstr("soon"));
  EXPECT_THAT(errorOf({"report", "--fail-on", "guilty"}), HasSubstr("guilty"));
}

TEST(Options, ErrorsNameTheWord) {
  EXPECT_THAT(errorOf({"reprot"}), HasSubstr("'reprot' is no command"));
  EXPECT_THAT(errorOf({"report", "--colour"}), HasSubstr("--colour"));
  EXPECT_THAT(errorOf({"report", "extra"}), HasSubstr("extra"));
  EXPECT_THAT(errorOf({"report", "--limit", "many"}), HasSubstr("many"));
  EXPECT_THAT(errorOf({"report", "--limit", "-1"}), HasSubstr("-1"));
  EXPECT_THAT(errorOf({"report", "--limit"}), HasSubstr("--limit"));
  EXPECT_THAT(errorOf({"report", "--group", "nothing"}), HasSubstr("nothing"));
  EXPECT_THAT(errorOf({"goroutine"}), HasSubstr("goroutine ID"));
  EXPECT_THAT(errorOf({"timers", "--with", "user"}), HasSubstr("--with"));
  EXPECT_EQ(checkCommand({"report"}), "");
  EXPECT_THAT(checkCommand({"nothing"}), HasSubstr("nothing"));
}

TEST(Options, Numbers) {
  std::uint64_t value = 0;
  EXPECT_TRUE(command::parseAddress("0xc000123456", value));
  EXPECT_EQ(value, 0xc000123456U);
  EXPECT_TRUE(command::parseAddress("c000", value));
  EXPECT_FALSE(command::parseAddress("0x", value));
  EXPECT_FALSE(command::parseAddress("chan", value));
  EXPECT_FALSE(command::parseAddress("0x1ffffffffffffffff", value));
  EXPECT_FALSE(command::parseNumber("", value));
  EXPECT_FALSE(command::parseNumber("-1", value));
}

TEST(Help, OnlyOptionsThatWork) {
  for (const CommandHelp& command : commands()) {
    std::vector<std::string> words = {command.name};
    if (command.synopsis.find(" ID") != std::string::npos ||
        command.synopsis.find(" ADDR") != std::string::npos ||
        command.synopsis.find(" DIR") != std::string::npos) {
      words.emplace_back("1");
    }
    if (command.name == "diff") words.insert(words.end(), {"a", "b"});
    for (const char* option : {"--json", "--jsonl"}) {
      const bool offered =
          commandHelp(command.name).find(std::string(option) + " ") != std::string::npos;
      auto with = words;
      with.emplace_back(option);
      const bool hidden = command.name == "watch";  // of one line a look both words are true
      EXPECT_EQ(errorIn(with).empty(), offered || hidden) << command.name << " " << option;
    }
  }
}

TEST(Help, EveryCommandHasSome) {
  for (const CommandHelp& command : commands()) {
    EXPECT_THAT(commandHelp(""), HasSubstr(command.synopsis));
    EXPECT_THAT(commandHelp(command.name), testing::StartsWith(command.synopsis));
  }
  EXPECT_THAT(commandHelp("report"), HasSubstr("--suspect-age"));
  EXPECT_THAT(commandHelp("timers"), Not(HasSubstr("--with ")));
  EXPECT_EQ(commandHelp("nonsense"), "");
  EXPECT_EQ(helpAsked({"help"}), commandHelp(""));
  EXPECT_EQ(helpAsked({"help", "why"}), commandHelp("why"));
  EXPECT_EQ(helpAsked({"why", "--help"}), commandHelp("why"));
  EXPECT_EQ(helpAsked({"why", "1"}), "");
  EXPECT_THAT(checkCommand({"help", "nonsense"}), HasSubstr("'nonsense' is no command"));
  EXPECT_EQ(checkCommand({"report", "--limit"}), "report: --limit needs a value behind it");
}

/// Main running, three senders, one goroutine that can never run again.
class Commands : public testing::Test {
 protected:
  Commands() {
    program_.goroutine(fake::Status::running, program_.stack({fake::kMainMain}));
    for (Addr i = 0; i < 3; ++i) program_.sender(program_.channel(0xc000 + 0x100 * i));
    program_.blocked("chan receive (nil chan)", fake::ReasonClass::chanReceiveNil, 0);
    program_.wait(fake::ObjectKind::nilChannel, fake::WaitOp::receive);
    program_
        .blocked("GC sweep wait", fake::ReasonClass::runtimeInternal,
                 program_.stack({fake::kBgsweep}))
        .system = true;
  }

  command::Workspace workspace(std::vector<Incomplete> incomplete = {}) {
    return {program_.snapshot,
            nullptr,
            nullptr,
            std::make_unique<resources::Resources>(),
            program_.code,
            {},
            std::move(incomplete)};
  }

  Result<Exit> run(const std::vector<std::string>& words, command::Workspace& workspace,
                   Observer* observer = nullptr) {
    out_.clear();
    auto invocation = command::parse(words);
    if (!invocation) return tl::unexpected(invocation.error());
    return command::execute(*invocation, workspace, {},
                            [this](std::string_view text) {
                              out_ += text;
                              return true;
                            },
                            {observer, nullptr});
  }

  Result<Exit> run(const std::vector<std::string>& words, std::vector<Incomplete> incomplete = {}) {
    command::Workspace all = workspace(std::move(incomplete));
    return run(words, all);
  }

  fake::Builder program_;
  std::string out_;
};

TEST_F(Commands, ExitCodes) {
  EXPECT_EQ(run({"report"}).value(), Exit::clean);
  EXPECT_EQ(run({"report", "--fail-on", "proved"}).value(), Exit::findings);
  EXPECT_EQ(run({"report", "--fail-on", "suspect"}).value(), Exit::findings);
  EXPECT_EQ(run({"report", "--fail-on", "proved", "--with", "userloc", "notify.go:88"}).value(),
            Exit::clean);
  EXPECT_EQ(run({"report", "--fail-on", "suspect", "--suspect-count", "3", "--without", "verdict",
                 "proved"})
                .value(),
            Exit::findings);
  EXPECT_EQ(run({"report"}, {{"stack", "hole", 1, 0}}).value(), Exit::incomplete);
  EXPECT_EQ(run({"report", "--fail-on", "proved"}, {{"stack", "hole", 1, 0}}).value(),
            Exit::findings);
}

TEST_F(Commands, AProofThatIsWithheldDoesNotLookLikeHealth) {
  const std::vector<std::string> others = {"--without", "verdict", "proved"};
  const auto withheld = proof::Proof::without("the heap was not read");
  const auto exitOf = [&](std::vector<std::string> words, bool asked = true) {
    words.insert(words.end(), others.begin(), others.end());
    command::Workspace all(program_.snapshot, asked ? withheld.get() : nullptr, nullptr,
                           std::make_unique<resources::Resources>(), program_.code, {}, {});
    return run(words, all).value();
  };
  EXPECT_EQ(exitOf({"report"}), Exit::clean);
  EXPECT_THAT(out_,
              HasSubstr("no proof    the heap was not read\n            nothing else could be "
                        "PROVED: WAITING is no clean bill here, any of the 3 may be"));
  for (const char* verdict : {"proved", "suspect", "unknown"}) {
    EXPECT_EQ(exitOf({"report", "--fail-on", verdict}), Exit::incomplete) << verdict;
  }
  EXPECT_EQ(exitOf({"report", "--fail-on", "waiting"}), Exit::findings);
  EXPECT_EQ(exitOf({"report", "--require-proof"}), Exit::incomplete);
  // Nobody asked for one.
  EXPECT_EQ(exitOf({"report", "--fail-on", "proved"}, false), Exit::clean);
  EXPECT_EQ(exitOf({"report", "--require-proof"}, false), Exit::incomplete);
}

TEST_F(Commands, InterruptedNothingIsProvedAndListsAreNotCalledEmpty) {
  program_.snapshot.interrupted = true;
  const std::vector<Incomplete> mark = {{std::string(kInterrupted), "stacks were not read", 1, 0}};
  // Whatever was found: that it is not all comes first.
  EXPECT_EQ(run({"report", "--fail-on", "unknown"}, mark).value(), Exit::incomplete);
  EXPECT_THAT(out_, Not(HasSubstr("PROVED")));
  EXPECT_THAT(out_, HasSubstr("interrupted: stacks were not read"));
  for (const char* list : {"channels", "locks", "http", "sql", "files", "contexts"}) {
    EXPECT_EQ(run({list}, mark).error().code, ErrorCode::interrupted) << list;
    EXPECT_EQ(out_, "");
  }
  EXPECT_THAT(run({"goroutine", "99"}, mark).error().message, HasSubstr("is not known"));
  EXPECT_EQ(run({"info"}, mark).value(), Exit::incomplete);
}

class Impatient : public Observer {
 public:
  bool cancelled() override { return true; }
};

TEST_F(Commands, InterruptedWhileJudgingTheNextCommandJudgesAnew) {
  command::Workspace all = workspace();
  Impatient observer;
  EXPECT_EQ(run({"report"}, all, &observer).value(), Exit::incomplete);
  EXPECT_THAT(out_, HasSubstr("interrupted: not all goroutines were judged"));
  EXPECT_THAT(out_, HasSubstr("UNKNOWN"));
  EXPECT_THAT(out_, Not(HasSubstr("PROVED")));
  EXPECT_TRUE(all.interrupted());
  EXPECT_EQ(run({"report"}, all).value(), Exit::clean);
  EXPECT_THAT(out_, HasSubstr("PROVED"));
  EXPECT_THAT(out_, Not(HasSubstr("interrupted")));
  EXPECT_FALSE(all.interrupted());
}

/// A file that is there as long as the object.
class ListFile {
 public:
  explicit ListFile(std::string_view text)
      : path_(testing::TempDir() + "parked_known_" + std::to_string(getpid())) {
    std::ofstream(path_) << text;
  }
  ListFile(const ListFile&) = delete;
  ListFile& operator=(const ListFile&) = delete;
  ~ListFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_F(Commands, AGoroutineThatTheListQuietsDoesNotFail) {
  const ListFile list("IgnoreTopFunction main.(*server).notify\n");
  EXPECT_EQ(run({"goroutine", "2", "--fail-on", "waiting"}).value(), Exit::findings);
  EXPECT_EQ(run({"goroutine", "2", "--fail-on", "waiting", "--ignore-file", list.path()}).value(),
            Exit::clean);
  EXPECT_THAT(out_, testing::StartsWith("goroutine 2  WAITING")) << "it is shown all the same";
  EXPECT_EQ(run({"goroutines", "--fail-on", "waiting", "--with", "reason", "chan send",
                 "--ignore-file", list.path()})
                .value(),
            Exit::clean);
}

TEST_F(Commands, AnAllowListNamesRulesThatThereAre) {
  const ListFile list("IgnoreRule PK0O1\n");
  const auto wrong = run({"report", "--ignore-file", list.path()});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::usage);
  EXPECT_THAT(wrong.error().message, HasSubstr("there is no rule 'PK0O1'. Did you mean 'PK001'?"));
}

TEST_F(Commands, AChannelAsJson) {
  ASSERT_TRUE(run({"channel", "0xc100", "--json"}));
  EXPECT_THAT(out_, HasSubstr("\"channels\":[\n{"));
  EXPECT_THAT(out_, HasSubstr("0xc100"));
  EXPECT_THAT(out_, HasSubstr("\"goroutines\":[\n{\"id\":3,"));
  EXPECT_THAT(out_, Not(HasSubstr("0xc200")));
  EXPECT_THAT(out_, Not(HasSubstr("{\"id\":4,")));
}

TEST_F(Commands, SystemGoroutinesAreFoldedUnlessAsked) {
  ASSERT_TRUE(run({"goroutines"}));
  EXPECT_THAT(out_, Not(HasSubstr("bgsweep")));
  for (const char* option : {"--system", "--all"}) {
    ASSERT_TRUE(run({"goroutines", option}));
    EXPECT_THAT(out_, HasSubstr("bgsweep"));
  }
  ASSERT_TRUE(run({"goroutines", "--without", "user"}));
  EXPECT_THAT(out_, HasSubstr("bgsweep"));
  ASSERT_TRUE(run({"goroutines", "--group", "reason"}));
  EXPECT_THAT(out_, Not(HasSubstr("sweep")));
}

TEST_F(Commands, FiltersAreExpressionsAsInGo) {
  const auto ids = [this](const char* what, const char* expression) {
    EXPECT_TRUE(run({"goroutines", "--jsonl", "--with", what, expression})) << expression;
    std::string found;
    for (std::size_t at = 0; (at = out_.find("\"type\":\"goroutine\",\"id\":", at)) != out_.npos;) {
      at += std::string_view("\"type\":\"goroutine\",\"id\":").size();
      found += out_.substr(at, out_.find(',', at) - at) + " ";
    }
    return found;
  };
  EXPECT_EQ(ids("userloc", R"(/notify\.go:\d+/)"), "2 3 4 ");
  EXPECT_EQ(ids("userloc", R"(/NOTIFY\.go/)"), "");
  EXPECT_EQ(ids("userloc", R"(/(?i)NOTIFY\.go/)"), "2 3 4 ");
  EXPECT_EQ(ids("reason", "/^chan (send|receive)$/"), "2 3 4 ");
  EXPECT_EQ(ids("reason", "Chan Send"), "2 3 4 ");
  EXPECT_EQ(ids("verdict", "proved"), "5 ");
  EXPECT_EQ(ids("verdict", "/proved|waiting/"), "2 3 4 5 6 ");
  // Of another release than the target's: no mistake, and no goroutine has it.
  EXPECT_EQ(ids("reason", "sync.Mutex.Lock"), "");
  const auto wrong = run({"goroutines", "--with", "reason", "chan sned"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::usage);
  EXPECT_THAT(wrong.error().message, HasSubstr("Did you mean 'chan send'? Expected chan"));
}

TEST_F(Commands, HintsKeepTheFilter) {
  ASSERT_TRUE(run({"goroutines", "--with", "reason", "chan send", "--limit", "1"}));
  EXPECT_THAT(out_, HasSubstr("2 more: parked goroutines --all --with reason 'chan send'\n"));
  ASSERT_TRUE(
      run({"report", "--without", "verdict", "proved", "--limit", "1", "--suspect-count", "2"}));
  EXPECT_THAT(out_, HasSubstr("parked report --all --without verdict proved --suspect-count 2\n"));
  EXPECT_THAT(out_, HasSubstr("parked goroutine 2 --suspect-count 2\n"));
  ASSERT_TRUE(run({"goroutines", "--group", "verdict", "--limit", "1"}));
  EXPECT_THAT(out_, HasSubstr("parked goroutines --all --group verdict\n"));
}

TEST_F(Commands, OneDecisionForExitCodeAndDocument) {
  ASSERT_TRUE(run({"report", "--json"}));
  EXPECT_THAT(out_, Not(HasSubstr("fail_on")));
  EXPECT_EQ(run({"report", "--json", "--fail-on", "proved"}).value(), Exit::findings);
  EXPECT_THAT(out_, HasSubstr("\"fail_on\":{\"verdict\":\"PROVED\",\"groups\":[1],"
                              "\"findings\":[],\"incomplete\":false}"));
  EXPECT_EQ(run({"report", "--json", "--fail-on", "proved", "--without", "verdict", "proved"},
                {{"stack", "hole", 1, 0}})
                .value(),
            Exit::incomplete);
  EXPECT_THAT(out_, HasSubstr("\"groups\":[],\"findings\":[],\"incomplete\":true}"));
  // Of one goroutine the group has others, which nobody asked about.
  EXPECT_EQ(run({"goroutine", "2", "--json", "--fail-on", "proved"}).value(), Exit::clean);
  EXPECT_EQ(run({"goroutine", "5", "--json", "--fail-on", "proved"}).value(), Exit::findings);
  EXPECT_THAT(out_, HasSubstr("\"verdict\":\"PROVED\",\"groups\":[0]"));
}

TEST_F(Commands, OneGoroutineIsToldAsInTheReport) {
  ASSERT_TRUE(run({"goroutine", "5"}));
  EXPECT_THAT(out_, HasSubstr("PK001"));
  EXPECT_THAT(out_, HasSubstr("\nfix         "));
  ASSERT_TRUE(run({"goroutine", "3", "--json"}));
  EXPECT_THAT(out_, HasSubstr("\"goroutines\":[2,3,4]}")) << "its group, whole";
  EXPECT_THAT(out_, Not(HasSubstr("PK001"))) << "that is another's";
}

TEST_F(Commands, AWayAsJson) {
  ASSERT_TRUE(run({"why", "3", "--json"}));
  EXPECT_THAT(out_, HasSubstr("\"why\":{\"goroutine\":3,\"answer\":\"the proof was not asked for "
                              "(--no-proof)\",\"uncounted\":null,\"way\":[]}"));
}

TEST_F(Commands, ListsAsLines) {
  ASSERT_TRUE(run({"channels", "--jsonl"}));
  EXPECT_THAT(out_, HasSubstr("\n{\"type\":\"channel\",\"address\":\"0xc000\""));
  EXPECT_THAT(out_, testing::EndsWith("{\"type\":\"end\",\"incomplete\":false}\n"));
  for (const char* name : {"timers", "locks", "http", "sql", "files", "contexts", "info"}) {
    ASSERT_TRUE(run({name, "--jsonl"})) << name;
    EXPECT_THAT(out_, testing::StartsWith("{\"type\":\"schema\"")) << name;
    EXPECT_THAT(out_, Not(HasSubstr("\"type\":\"goroutine\""))) << name;
  }
}

TEST_F(Commands, GroupsByAKey) {
  ASSERT_TRUE(run({"goroutines", "--group", "verdict"}));
  EXPECT_THAT(out_, HasSubstr("1  PROVED   PROVED"));
}

TEST_F(Commands, OneGoroutineOrChannel) {
  ASSERT_TRUE(run({"goroutine", "2"}));
  EXPECT_THAT(out_, testing::StartsWith("goroutine 2  WAITING  chan send"));
  EXPECT_EQ(run({"goroutine", "99"}).error().message, "there is no goroutine 99");
  EXPECT_EQ(run({"goroutine", "two"}).error().message, "'two' is no goroutine id");
  ASSERT_TRUE(run({"channel", "0xc100"}));
  EXPECT_THAT(out_, HasSubstr("senders  1\n3  WAITING"));
  EXPECT_EQ(run({"channel", "0xc101"}).error().message,
            "no goroutine waits on a channel at 0xc101");
}

TEST_F(Commands, EveryListRuns) {
  for (const char* name : {"channels", "timers", "locks", "info"}) {
    EXPECT_TRUE(run({name}).has_value()) << name;
    EXPECT_FALSE(out_.empty());
  }
}

}  // namespace
}  // namespace parked
