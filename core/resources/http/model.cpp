#include "resources/http/model.h"

#include "base/traits.h"

namespace parked::resources {

namespace {

constexpr std::string_view kBodyNotClosed = "body not closed";
constexpr std::string_view kNoResponse = "waiting for the response";

constexpr std::array kHttpStates = {
    HttpStateTraits{.value = HttpState::idle, .name = "idle"},
    HttpStateTraits{.value = HttpState::waiting, .name = kNoResponse, .takenBy = kNoResponse},
    HttpStateTraits{
        .value = HttpState::bodyOpen, .name = kBodyNotClosed, .takenBy = kBodyNotClosed},
    HttpStateTraits{.value = HttpState::bodyRead, .name = "body being read"},
    HttpStateTraits{.value = HttpState::dialing, .name = "dialing"},
    HttpStateTraits{.value = HttpState::handshake, .name = "TLS handshake"},
    HttpStateTraits{.value = HttpState::active, .name = "active"},
    HttpStateTraits{.value = HttpState::newborn, .name = "new"},
    HttpStateTraits{.value = HttpState::unknown, .name = "unknown"},
};
static_assert(isComplete(kHttpStates, HttpState::unknown));

}  // namespace

const HttpStateTraits& traitsOf(HttpState state) { return rowOf(kHttpStates, state); }

}  // namespace parked::resources
