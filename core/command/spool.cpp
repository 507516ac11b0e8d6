#include "command/spool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <vector>

#include "base/text.h"
#include "target/sparse_file.h"

namespace parked::command {

namespace {

/// Bytes there are for it on its disk, where what is kept of it is to be written as well.
std::uint64_t room(int file) {
  constexpr std::uint64_t kMostReserved = 64 << 20;
  struct statvfs status{};
  if (fstatvfs(file, &status) != 0) return ~std::uint64_t{0};
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  return free - std::min(free / 4, kMostReserved);
}

}  // namespace

Result<Spool> Spool::make(const std::string& folder) {
  target::FileDescriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) {  // a file system that has no such files
    std::string name = folder + "/.spool.XXXXXX";
    file = target::FileDescriptor(mkostemp(name.data(), O_CLOEXEC));
    if (file) unlink(name.c_str());
  }
  if (file) return Spool(std::move(file));
  return fail(ErrorCode::io,
              fmt::format("{} cannot be written to: {}", folder, std::strerror(errno)));
}

Result<void> Spool::fill(std::span<const std::byte> head, Incoming& in, std::uint64_t most) {
  target::SparseFile out(file_.get(), std::min(most, room(file_.get())));
  std::vector<std::byte> piece(1 << 20);  // whole pages, so that holes are found
  const auto noRoom = [&](int error) {
    cut_ = error == ENOSPC && out.size() > 0
               ? fmt::format("there was room for {} of it", humanBytes(out.size()))
               : fmt::format("it could not be stored: {}", std::strerror(error));
    (void)out.finish();  // what fits is read all the same
    size_ = out.size();
  };
  for (bool more = true; more;) {
    const auto ready = head.first(std::min(head.size(), piece.size()));
    std::ranges::copy(ready, piece.begin());
    head = head.subspan(ready.size());
    std::size_t filled = ready.size();
    if (filled < piece.size()) {
      const auto got = in.read(std::span(piece).subspan(filled));
      if (!got) return tl::unexpected(got.error());
      filled += *got;
      more = filled == piece.size();
    }
    if (!out.append(std::span(piece).first(filled))) {
      noRoom(errno);
      return {};
    }
  }
  if (!out.finish()) {
    noRoom(errno);
    return {};
  }
  size_ = out.size();
  return {};
}

void Spool::setTime(std::int64_t seconds) const {
  std::array<timespec, 2> times{};
  for (timespec& each : times) each.tv_sec = seconds;
  futimens(file_.get(), times.data());
}

std::string Spool::path() const { return fmt::format("/proc/self/fd/{}", file_.get()); }

}  // namespace parked::command
