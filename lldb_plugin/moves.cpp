#include "moves.h"

#include <cstdint>
#include <limits>
#include <utility>

namespace parked::lldb_plugin {
namespace {

constexpr std::uint32_t kEnd = 1;  // of self_
constexpr std::uint32_t kForever = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Moves::Moves(std::function<void()> moved)
    : moved_(std::move(moved)), self_("parked"), listener_("parked") {
  self_.AddListener(listener_, kEnd);
  thread_ = std::thread([this] { run(); });
}

Moves::~Moves() {
  self_.BroadcastEventByType(kEnd);
  thread_.join();
}

void Moves::listenTo(const lldb::SBProcess& process) {
  process.GetBroadcaster().AddListener(listener_, lldb::SBProcess::eBroadcastBitStateChanged);
}

void Moves::run() {
  for (;;) {
    lldb::SBEvent event;
    if (!listener_.WaitForEvent(kForever, event)) continue;
    if (event.BroadcasterMatchesRef(self_)) return;
    if (lldb::SBProcess::GetStateFromEvent(event) != lldb::eStateStopped) moved_();
  }
}

}  // namespace parked::lldb_plugin
