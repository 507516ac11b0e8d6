// What a goroutine waits on, in words. Text from the target is not escaped here; renderers do that.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"
#include "golang/snapshot.h"
#include "leak/analysis.h"

namespace parked::leak {

/// "chan int 0xc000123456 cap 2 len 2 open, 9,980 senders queued, no receivers".
std::string describeChannel(const golang::Snapshot& snapshot, const golang::Channel& channel);
/// "sync.Mutex 0xc000… locked, 3 waiting".
std::string describeLock(const golang::Lock& lock);
/// What one wait is for, without the operation: one of the above, "fd 12, no deadline" …
std::string describeWait(const golang::Snapshot& snapshot, const golang::Wait& wait);
/// Everything a goroutine waits on in one line; a select's cases are joined with "; ".
std::string describeWaits(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine);

}  // namespace parked::leak
