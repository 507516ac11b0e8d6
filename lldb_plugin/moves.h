// Hears of a process going on, so that what was read of it is given back.
#pragma once

#include <functional>
#include <lldb/API/LLDB.h>
#include <thread>

namespace parked::lldb_plugin {

/// Calls a function, in a thread of its own, whenever a process it listens to does not stand still
/// any more. lldb does not tell of every move (none while commands wait for the process): good for
/// giving memory back, not for knowing whether what was read still holds.
class Moves {
 public:
  explicit Moves(std::function<void()> moved);
  Moves(const Moves&) = delete;
  Moves& operator=(const Moves&) = delete;
  ~Moves();

  void listenTo(const lldb::SBProcess& process);

 private:
  void run();

  std::function<void()> moved_;
  lldb::SBBroadcaster self_;
  lldb::SBListener listener_;
  std::thread thread_;
};

}  // namespace parked::lldb_plugin
