// interrupt_at CORE EXECUTABLE WORD...: runs a command once for each time that it asks whether to
// stop, and says yes from that time on; the last run is one that was never told. Writes a line of
// JSON for each: how often it had asked before, the exit code, and the document ("--json" is one of
// the words). So every place where Ctrl-C is heard is tried, and none depends on how fast it works.

#include <cstdint>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "parked/parked.h"

namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

struct Run {
  std::uint64_t asked = 0;
  parked::CommandResult result;
};

/// Opens the core anew, so that nothing is left of the run before. Opening is not interrupted.
Run runOnce(const parked::OpenRequest& request, const std::vector<std::string>& words,
            std::uint64_t stopAt) {
  Run run;
  bool opened = false;
  parked::Host host;
  host.cancelled = [&] { return opened && run.asked++ >= stopAt; };
  const auto session = parked::Session::open(request, host);
  if (session.session == nullptr) {
    run.result.error = session.error;
    run.result.exit = session.exit;
    return run;
  }
  opened = true;
  run.result = session.session->run(words, parked::Style());
  return run;
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 2;
  parked::OpenRequest request;
  request.core = words[1];
  request.executable = words[2];
  const std::vector<std::string> command(words + 3, words + count);
  // Once it has stopped it asks a few times more, so a run that is never told says how many.
  const std::uint64_t times = runOnce(request, command, kNever).asked;
  for (std::uint64_t at = 0; at <= times; ++at) {
    const bool told = at < times;
    const Run run = runOnce(request, command, told ? at : kNever);
    std::cout << nlohmann::json{{"told", told},
                                {"asked", at},
                                {"exit", static_cast<int>(run.result.exit)},
                                {"error", run.result.error},
                                {"document",
                                 nlohmann::json::parse(run.result.output, nullptr, false)}}
              << '\n';
  }
  return 0;
}
