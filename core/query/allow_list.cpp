#include "query/allow_list.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace parked::query {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

Result<AllowList> AllowList::parse(std::string_view text, std::string_view file) {
  AllowList list;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto space = line.find_first_of(" \t");
    const std::string_view word = line.substr(0, space);
    const std::string name(space == std::string_view::npos ? std::string_view()
                                                           : trimmed(line.substr(space)));
    std::vector<std::string>* names = word == "IgnoreTopFunction"   ? &list.top_
                                      : word == "IgnoreAnyFunction" ? &list.any_
                                      : word == "IgnoreCreatedBy"   ? &list.creators_
                                      : word == "IgnoreRule"        ? &list.rules_
                                                                    : nullptr;
    if (names == nullptr || name.empty() || name.find_first_of(" \t") != std::string::npos) {
      return fail(ErrorCode::usage,
                  fmt::format("{}:{}: expected IgnoreTopFunction, IgnoreAnyFunction, "
                              "IgnoreCreatedBy or IgnoreRule, and one name",
                              file, number));
    }
    names->push_back(name);
  }
  return list;
}

Result<AllowList> AllowList::read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    // An empty file sets the fail bit of the output, too. A directory opens, but is not readable.
    if (in.is_open() && in.peek() == std::ifstream::traits_type::eof() && !in.bad()) {
      return AllowList{};
    }
    return fail(ErrorCode::notFound, fmt::format("the allow-list {} cannot be read", file));
  }
  return parse(text.str(), file);
}

bool AllowList::quietsRule(std::string_view rule) const { return contains(rules_, rule); }

std::vector<bool> AllowList::quieted(const leak::Analysis& analysis) const {
  const golang::Snapshot& snapshot = analysis.snapshot();
  enum class Answer : std::uint8_t { notAsked, no, yes };
  std::vector<Answer> stacks(snapshot.stacks.size(), Answer::notAsked);
  std::vector<image::SourceFrame> frames;
  const auto byStack = [&](const golang::Goroutine& goroutine) {
    if (goroutine.stack == golang::kNone) return false;
    Answer& answer = stacks[goroutine.stack];
    if (answer == Answer::notAsked) {
      frames.clear();
      analysis.frames(goroutine, frames);
      const auto top = std::ranges::find_if_not(frames, [](const image::SourceFrame& frame) {
        return leak::isRuntimeFunction(frame.function);
      });
      const bool quiet =
          (top != frames.end() && contains(top_, top->function)) ||
          std::ranges::any_of(frames, [&](const auto& f) { return contains(any_, f.function); });
      answer = quiet ? Answer::yes : Answer::no;
    }
    return answer == Answer::yes;
  };
  std::vector<bool> quiet(snapshot.goroutines.size());
  for (golang::Index i = 0; i < snapshot.goroutines.size(); ++i) {
    const leak::PlaceId creator = analysis.info(i).creator;
    quiet[i] = byStack(snapshot.goroutines[i]) ||
               (creator != leak::kNoPlace && contains(creators_, analysis.place(creator).function));
  }
  return quiet;
}

}  // namespace parked::query
