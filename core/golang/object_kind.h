// What goroutines wait on, and what is so of each kind: the one place to add a kind to.
#pragma once

#include <cstdint>
#include <string_view>

namespace parked::golang {

/// What a goroutine waits on. Each value has a row in object_kind.cpp.
enum class ObjectKind : std::uint8_t {
  unknown,     ///< blocked, but the object could not be determined (Wait::note says why)
  channel,     ///< Wait::object indexes channels
  nilChannel,  ///< a nil channel: for ever
  noCases,     ///< select {}: for ever
  nilSelect,   ///< select whose every case is a nil channel: for ever
  mutex,
  rwMutex,
  waitGroup,
  cond,
  once,
  semaphore,  ///< Wait::object indexes locks
  timer,      ///< time.Sleep; Wait::object indexes timers if it was found
  fd,         ///< network poller; Wait::object indexes fds
  coroutine,  ///< iter.Pull
  syscall,
  runtime,  ///< something inside the runtime (GC worker, finalizer queue …)
};

enum class WaitOp : std::uint8_t { none, send, receive, lock, rlock, wait, read, write, sleep };

/// The array of a Snapshot that Wait::object is an index into.
enum class ObjectList : std::uint8_t { none, channels, locks, timers, fds };

struct ObjectTraits {
  ObjectKind value;
  std::string_view id;    ///< stable, for machines: "rwmutex"
  std::string_view type;  ///< as Go's sources say it, or what it is: "sync.RWMutex"
  std::string_view noun = "object", nouns = "objects";  ///< "Mutex", "mutexes"
  ObjectList list = ObjectList::none;
  bool queued = false;  ///< who waits stands in its queue, and is taken out of it to be woken
  /// Only somebody with a pointer to the object can end the wait, so that a proof may ask for them.
  bool watched = false;
  bool forEver = false;    ///< nothing ends the wait
  bool outside = false;    ///< the clock, the network, the system or the runtime ends the wait
  bool exclusive = false;  ///< who has it keeps others out until he is done, which is soon
};

const ObjectTraits& traitsOf(ObjectKind kind);

/// "send", "receive", "lock", "rlock", "wait", "read", "write", "sleep", "" for none.
std::string_view opName(WaitOp op);

}  // namespace parked::golang
