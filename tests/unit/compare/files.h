// Files that a test writes, and reports as JSON.
#pragma once

#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace parked::compare {

inline std::string fileOf(std::string_view text, const std::string& name = "report") {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string path =
      fmt::format("{}{}.{}.{}", testing::TempDir(), test->test_suite_name(), test->name(), name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

inline constexpr std::string_view kTarget =
    R"("target":{"program":"shop","pid":7,"started_ns":99,"build_id":"b","go_version":"go1.26.1"})";

/// A group of goroutines 18 and 19 that wait on two channels, and a finding about it.
inline std::string documentOf(std::string_view verdict, std::string_view function = "main.f.func1",
                              int more = 0) {
  return fmt::format(
      R"({{"schema":"parked/1",
{0},
"goroutines":[
{{"id":18,"group":0,"frames":[{{"func":"main.f"}}],"waiting_on":[{{"kind":"channel","address":"0x10","op":"send"}}]}},
{{"id":19,"group":0,"waiting_on":[{{"kind":"channel","address":"0x{3}","op":"send"}}]}}],
"groups":[
{{"fingerprint":"00000000000000aa","count":2,"verdict":"{1}","reason":"chan send","system":false,"user_frame":{{"func":"{2}","file":"f.go","line":4}},"created_by":{{"func":"main.main"}}}}],
"findings":[
{{"fingerprint":"00000000000000bb","rule":"PK005","title":"send","verdict":"{1}","count":2,"place":{{"func":"{2}","file":"f.go","line":4}},"group":0}}],
"proof":{{"state":"given"}},
"incomplete":[]}}
)",
      kTarget, verdict, function, 20 + more);
}

}  // namespace parked::compare
