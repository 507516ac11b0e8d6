#include "rules/pool_words.h"

#include <fmt/format.h>

#include "base/text.h"
#include "leak/describe.h"

namespace parked::rules {

std::string waitForPool(std::uint64_t waiters, std::string_view pool, std::uint64_t size) {
  return fmt::format("{} for a connection of {} whose {} taken",
                     waiters == 1 ? "1 goroutine waits"
                                  : fmt::format("{} goroutines wait", withSeparators(waiters)),
                     pool,
                     size == 1 ? "only connection is" : counted(size, "connection") + " are all");
}

std::string holderOf(const leak::Analysis& analysis, golang::Index goroutine) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const golang::Goroutine& holder = snapshot.goroutines[goroutine];
  const leak::Place& place = analysis.place(analysis.userLine(goroutine).user);
  std::string text = fmt::format("goroutine {} has it", holder.id);
  if (!place.function.empty()) {
    const std::size_t slash = place.file.rfind('/');
    text +=
        fmt::format(", in {} {}:{}", place.shownFunction(),
                    place.file.substr(slash == std::string_view::npos ? 0 : slash + 1), place.line);
  }
  std::string_view reason;
  if (leak::stateOf(holder) == leak::State::blocked && holder.reason < snapshot.reasons.size()) {
    reason = snapshot.strings[snapshot.reasons[holder.reason].text];
  }
  if (reason.empty()) reason = leak::traitsOf(leak::stateOf(holder)).name;
  return fmt::format("{} ({})", text, reason);
}

}  // namespace parked::rules
