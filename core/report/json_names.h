// The stable words of the JSON document.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "golang/snapshot.h"
#include "leak/analysis.h"
#include "report/model.h"
#include "target/target.h"

namespace parked::report {

/// "core", "live", "live_unstopped", "debugger".
std::string_view kindId(target::Kind kind);
/// "after_func", "ticker", …
std::string_view kindId(golang::TimerKind kind);
/// What a verdict rests on: "nil_channel", "many", …; "" where there is nothing to say.
std::string_view ruleId(leak::Why why);
/// What would end a wait: "unlock", "receive", "send", "close", "done".
std::string_view actId(leak::WakeAct act);
/// "running", "runnable", "syscall", "blocked", "other".
std::string_view stateId(leak::State state);
/// How long a live process was stopped for this, ns; none if it was not, or by somebody else.
std::optional<std::int64_t> pauseNs(const TargetInfo& target);

}  // namespace parked::report
