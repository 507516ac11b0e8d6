#include "compare/exit_summary.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <system_error>
#include <utility>

namespace parked::compare {

namespace {

/// More programs than any test run has.
constexpr std::size_t kMostFiles = 100'000;

Result<std::vector<std::string>> filesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code problem;
  for (std::filesystem::directory_iterator each(folder, problem), end; !problem && each != end;
       each.increment(problem)) {
    // A pipe of that name would have nobody at its other end.
    std::error_code unknown;
    if (each->path().extension() != ".json" || !each->is_regular_file(unknown)) continue;
    files.push_back(each->path().string());
    if (files.size() > kMostFiles) {
      return fail(ErrorCode::unsupported,
                  fmt::format("{} has more than {} reports", folder, kMostFiles));
    }
  }
  if (problem) {
    return fail(ErrorCode::io, fmt::format("{} cannot be read: {}", folder, problem.message()));
  }
  if (files.empty()) {
    return fail(ErrorCode::notFound,
                fmt::format("{} has no reports of parked exec --report-dir", folder));
  }
  std::ranges::sort(files);
  return files;
}

void addReport(std::map<std::string, Summed>& all, const ExitReport& report) {
  for (const Leftover& leftover : report.leftovers) {
    // Without a fingerprint (an error of ours, or not our file) it is only itself.
    const std::string key =
        leftover.fingerprint.empty() ? fmt::format("?{}", all.size()) : leftover.fingerprint;
    Summed& summed = all[key];
    const std::uint64_t count = summed.leftover.count + leftover.count;
    if (summed.packages.empty() || leftover.verdict > summed.leftover.verdict) {
      summed.leftover = leftover;
    }
    summed.leftover.count = count;
    summed.packages.insert(report.package);
    summed.tests.insert(leftover.tests.begin(), leftover.tests.end());
  }
}

}  // namespace

Result<ExitSummary> summarise(const std::string& folder, const std::function<bool()>& cancelled) {
  const auto files = filesIn(folder);
  if (!files) return tl::unexpected(files.error());
  ExitSummary summary;
  std::map<std::string, Summed> all;
  for (const std::string& file : *files) {
    if (cancelled && cancelled()) return fail(ErrorCode::interrupted, "interrupted");
    const auto report = readExitReport(file);
    if (!report) {
      summary.unread.push_back({file, report.error().message});
      continue;
    }
    ++summary.programs;
    if (!report->leftovers.empty()) ++summary.leaking;
    if (report->incomplete) summary.incomplete.push_back(report->package);
    if (!report->withheld.empty()) {
      if (summary.unproved.empty()) summary.withheld = report->withheld;
      summary.unproved.push_back(report->package);
    }
    summary.verdict = std::max(summary.verdict, report->verdict);
    addReport(all, *report);
  }
  for (auto& [fingerprint, summed] : all) summary.leftovers.push_back(std::move(summed));
  std::ranges::stable_sort(summary.leftovers, [](const Summed& a, const Summed& b) {
    return std::pair(a.leftover.verdict, a.leftover.count) >
           std::pair(b.leftover.verdict, b.leftover.count);
  });
  return summary;
}

}  // namespace parked::compare
