#include <algorithm>

#include "arch/arm64.h"

namespace parked::arch {

using Takes = SystemCall::Takes;

// include/uapi/asm-generic/unistd.h of Linux: those that wait, in order.
extern constexpr std::array<SystemCall, 48> kArm64SystemCalls = {{
    {22, "epoll_wait on", Takes::fd},
    {25, "fcntl on", Takes::fd},
    {29, "ioctl on", Takes::fd},
    {32, "flock on", Takes::fd},
    {34, "mkdir of", Takes::fdPath},
    {35, "unlink of", Takes::fdPath},
    {38, "rename of", Takes::fdPath},
    {43, "statfs of", Takes::path},
    {46, "truncation of", Takes::fd},
    {47, "fallocate of", Takes::fd},
    {56, "open of", Takes::fdPath},
    {57, "close of", Takes::fd},
    {61, "listing of", Takes::fd},
    {63, "read from", Takes::fd},
    {64, "write to", Takes::fd},
    {65, "read from", Takes::fd},
    {66, "write to", Takes::fd},
    {67, "read from", Takes::fd},
    {68, "write to", Takes::fd},
    {69, "read from", Takes::fd},
    {70, "write to", Takes::fd},
    {71, "sendfile to", Takes::fd},
    {72, "select", Takes::nothing},
    {73, "poll", Takes::nothing},
    {76, "splice from", Takes::fd},
    {79, "stat of", Takes::fdPath},
    {80, "fstat of", Takes::fd},
    {81, "sync", Takes::nothing},
    {82, "fsync of", Takes::fd},
    {83, "fdatasync of", Takes::fd},
    {95, "wait for", Takes::childBy},
    {98, "futex", Takes::nothing},
    {101, "nanosleep", Takes::nothing},
    {115, "clock_nanosleep", Takes::nothing},
    {137, "rt_sigtimedwait", Takes::nothing},
    {202, "accept on", Takes::fd},
    {203, "connect of", Takes::fd},
    {206, "send to", Takes::fd},
    {207, "receive from", Takes::fd},
    {211, "send to", Takes::fd},
    {212, "receive from", Takes::fd},
    {242, "accept on", Takes::fd},
    {260, "wait for", Takes::child},
    {267, "syncfs of", Takes::fd},
    {276, "rename of", Takes::fdPath},
    {278, "getrandom", Takes::nothing},
    {285, "copy from", Takes::fd},
    {437, "open of", Takes::fdPath},
}};
static_assert(std::ranges::is_sorted(kArm64SystemCalls, {}, &SystemCall::number));

}  // namespace parked::arch
