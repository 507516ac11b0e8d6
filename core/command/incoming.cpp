#include "command/incoming.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

namespace parked::command {

Result<std::size_t> Incoming::read(std::span<std::byte> out) {
  constexpr int kPatienceMs = 100;  // then somebody may have lost his
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (host_.cancelled && host_.cancelled()) return fail(ErrorCode::interrupted, "interrupted");
    pollfd ready{.fd = file_.get(), .events = POLLIN, .revents = 0};
    const int found = poll(&ready, 1, kPatienceMs);
    if (found == 0 || (found < 0 && errno == EINTR)) continue;
    const ssize_t got = ::read(file_.get(), out.data() + filled, out.size() - filled);
    if (got == 0) break;
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) {
      return fail(ErrorCode::io, fmt::format("the core cannot be read: {}", std::strerror(errno)));
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<void> Incoming::readUpTo(std::uint64_t size, std::vector<std::byte>& bytes) {
  // A length that was made up costs no more memory than bytes that really come.
  constexpr std::size_t kPiece = 1 << 20;
  while (bytes.size() < size) {
    const std::size_t before = bytes.size();
    const std::size_t more = std::min<std::uint64_t>(size - before, kPiece);
    bytes.resize(before + more);
    const auto got = read(std::span(bytes).subspan(before));
    bytes.resize(before + (got ? *got : 0));
    if (!got) return tl::unexpected(got.error());
    if (*got < more) break;
  }
  return {};
}

}  // namespace parked::command
