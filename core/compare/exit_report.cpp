#include "compare/exit_report.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <optional>

#include "compare/document_reader.h"

namespace parked::compare {

namespace {

/// What is larger is no report of a test binary; it is not read into memory to find that out.
constexpr std::uintmax_t kLargestFile = 256U << 20;
/// parked writes it in front of everything else.
constexpr std::string_view kBeginning = R"({"schema":"parked/)";
constexpr std::string_view kTestBinary = ".test";

/// Objects of one document after the other, into a report.
class LeftoverCollector {
 public:
  explicit LeftoverCollector(ExitReport& report) : report_(report) {}

  void take(std::string_view type, const Json& object) {
    if (type == "target") return target(object);
    if (type == "group") return group(object);
    if (type == "finding") return finding(object);
    if (type == "proof") return proof(object);
    if (type == "fail_on") return failOn(object);
    if (type == "incomplete" || type == "unread") report_.incomplete = true;
  }

  bool decided() const { return decided_; }

 private:
  struct Finding {
    Leftover leftover;
    std::optional<std::size_t> group;
  };

  void target(const Json& object) {
    groups_.clear();
    findings_.clear();
    if (!report_.package.empty()) return;
    report_.package = textIn(object, "main_package");
    // Test binaries of older Go releases do not say what package they test.
    if (report_.package.empty()) report_.package = textIn(object, "program");
    if (report_.package.ends_with(kTestBinary)) {
      report_.package.resize(report_.package.size() - kTestBinary.size());
    }
    if (report_.package.empty()) report_.package = "?";
  }

  static Leftover leftoverOf(const Json& object, const Json& place) {
    Leftover leftover;
    leftover.fingerprint = textIn(object, "fingerprint");
    readEntry(object, place, leftover);
    return leftover;
  }

  void group(const Json& object) {
    Leftover group = leftoverOf(object, objectIn(object, "user_frame"));
    group.title = textIn(object, "reason");
    if (group.title.empty()) group.title = textIn(object, "state");
    // Of a group with several verdicts those that leak.
    if (const std::uint64_t leaking = countIn(object, "findings"); leaking > 0) {
      group.count = leaking;
    }
    group.creator = textIn(objectIn(object, "created_by"), "func");
    const auto tests = object.find("left_by");
    if (tests != object.end() && tests->is_array()) {
      for (const Json& test : *tests) {
        if (test.is_string()) group.tests.push_back(test.get<std::string>());
      }
    }
    groups_.push_back(std::move(group));
  }

  void finding(const Json& object) {
    Finding finding{leftoverOf(object, objectIn(object, "place")), {}};
    finding.leftover.rule = textIn(object, "rule");
    finding.leftover.title = textIn(object, "title");
    const auto group = object.find("group");
    if (group != object.end() && group->is_number_unsigned()) {
      finding.group = group->get<std::size_t>();
    }
    findings_.push_back(std::move(finding));
  }

  void proof(const Json& object) {
    if (textIn(object, "state") == "given" || !report_.withheld.empty()) return;
    report_.withheld = textIn(object, "withheld");
    if (report_.withheld.empty()) report_.withheld = "not asked for";
  }

  /// What the decision names, by places in the arrays in front of it.
  void failOn(const Json& object) {
    leak::Verdict verdict{};
    if (!leak::parseVerdict(textIn(object, "verdict"), verdict)) return;
    report_.verdict = decided_ ? std::max(report_.verdict, verdict) : verdict;
    decided_ = true;
    forEach(object, "groups", groups_.size(), [&](std::size_t group) { addGroup(group); });
    forEach(object, "findings", findings_.size(),
            [&](std::size_t finding) { report_.leftovers.push_back(findings_[finding].leftover); });
  }

  template <class Take>
  static void forEach(const Json& object, const char* name, std::size_t below, const Take& take) {
    const auto numbers = object.find(name);
    if (numbers == object.end() || !numbers->is_array()) return;
    for (const Json& number : *numbers) {
      if (number.is_number_unsigned() && number.get<std::size_t>() < below) {
        take(number.get<std::size_t>());
      }
    }
  }

  /// The finding that the group is about says what it is.
  void addGroup(std::size_t number) {
    const Leftover& group = groups_[number];
    const auto finding =
        std::ranges::find_if(findings_, [&](const Finding& each) { return each.group == number; });
    Leftover leftover = finding == findings_.end() ? group : finding->leftover;
    leftover.verdict = group.verdict;
    leftover.count = group.count;
    leftover.creator = group.creator;
    leftover.tests = group.tests;
    report_.leftovers.push_back(std::move(leftover));
  }

  ExitReport& report_;
  std::vector<Leftover> groups_;   ///< of this runtime, by number
  std::vector<Finding> findings_;  ///< the same
  bool decided_ = false;
};

/// Whether it begins as a document of parked does; a large file of something else is not parsed.
bool beginsAsOurs(std::istream& in) {
  std::array<char, kBeginning.size()> begin{};
  in.read(begin.data(), begin.size());
  const bool ours = in && std::string_view(begin.data(), begin.size()) == kBeginning;
  in.clear();
  in.seekg(0);
  return ours;
}

}  // namespace

Result<ExitReport> readExitReport(const std::string& file) {
  std::error_code problem;
  const auto size = std::filesystem::file_size(file, problem);
  std::ifstream in(file, std::ios::binary);
  if (problem || !in) return fail(ErrorCode::io, fmt::format("{} cannot be read", file));
  if (!beginsAsOurs(in)) return notOurs(file);
  if (size > kLargestFile) {
    return fail(ErrorCode::badFormat,
                fmt::format("{} is larger than {} MB: it is not read", file, kLargestFile >> 20));
  }
  ExitReport report;
  LeftoverCollector collector(report);
  const auto done = readDocument(
      in, file,
      {[](std::string_view) {},
       [&](std::string_view type, const Json& object) { collector.take(type, object); }});
  if (!done) return tl::unexpected(done.error());
  if (!collector.decided()) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} was not written by `parked exec --report-dir`", file));
  }
  return report;
}

}  // namespace parked::compare
