#include "image/table_choice.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "image/table_layouts.h"
#include "image/table_text.h"

namespace parked::image {

namespace {

/// A line of releases.txt.
struct Row {
  std::string_view release;
  int minor = 0, patch = 0;
  TableSet base;
  std::string_view experiments;  // "name name=SET …"
};

Result<std::vector<Row>> readRows(std::string_view text, std::string_view arch) {
  std::vector<Row> rows;
  while (!text.empty()) {
    std::string_view line = takeLine(text);
    Row row;
    row.release = takeWord(line);
    const std::string_view lineArch = takeWord(line);
    row.base = takeWord(line);
    row.experiments = line;
    const auto version = parseGoVersion(row.release);
    if (!version || row.base.empty()) {
      return fail(ErrorCode::badFormat, "the shipped list of layout tables is damaged");
    }
    row.minor = version->minor;
    row.patch = version->patch;
    if (lineArch == arch) rows.push_back(row);
  }
  return rows;
}

/// The sets of the version's experiments in a row; `unknown` collects those the row does not have.
std::vector<TableSet> changedBy(const GoVersion& version, const Row& row,
                                std::vector<std::string>& unknown) {
  std::vector<TableSet> changed;
  for (const std::string& wanted : version.experiments) {
    bool found = false;
    for (std::string_view rest = row.experiments; !rest.empty() && !found;) {
      const std::string_view word = takeWord(rest);
      const std::size_t equals = word.find('=');
      if (word.substr(0, equals) != wanted) continue;
      found = true;
      if (equals != std::string_view::npos) changed.push_back(word.substr(equals + 1));
    }
    if (!found) unknown.push_back(wanted);
  }
  return changed;
}

TableChoice choiceOf(const GoVersion& version, const Row& row, bool sameRelease) {
  TableChoice choice;
  std::vector<std::string> unknown;
  choice.release = row.release;
  choice.base = row.base;
  choice.changed = changedBy(version, row, unknown);
  choice.exact = sameRelease && unknown.empty();
  const std::string experiments = version.experiments.empty()
                                      ? std::string()
                                      : fmt::format(" X:{}", fmt::join(version.experiments, ","));
  if (choice.exact) {
    choice.origin = fmt::format("shipped table for {}{}", row.release, experiments);
  } else {
    choice.origin = fmt::format("nearest shipped table, {} for {}", row.release, version.text);
  }
  return choice;
}

}  // namespace

int newestGoMinor() {
  static const int newest = [] {
    int found = kOldestGoMinor;
    for (std::string_view rest = shippedReleases(); !rest.empty();) {
      std::string_view line = takeLine(rest);
      if (const auto version = parseGoVersion(takeWord(line))) {
        found = std::max(found, version->minor);
      }
    }
    return found;
  }();
  return newest;
}

Result<std::vector<TableChoice>> chooseTables(const GoVersion& version, std::string_view arch,
                                              std::string_view releases) {
  auto rows = readRows(releases, arch);
  if (!rows) return tl::unexpected(rows.error());
  int newest = 0;
  for (const Row& row : *rows) newest = std::max(newest, row.minor);
  const bool newer = version.minor > newest;
  std::erase_if(*rows,
                [&](const Row& row) { return row.minor != (newer ? newest : version.minor); });
  if (rows->empty()) {
    return fail(
        ErrorCode::unsupported,
        fmt::format("there is no shipped layout table for Go 1.{} on {}", version.minor, arch));
  }
  // Of patches as near, the older one first. To a newer minor version the newest patch is nearest.
  const int patch = newer ? 10000 : version.patch;
  std::sort(rows->begin(), rows->end(), [&](const Row& a, const Row& b) {
    const int left = std::abs(a.patch - patch), right = std::abs(b.patch - patch);
    return left != right ? left < right : a.patch < b.patch;
  });
  const bool released = !newer && !version.development && version.suffix.empty();
  std::vector<TableChoice> choices;
  for (const Row& row : *rows) {
    const bool same = released && row.patch == version.patch;
    choices.push_back(choiceOf(version, row, same));
    if (newer) break;
  }
  if (!released || rows->front().patch == version.patch) return choices;

  // A patch release without a table of its own, between two whose tables are the same.
  const Row* below = nullptr;
  const Row* above = nullptr;
  for (const Row& row : *rows) {
    const Row*& side = row.patch < patch ? below : above;
    if (side == nullptr) side = &row;
  }
  if (below == nullptr || above == nullptr) return choices;
  TableChoice low = choiceOf(version, *below, true);
  const TableChoice high = choiceOf(version, *above, true);
  if (low.exact && high.exact && low.base == high.base && low.changed == high.changed) {
    low.origin = fmt::format("shipped table for {} and {}, which are the same", below->release,
                             above->release);
    choices.insert(choices.begin(), std::move(low));
  }
  return choices;
}

}  // namespace parked::image
