#include "golang/death.h"

#include "base/traits.h"

namespace parked::golang {

namespace {

constexpr std::array kDeaths = {
    Named{Death::panic, "panic"},
    Named{Death::fatalError, "fatal_error"},
    Named{Death::signal, "signal"},
};
static_assert(isComplete(kDeaths, Death::signal));

}  // namespace

std::string_view deathName(Death death) { return rowOf(kDeaths, death).name; }

}  // namespace parked::golang
