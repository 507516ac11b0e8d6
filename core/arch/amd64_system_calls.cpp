#include <algorithm>

#include "arch/amd64.h"

namespace parked::arch {

using Takes = SystemCall::Takes;

// arch/x86/entry/syscalls/syscall_64.tbl of Linux: those that wait, in order.
extern constexpr std::array<SystemCall, 56> kAmd64SystemCalls = {{
    {0, "read from", Takes::fd},
    {1, "write to", Takes::fd},
    {2, "open of", Takes::path},
    {3, "close of", Takes::fd},
    {4, "stat of", Takes::path},
    {5, "fstat of", Takes::fd},
    {6, "lstat of", Takes::path},
    {7, "poll", Takes::nothing},
    {16, "ioctl on", Takes::fd},
    {17, "read from", Takes::fd},
    {18, "write to", Takes::fd},
    {19, "read from", Takes::fd},
    {20, "write to", Takes::fd},
    {23, "select", Takes::nothing},
    {34, "pause", Takes::nothing},
    {35, "nanosleep", Takes::nothing},
    {40, "sendfile to", Takes::fd},
    {42, "connect of", Takes::fd},
    {43, "accept on", Takes::fd},
    {44, "send to", Takes::fd},
    {45, "receive from", Takes::fd},
    {46, "send to", Takes::fd},
    {47, "receive from", Takes::fd},
    {61, "wait for", Takes::child},
    {72, "fcntl on", Takes::fd},
    {73, "flock on", Takes::fd},
    {74, "fsync of", Takes::fd},
    {75, "fdatasync of", Takes::fd},
    {77, "truncation of", Takes::fd},
    {82, "rename of", Takes::path},
    {83, "mkdir of", Takes::path},
    {84, "rmdir of", Takes::path},
    {87, "unlink of", Takes::path},
    {128, "rt_sigtimedwait", Takes::nothing},
    {137, "statfs of", Takes::path},
    {162, "sync", Takes::nothing},
    {202, "futex", Takes::nothing},
    {217, "listing of", Takes::fd},
    {230, "clock_nanosleep", Takes::nothing},
    {232, "epoll_wait on", Takes::fd},
    {247, "wait for", Takes::childBy},
    {257, "open of", Takes::fdPath},
    {262, "stat of", Takes::fdPath},
    {263, "unlink of", Takes::fdPath},
    {270, "select", Takes::nothing},
    {271, "poll", Takes::nothing},
    {275, "splice from", Takes::fd},
    {281, "epoll_wait on", Takes::fd},
    {285, "fallocate of", Takes::fd},
    {288, "accept on", Takes::fd},
    {295, "read from", Takes::fd},
    {296, "write to", Takes::fd},
    {306, "syncfs of", Takes::fd},
    {318, "getrandom", Takes::nothing},
    {326, "copy from", Takes::fd},
    {437, "open of", Takes::fdPath},
}};
static_assert(std::ranges::is_sorted(kAmd64SystemCalls, {}, &SystemCall::number));

}  // namespace parked::arch
