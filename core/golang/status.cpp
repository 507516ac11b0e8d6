#include "golang/status.h"

#include <array>

#include "schema/g.h"

namespace parked::golang {

namespace {

constexpr std::array kStatuses = {
    StatusTraits{.value = Status::running, .name = "running", .active = true},
    StatusTraits{.value = Status::runnable, .name = "runnable", .active = true},
    StatusTraits{.value = Status::syscall, .name = "syscall", .active = true},
    StatusTraits{.value = Status::waiting, .name = "waiting", .blocked = true},
    StatusTraits{.value = Status::preempted, .name = "preempted", .active = true},
    StatusTraits{.value = Status::copystack, .name = "copystack"},
    StatusTraits{.value = Status::leaked, .name = "leaked", .blocked = true},
    StatusTraits{.value = Status::idle, .name = "idle", .listed = false},
    StatusTraits{.value = Status::dead, .name = "dead", .dead = true, .listed = false},
    StatusTraits{.value = Status::deadextra, .name = "dead", .dead = true, .listed = false},
    StatusTraits{.value = Status::unknown, .name = "unknown", .listed = false},
};

// Which row, by the value's byte: it is asked several times of each goroutine.
constexpr std::array<std::uint8_t, 256> kRows = [] {
  std::array<std::uint8_t, 256> rows{};
  rows.fill(kStatuses.size() - 1);
  for (std::uint8_t i = 0; i < kStatuses.size(); ++i) {
    rows[static_cast<std::uint8_t>(kStatuses[i].value)] = i;
  }
  return rows;
}();

}  // namespace

const StatusTraits& traitsOf(Status status) {
  return kStatuses[kRows[static_cast<std::uint8_t>(status)]];
}

std::string_view statusName(Status status) { return traitsOf(status).name; }

std::span<const StatusTraits> statuses() { return kStatuses; }

Status statusOf(std::uint32_t word) {
  const std::uint32_t value = word & ~schema::kScanBit;
  return value < kRows.size() ? kStatuses[kRows[value]].value : Status::unknown;
}

}  // namespace parked::golang
