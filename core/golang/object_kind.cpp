#include "golang/object_kind.h"

#include "base/traits.h"

namespace parked::golang {

namespace {

constexpr ObjectList kChannels = ObjectList::channels, kLocks = ObjectList::locks;

constexpr std::array kKinds = {
    ObjectTraits{.value = ObjectKind::unknown, .id = "unknown", .type = "unknown object"},
    ObjectTraits{.value = ObjectKind::channel,
                 .id = "channel",
                 .type = "channel",
                 .noun = "channel",
                 .nouns = "channels",
                 .list = kChannels,
                 .queued = true,
                 .watched = true},
    ObjectTraits{.value = ObjectKind::nilChannel,
                 .id = "nil_channel",
                 .type = "a nil channel",
                 .forEver = true},
    ObjectTraits{.value = ObjectKind::noCases,
                 .id = "select_no_cases",
                 .type = "select without cases",
                 .forEver = true},
    ObjectTraits{.value = ObjectKind::nilSelect,
                 .id = "select_all_nil",
                 .type = "select on nil channels only",
                 .forEver = true},
    ObjectTraits{.value = ObjectKind::mutex,
                 .id = "mutex",
                 .type = "sync.Mutex",
                 .noun = "Mutex",
                 .nouns = "mutexes",
                 .list = kLocks,
                 .queued = true,
                 .watched = true,
                 .exclusive = true},
    ObjectTraits{.value = ObjectKind::rwMutex,
                 .id = "rwmutex",
                 .type = "sync.RWMutex",
                 .noun = "RWMutex",
                 .nouns = "RWMutexes",
                 .list = kLocks,
                 .queued = true,
                 .watched = true,
                 .exclusive = true},
    ObjectTraits{.value = ObjectKind::waitGroup,
                 .id = "wait_group",
                 .type = "sync.WaitGroup",
                 .noun = "WaitGroup",
                 .nouns = "WaitGroups",
                 .list = kLocks,
                 .queued = true,
                 .watched = true},
    ObjectTraits{.value = ObjectKind::cond,
                 .id = "cond",
                 .type = "sync.Cond",
                 .noun = "Cond",
                 .nouns = "Conds",
                 .list = kLocks,
                 .queued = true,
                 .watched = true},
    ObjectTraits{.value = ObjectKind::once,
                 .id = "once",
                 .type = "sync.Once",
                 .noun = "Once",
                 .nouns = "Onces",
                 .list = kLocks,
                 .queued = true,
                 .watched = true,
                 .exclusive = true},
    ObjectTraits{.value = ObjectKind::semaphore,
                 .id = "semaphore",
                 .type = "semaphore",
                 .list = kLocks,
                 .queued = true},
    ObjectTraits{.value = ObjectKind::timer,
                 .id = "timer",
                 .type = "timer",
                 .list = ObjectList::timers,
                 .outside = true},
    ObjectTraits{.value = ObjectKind::fd,
                 .id = "fd",
                 .type = "file descriptor",
                 .nouns = "file descriptors",
                 .list = ObjectList::fds,
                 .outside = true},
    ObjectTraits{.value = ObjectKind::coroutine,
                 .id = "coroutine",
                 .type = "coroutine",
                 .noun = "iterator",
                 .watched = true},
    ObjectTraits{
        .value = ObjectKind::syscall, .id = "syscall", .type = "system call", .outside = true},
    ObjectTraits{
        .value = ObjectKind::runtime, .id = "runtime", .type = "the runtime", .outside = true},
};
static_assert(kKinds.size() == static_cast<std::size_t>(ObjectKind::runtime) + 1);
static_assert(isInOrder(kKinds));

struct OpRow {
  WaitOp value;
  std::string_view name;
};
constexpr std::array kOps = {
    OpRow{WaitOp::none, ""},     OpRow{WaitOp::send, "send"},   OpRow{WaitOp::receive, "receive"},
    OpRow{WaitOp::lock, "lock"}, OpRow{WaitOp::rlock, "rlock"}, OpRow{WaitOp::wait, "wait"},
    OpRow{WaitOp::read, "read"}, OpRow{WaitOp::write, "write"}, OpRow{WaitOp::sleep, "sleep"},
};
static_assert(kOps.size() == static_cast<std::size_t>(WaitOp::sleep) + 1);
static_assert(isInOrder(kOps));

}  // namespace

const ObjectTraits& traitsOf(ObjectKind kind) { return rowOf(kKinds, kind); }

std::string_view opName(WaitOp op) { return rowOf(kOps, op).name; }

}  // namespace parked::golang
