#include "report/apart.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

namespace parked::report {

namespace {

constexpr std::size_t kDepth = 100;    // of frames that are compared
constexpr std::size_t kMostLines = 2;  // to tell a group apart by

using Key = std::array<std::uint64_t, 6>;

Key keyOf(const Report& report, const leak::Group& group) {
  const golang::Goroutine& example = report.snapshot->goroutines[group.example];
  const leak::StackInfo stack = report.analysis->userLine(group.example);
  const bool blocked = group.state == leak::State::blocked;
  return {static_cast<std::uint64_t>(group.verdict) << 16 |
              static_cast<std::uint64_t>(group.state) << 8 |
              static_cast<std::uint64_t>(report.analysis->inC(group.example)),
          blocked ? example.reason : 0U,
          stack.user,
          stack.library,
          group.creator,
          group.origin.place};
}

/// A group with its stack on both sides of the user's line, the nearest frame first.
struct Member {
  const leak::Group* group = nullptr;
  std::vector<leak::Place> callers, called;
  std::size_t hash = 0;   ///< of what was compared so far
  std::size_t alike = 0;  ///< members that are the same so far
};

bool isLine(const leak::Place& place, const image::SourceFrame& frame) {
  return place.line == frame.line && place.function == frame.function && place.file == frame.file;
}

Member memberOf(const Report& report, const leak::Group& group) {
  Member member;
  member.group = &group;
  const golang::Goroutine& example = report.snapshot->goroutines[group.example];
  const leak::StackInfo& stack = report.analysis->stack(example.stack);
  const leak::Place& user = report.analysis->place(stack.user);
  const leak::Place& library = report.analysis->place(stack.library);  // shown anyhow
  std::vector<image::SourceFrame> frames;
  report.analysis->frames(example, frames);
  bool found = false;
  for (const image::SourceFrame& frame : frames) {
    if (frame.wrapper || leak::isGeneratedFile(frame.file) ||
        leak::isRuntimeFunction(frame.function)) {
      continue;
    }
    if (!found && isLine(user, frame)) {
      found = true;
      continue;
    }
    if (!found && isLine(library, frame)) continue;
    (found ? member.callers : member.called).push_back({frame.function, frame.file, frame.line});
  }
  std::ranges::reverse(member.called);
  return member;
}

/// Walks the members' frames side by side and notes those at which they part.
void compare(std::vector<Member>& members, std::vector<leak::Place> Member::* side, bool caller,
             std::unordered_map<const leak::Group*, std::vector<Apart>>& out) {
  for (std::size_t depth = 0; depth < kDepth; ++depth) {
    std::unordered_map<std::size_t, std::size_t> alike;
    bool more = false;
    for (Member& member : members) {
      const auto& places = member.*side;
      std::size_t next = 0;
      if (depth < places.size()) {
        more = true;
        next = std::hash<std::string_view>()(places[depth].function) * 31 +
               static_cast<std::size_t>(places[depth].line) + 1;
      }
      member.hash = member.hash * 1'000'003 + next;
      ++alike[member.hash];
    }
    if (!more) return;
    for (Member& member : members) {
      const std::size_t count = alike[member.hash];
      std::vector<Apart>& lines = out[member.group];
      if (count < member.alike && depth < (member.*side).size() && lines.size() < kMostLines) {
        lines.push_back({(member.*side)[depth], caller});
      }
      member.alike = count;
    }
  }
}

}  // namespace

std::unordered_map<const leak::Group*, std::vector<Apart>> tellApart(
    const Report& report, const std::vector<const leak::Group*>& groups) {
  std::unordered_map<const leak::Group*, std::vector<Apart>> out;
  if (!report.groupBy.byStack) return out;
  std::map<Key, std::vector<const leak::Group*>> same;
  for (const leak::Group* group : groups) same[keyOf(report, *group)].push_back(group);
  for (const auto& [key, alike] : same) {
    if (alike.size() < 2) continue;
    std::vector<Member> members;
    for (const leak::Group* group : alike) members.push_back(memberOf(report, *group));
    for (Member& member : members) member.alike = members.size();
    compare(members, &Member::callers, true, out);
    compare(members, &Member::called, false, out);
  }
  return out;
}

}  // namespace parked::report
