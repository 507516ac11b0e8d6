#include "command/report_dir.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "base/replace_file.h"
#include "report/phrases.h"

namespace parked::command {

namespace {

/// Of goroutines so many are listed; groups have the ids of all.
constexpr std::uint64_t kGoroutinesKept = 10'000;
/// So long a name may be, with room for the number and the ending (NAME_MAX is 255).
constexpr std::size_t kLongestName = 150;
/// Looks at programs of one name and one id: from several machines, or over weeks.
constexpr int kMostOfOneName = 1000;

/// What `go run` and files without a module are called by Go.
constexpr std::string_view kNoPackage = "command-line-arguments";

std::string nameOf(const report::TargetInfo& target) {
  const bool known = !target.mainPackage.empty() && target.mainPackage != kNoPackage;
  return fileNameOf(known ? std::string_view(target.mainPackage)
                          : report::baseName(target.executable));
}

Result<std::string> textOf(Runtimes& runtimes, Invocation invocation,
                           const report::Format& format) {
  invocation.format = &format;
  invocation.writeBaseline.clear();  // that was done
  invocation.limit = invocation.all ? 0 : kGoroutinesKept;
  std::string text;
  const auto done = runtimes.run(invocation, {}, [&text](std::string_view piece) {
    text += piece;
    return true;
  });
  if (!done) return tl::unexpected(done.error());
  return text;
}

/// The JSON, which is written first, has the name for the others, too.
Result<std::string> addUnderFreeName(const std::string& first, std::string_view text) {
  for (int number = 1; number <= kMostOfOneName; ++number) {
    std::string stem = number == 1 ? first : fmt::format("{}-{}", first, number);
    const auto added = addFile(stem + ".json", text);
    if (!added) return tl::unexpected(added.error());
    if (*added) return stem;
  }
  return fail(ErrorCode::io, fmt::format("{}.json cannot be written: there are {} of that name",
                                         first, kMostOfOneName));
}

}  // namespace

std::string fileNameOf(std::string_view text) {
  // The end tells more than the beginning.
  text.remove_prefix(text.size() - std::min(text.size(), kLongestName));
  std::string name(text);
  for (char& c : name) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    if (!safe) c = '_';
  }
  // No hidden file, and no option.
  if (name.empty() || name.front() == '.' || name.front() == '-') name.insert(0, 1, '_');
  return name;
}

Result<void> prepareReportDir(const std::string& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (!problem && !std::filesystem::is_directory(folder, problem) && !problem) {
    problem = std::make_error_code(std::errc::not_a_directory);
  }
  if (!problem && access(folder.c_str(), W_OK | X_OK) != 0) {
    problem = std::error_code(errno, std::generic_category());
  }
  if (!problem) return {};
  return fail(ErrorCode::io,
              fmt::format("--report-dir: {} cannot be written to: {}", folder, problem.message()));
}

std::vector<std::string> keepReports(Runtimes& runtimes, const Invocation& invocation,
                                     std::int32_t pid) {
  std::vector<std::string> problems;
  const std::filesystem::path folder(invocation.reportDir);
  const std::string name = nameOf(runtimes.first().workspace().target());
  std::string stem;
  for (const char* each : {"json", "sarif", "html"}) {
    const report::Format& format = *report::formatNamed(each);
    if (format.missing != nullptr && !format.missing().empty()) continue;
    const auto text = textOf(runtimes, invocation, format);
    if (!text) {
      problems.push_back(text.error().message);
      continue;
    }
    if (stem.empty()) {
      const auto added =
          addUnderFreeName((folder / fmt::format("{}-{}", name, pid)).string(), *text);
      if (!added) return {added.error().message};
      stem = *added;
    } else if (const auto written = replaceFile(fmt::format("{}.{}", stem, each), *text);
               !written) {
      problems.push_back(written.error().message);
    }
  }
  return problems;
}

}  // namespace parked::command
