#include "leak/circle_words.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "leak/describe.h"

namespace parked::leak {

namespace {

std::string_view baseName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view whatWaiterDoes(const golang::Wait& wait) {
  switch (wait.op) {
    case golang::WaitOp::send:
      return "sends to";
    case golang::WaitOp::receive:
      return "receives from";
    default:
      return "waits for";
  }
}

}  // namespace

std::string waitsFor(const golang::Snapshot& snapshot, const WaitCircle::Member& member) {
  const golang::Wait& wait = snapshot.waits[member.wait];
  return fmt::format("goroutine {} {} {}", snapshot.goroutines[member.goroutine].id,
                     whatWaiterDoes(wait), describeWait(snapshot, wait));
}

std::string givenBy(const golang::Snapshot& snapshot, const WaitCircle::Member& member) {
  const std::uint64_t next = snapshot.goroutines[member.next].id;
  const Place& place = member.place;
  if (member.act == WakeAct::unlock) {
    return fmt::format("held by goroutine {}: {} {} it at {}:{}, stands at line {}", next,
                       place.function, member.handed ? "will unlock" : "locked",
                       baseName(place.file), place.line, member.now.line);
  }
  std::string who = member.next == member.goroutine ? std::string("it itself")
                                                    : fmt::format("goroutine {}", next);
  if (member.others > 0) {
    who += fmt::format(" and {} more like it", withSeparators(member.others));
  }
  const bool group = member.act == WakeAct::done;
  return fmt::format("{}{} would {}{}: {} at {}:{}, stands at line {}", group ? "" : "only ", who,
                     traitsOf(member.act).verb, group ? "" : ", it seems", place.function,
                     baseName(place.file), place.line, member.now.line);
}

std::string circleSentence(const Analysis& analysis, Index goroutine) {
  constexpr std::size_t kNamed = 8;
  const golang::Snapshot& snapshot = analysis.snapshot();
  const auto found = analysis.waitCircles().of.find(goroutine);
  if (found == analysis.waitCircles().of.end()) return "waits for others in a circle";
  const auto& members = analysis.waitCircles().circles[found->second.circle].members;
  std::string text = "a circle of waits, it seems: ";
  std::vector<Index> told;
  const WaitCircle::Member* member = &members[found->second.member];
  while (told.size() < kNamed) {
    const bool first = told.empty();
    if (first && member->next == member->goroutine) {
      return text + fmt::format("nobody but it itself would {}", traitsOf(member->act).verb);
    }
    text += fmt::format("{}goroutine {} to {}", first ? "it waits for " : ", which waits for ",
                        snapshot.goroutines[member->next].id, traitsOf(member->act).verb);
    told.push_back(member->goroutine);
    const Index next = member->next;
    if (std::ranges::find(told, next) != told.end()) return text;
    member = &members[analysis.waitCircles().of.at(next).member];
  }
  return text + fmt::format(", and so on: {}", counted(members.size(), "goroutine"));
}

}  // namespace parked::leak
