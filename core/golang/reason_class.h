// What a wait reason means, and what is so of each class: the one place to add a class to.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "golang/object_kind.h"

namespace parked::golang {

/// What a wait reason means to parked, whatever its number and wording in the target's version.
/// Found by the text of runtime.waitReasonStrings. Each has a row in reason_class.cpp.
enum class ReasonClass : std::uint8_t {
  none,
  other,
  chanReceive,
  chanSend,
  select,
  chanReceiveNil,
  chanSendNil,
  selectNoCases,
  semacquire,
  mutexLock,
  rwMutexRLock,
  rwMutexLock,
  waitGroupWait,
  condWait,
  sleep,
  ioWait,
  coroutine,
  synctest,
  runtimeInternal,
};

struct ReasonTraits {
  ReasonClass value;
  std::string_view text;        ///< as Go prints it; "" where it has none, or several
  WaitOp op = WaitOp::none;     ///< what is done to a channel, where it tells
  bool outside = false;         ///< the clock, the network, the runtime or its other half ends it
  bool byDesign = false;        ///< and however long that takes, it is meant so
  bool idleInSynctest = false;  ///< runtime.isIdleInSynctest: whatever it waits for
};

const ReasonTraits& traitsOf(ReasonClass reason);
/// In the order of the values.
std::span<const ReasonTraits> reasonClasses();

}  // namespace parked::golang
