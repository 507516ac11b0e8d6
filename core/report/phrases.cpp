#include "report/phrases.h"

#include <csignal>
#include <ctime>

#include "base/text.h"
#include "leak/describe.h"
#include "leak/times.h"
#include "report/escape.h"
#include "report/source_lines.h"

namespace parked::report {

namespace {

constexpr std::size_t kListedGoroutines = 3;

}  // namespace

std::string reasonText(const leak::Analysis& analysis, Index index) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& goroutine = snapshot.goroutines[index];
  if (leak::stateOf(goroutine) == leak::State::blocked &&
      goroutine.reason < snapshot.reasons.size()) {
    const std::string_view reason = snapshot.strings[snapshot.reasons[goroutine.reason].text];
    if (!reason.empty()) return std::string(reason);
  }
  if (analysis.inC(index)) return "in C code";
  return std::string(golang::statusName(goroutine.status));
}

std::string waitText(std::int64_t atLeast) {
  return atLeast <= 0 ? "" : fmt::format("at least {}", humanDuration(atLeast));
}

std::string originNote(const leak::Origin& origin) {
  if (origin.goroutine == 0) return {};
  return origin.kind == leak::OriginKind::created
             ? fmt::format("where goroutine {} was created", origin.goroutine)
             : fmt::format("in goroutine {}", origin.goroutine);
}

std::string goroutineList(const golang::Snapshot& snapshot, std::span<const Index> members) {
  std::string text = members.size() == 1 ? "goroutine" : "goroutines";
  for (std::size_t i = 0; i < members.size() && i < kListedGoroutines; ++i) {
    text += fmt::format("{}{}", i == 0 ? " " : ", ", snapshot.goroutines[members[i]].id);
  }
  if (members.size() > kListedGoroutines) text += ", ...";
  return text;
}

namespace {

/// "main.slow, which stands at main.go:24", or only the line if it is the function named before.
std::string standsText(const leak::LockHolder& holder) {
  if (holder.now.function == holder.locked.function) {
    return fmt::format("and stands at line {}", holder.now.line);
  }
  return fmt::format("for {}, which stands at {}:{}", holder.now.function,
                     baseName(holder.now.file), holder.now.line);
}

}  // namespace

std::vector<std::string> holderTexts(const Report& report, Index lock) {
  std::vector<std::string> texts;
  const auto& all = report.analysis->lockHolders().of;
  if (lock >= all.size()) return texts;
  const golang::Lock& it = report.snapshot->locks[lock];
  const bool held = it.decoded && (it.mutexLocked || it.writerPending || it.readers > 0);
  if (all[lock].empty() && held) return {"not known"};
  for (const leak::LockHolder& holder : all[lock]) {
    const golang::Goroutine& goroutine = report.snapshot->goroutines[holder.goroutine];
    const std::string at = fmt::format("{}:{}", baseName(holder.locked.file), holder.locked.line);
    const std::string reason = reasonText(*report.analysis, holder.goroutine);
    if (holder.unlocks) {
      texts.push_back(fmt::format(
          "it was handed over, it seems: goroutine {} is to unlock it in {} at {} {} ({})",
          goroutine.id, holder.locked.function, at, standsText(holder), reason));
      continue;
    }
    texts.push_back(fmt::format(
        "{} {}: {} {} it at {} {} ({})", holder.exact ? "goroutine" : "perhaps goroutine",
        holder.exact ? fmt::format("{}, it seems", goroutine.id) : std::to_string(goroutine.id),
        holder.locked.function, holder.exact ? "locked" : "may have locked", at, standsText(holder),
        reason));
  }
  return texts;
}

std::vector<std::string> holderTexts(const Report& report, const golang::Wait& wait) {
  const bool lock =
      wait.kind == golang::ObjectKind::mutex || wait.kind == golang::ObjectKind::rwMutex;
  return lock ? holderTexts(report, wait.object) : std::vector<std::string>();
}

std::string selectText(const leak::Group& group, std::size_t cases) {
  std::string text = fmt::format("select of {}", counted(cases, "case"));
  if (group.objects > cases) {
    text += fmt::format(", {} different channels, e.g.", withSeparators(group.objects));
  }
  return text;
}

std::string groupObjects(const Report& report, const leak::Group& group) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const golang::Goroutine& example = snapshot.goroutines[group.example];
  const auto waits = snapshot.waitsOf(example);
  if (waits.empty()) return {};
  std::string described = leak::describeWaits(snapshot, example);
  if (waits.front().inSelect) {
    return fmt::format("{} {}", selectText(group, waits.size()), described);
  }
  if (group.objects > 1) {
    return fmt::format("{} different {}, e.g. {}", withSeparators(group.objects),
                       golang::traitsOf(waits.front().kind).nouns, described);
  }
  return described;
}

std::string signalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string utcTime(std::int64_t nsSince1970) {
  const auto seconds = static_cast<std::time_t>(nsSince1970 / 1'000'000'000);
  std::tm broken{};
  if (gmtime_r(&seconds, &broken) == nullptr) return "unknown time";
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02} UTC", broken.tm_year + 1900,
                     broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min,
                     broken.tm_sec);
}

std::string_view baseName(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string hintCommand(const Page& page, const TextStyle& style, std::string_view command,
                        std::size_t used) {
  std::string words(command);
  const std::string_view name = command.substr(0, command.find(' '));
  if (name == "report" || name == "goroutines") words += style.choosing + style.judging;
  if (name == "goroutine") words += style.judging;
  std::string whole = fmt::format("{} {}", style.commandPrefix, words);
  if (used + columns(whole) <= page.width()) return whole;
  return fmt::format("parked ... {}", words);
}

void putMore(Page& page, const TextStyle& style, std::uint64_t left, std::string_view command) {
  if (left == 0) return;
  const std::string more = fmt::format("{} more: ", withSeparators(left));
  page.line(0, {{more, Ink::faint},
                {hintCommand(page, style, fmt::format("{} --all", command), more.size())}});
}

void putSourceLine(Page& page, std::size_t indent, const Report& report, std::string_view file,
                   std::int32_t line) {
  if (report.source == nullptr) return;
  const auto source = report.source->of(file, line);
  if (!source) return;
  page.line(indent, {{fmt::format("{} | ", line), Ink::faint},
                     {source->newer ? "(the file is newer than the program) " : "", Ink::warn},
                     {source->text}});
}

void putPlace(Page& page, std::size_t indent, std::size_t label, std::string_view words,
              const Report& report, const leak::Place& place, std::string_view suffix) {
  page.placeField(indent, label, words, place, suffix);
  putSourceLine(page, indent + label, report, place.file, place.line);
}

std::string proofText(const proof::Proof* proof) {
  if (proof == nullptr) return "not asked for";
  if (!proof->given()) return fmt::format("withheld: {}", proof->withheld());
  return fmt::format("given: {} asked about; {} of heap in {}, {} reached",
                     counted(proof->candidates(), "goroutine"),
                     humanBytes(proof->heap()->inUseBytes()),
                     counted(proof->heap()->spans().size(), "span"),
                     counted(proof->marker()->markedObjects(), "object"));
}

std::string withheldMeaning(const Census& census) {
  const auto count = [&](leak::Verdict verdict) {
    return census.byVerdict[static_cast<std::size_t>(verdict)];
  };
  const std::uint64_t waiting = count(leak::Verdict::waiting);
  std::string text = count(leak::Verdict::proved) == 0 ? "nothing could be PROVED"
                                                       : "nothing else could be PROVED";
  if (waiting == 0) return text;
  return text + fmt::format(": WAITING is no clean bill here, any of the {} may be leaked for ever",
                            withSeparators(waiting));
}

std::string noGoroutinesText(const Report& report) {
  // No Go program is without.
  if (report.census.total == 0) return "no goroutine could be read";
  return report.filtered ? "no goroutine passes the filters" : "no goroutines";
}

std::string otherRuntimesText(const TargetInfo& target) {
  if (target.runtimes.size() < 2) return "";
  std::size_t number = 0;
  std::string others;
  for (std::size_t i = 0; i < target.runtimes.size(); ++i) {
    if (number == 0 && target.runtimes[i] == target.runtimeFile) {
      number = i + 1;
    } else {
      others += (others.empty() ? "" : ", ") + target.runtimes[i];
    }
  }
  return fmt::format("{} of {} in this process; also: {}", number, target.runtimes.size(), others);
}

std::string upText(const TargetInfo& target) {
  // A lower bound of nothing says nothing.
  if (!target.upSince || (target.clockIsLowerBound && *target.upSince == 0)) return {};
  return (target.clockIsLowerBound ? "at least " : "") + humanDuration(*target.upSince);
}

std::string momentaryText(const golang::Snapshot& snapshot) {
  std::string text;
  for (const Incomplete& entry : snapshot.momentary.entries()) {
    text += fmt::format("{}{} x {}: {}", text.empty() ? "" : "; ", withSeparators(entry.count),
                        entry.what, entry.detail);
  }
  return text.empty() ? text : text + " (normal in a running program; no verdict rests on it)";
}

std::string incompleteText(const Incomplete& entry) {
  if (entry.what == kInterrupted) return fmt::format("{}: {}", entry.what, entry.detail);
  std::string text =
      fmt::format("{} x {}: {}", withSeparators(entry.count), entry.what, entry.detail);
  if (entry.firstAddress != 0) text += fmt::format(" (first at {:#x})", entry.firstAddress);
  return text;
}

}  // namespace parked::report
