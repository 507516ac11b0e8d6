#include "report/verdict_look.h"

#include "base/traits.h"

namespace parked::report {

namespace {

constexpr std::string_view kGrey = "#e6e6e6";
constexpr std::string_view kLooksStuck = "goroutines that look stuck";

using leak::Verdict;

constexpr std::array kLooks = {
    VerdictLook{Verdict::running, Ink::good, kGrey, "warning", kLooksStuck},
    VerdictLook{Verdict::waiting, Ink::plain, kGrey, "warning", kLooksStuck},
    VerdictLook{Verdict::unknown, Ink::odd, "#dcd0ea", "warning", kLooksStuck},
    VerdictLook{Verdict::suspect, Ink::warn, "#f5ecb3", "warning", kLooksStuck},
    VerdictLook{Verdict::orphan, Ink::bad, "#f3cfa8", "error",
                "goroutine that nobody can stop any more"},
    VerdictLook{Verdict::proved, Ink::bad, "#f4b6b6", "error",
                "goroutine that can never run again"},
};
static_assert(isComplete(kLooks, Verdict::proved));

}  // namespace

const VerdictLook& lookOf(leak::Verdict verdict) { return rowOf(kLooks, verdict); }

}  // namespace parked::report
