// Stands in for a program that runs as a child, where the exit code may have to be another one than
// the program's: only its parent can give another.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>

namespace parked::launch {

/// Takes this process out of its process group, so that what is sent to the group reaches the
/// program alone, and once; and out of the session, unless its parent is one who could continue the
/// group (a shell with job control): else the group would have somebody outside who could, and be
/// hung up by the kernel at the program's end (kernel/exit.c, kill_orphaned_pgrp). The leader of a
/// session cannot leave; then signals of the terminal are not passed on, as the program has them
/// already. To be called after the fork, by the parent.
void leaveGroup();

/// Waits for the program, and does for it what whoever started this process expects of it: signals
/// that are sent to this process go to the program, a stop of the program stops this process, and
/// in the end it exits as the program did. All signals are blocked. `helper` is the process that
/// continues this one when the program is continued. `codeFor` is asked for the exit code if the
/// program's own is 0.
[[noreturn]] void standInFor(std::int32_t program, std::int32_t helper,
                             const std::function<int()>& codeFor);

}  // namespace parked::launch
