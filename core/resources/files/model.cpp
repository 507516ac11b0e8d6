#include "resources/files/model.h"

#include "base/traits.h"

namespace parked::resources {

namespace {

constexpr std::array kFileKinds = {
    FileTraits{FileKind::file, "file", "os.File", "file", "files"},
    FileTraits{FileKind::network, "network", "", "connection or listener",
               "connections or listeners"},
    FileTraits{FileKind::polled, "polled", "of the poller", "file", "files"},
    FileTraits{FileKind::raw, "raw", "", "file", "files"},
};
static_assert(isComplete(kFileKinds, FileKind::raw));

}  // namespace

const FileTraits& traitsOf(FileKind kind) { return rowOf(kFileKinds, kind); }

}  // namespace parked::resources
