#include "resources/contexts/model.h"

#include "base/traits.h"

namespace parked::resources {

namespace {

constexpr std::array kContextKinds = {
    ContextTraits{ContextKind::root, "root", ""},
    ContextTraits{ContextKind::cancel, "cancel", "WithCancel"},
    ContextTraits{ContextKind::deadline, "deadline", "WithTimeout"},
    ContextTraits{ContextKind::value, "value", "WithValue"},
    ContextTraits{ContextKind::afterFunc, "after_func", "AfterFunc"},
    ContextTraits{ContextKind::withoutCancel, "without_cancel", "WithoutCancel"},
    ContextTraits{ContextKind::custom, "custom", ""},
};
static_assert(kContextKinds.size() == static_cast<std::size_t>(ContextKind::custom) + 1);
static_assert(isInOrder(kContextKinds));

}  // namespace

const ContextTraits& traitsOf(ContextKind kind) { return rowOf(kContextKinds, kind); }

}  // namespace parked::resources
