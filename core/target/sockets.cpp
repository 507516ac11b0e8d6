#include "target/sockets.h"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <span>

namespace parked::target {
namespace {

constexpr std::string_view kSocketLink = "socket:[";

/// "0100007F:1F90", 32-bit words in the machine's order and the port in hexadecimal, as Go writes
/// the address; "" for the port 0 or what is no address.
std::string addressText(std::string_view hex) {
  const std::size_t colon = hex.find(':');
  if (colon != 8 && colon != 32) return {};
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < colon / 8; ++i) {
    const std::string_view word = hex.substr(i * 8, 8);
    if (std::from_chars(word.begin(), word.end(), words[i], 16).ptr != word.end()) return {};
  }
  std::uint16_t port = 0;
  const std::string_view digits = hex.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port, 16);
  if (error != std::errc() || end != digits.end() || port == 0) return {};
  const bool mapped = colon == 32 && words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (colon == 8 || mapped) {
    inet_ntop(AF_INET, &words[mapped ? 3 : 0], text.data(), text.size());
    return fmt::format("{}:{}", text.data(), port);
  }
  inet_ntop(AF_INET6, words.data(), text.data(), text.size());
  return fmt::format("[{}]:{}", text.data(), port);
}

bool isWanted(const char* digits, const std::unordered_set<std::uint64_t>& wanted,
              std::uint64_t& inode) {
  return std::from_chars(digits, digits + std::strlen(digits), inode).ec == std::errc() &&
         inode != 0 && wanted.contains(inode);
}

}  // namespace

std::optional<std::uint64_t> socketInode(std::string_view link) {
  if (!link.starts_with(kSocketLink) || !link.ends_with(']')) return std::nullopt;
  link.remove_prefix(kSocketLink.size());
  link.remove_suffix(1);
  std::uint64_t inode = 0;
  const auto [end, error] = std::from_chars(link.begin(), link.end(), inode);
  return error == std::errc() && end == link.end() ? std::optional(inode) : std::nullopt;
}

// "  sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt   uid  timeout
// inode"
void readInetSockets(std::istream& list, std::string_view network,
                     const std::unordered_set<std::uint64_t>& wanted, Sockets& found) {
  std::string line;
  while (found.size() < wanted.size() && std::getline(list, line)) {
    std::array<char, 48> local{}, remote{}, digits{};
    std::uint64_t inode = 0;
    if (std::sscanf(line.c_str(), " %*[0-9]: %47s %47s %*x %*s %*s %*s %*s %*s %47s", local.data(),
                    remote.data(), digits.data()) != 3 ||
        !isWanted(digits.data(), wanted, inode)) {
      continue;
    }
    found[inode] = {std::string(network), addressText(local.data()), addressText(remote.data())};
  }
}

// "Num       RefCount Protocol Flags    Type St Inode Path"
void readUnixSockets(std::istream& list, const std::unordered_set<std::uint64_t>& wanted,
                     Sockets& found) {
  std::string line;
  while (found.size() < wanted.size() && std::getline(list, line)) {
    std::array<char, 48> digits{};
    int end = 0;
    std::uint64_t inode = 0;
    if (std::sscanf(line.c_str(), " %*[0-9a-fA-F]: %*x %*x %*x %*x %*x %47s%n", digits.data(),
                    &end) != 1 ||
        !isWanted(digits.data(), wanted, inode)) {
      continue;
    }
    Socket socket{"unix", {}, {}};
    if (static_cast<std::size_t>(end) + 1 < line.size()) {
      socket.local = line.substr(static_cast<std::size_t>(end) + 1);
    }
    found[inode] = std::move(socket);
  }
}

Sockets readSockets(std::int32_t pid, const std::unordered_set<std::uint64_t>& wanted) {
  Sockets found;
  const auto open = [&](std::string_view name) {
    return std::ifstream(fmt::format("/proc/{}/net/{}", pid, name));
  };
  for (const auto& [name, network] :
       {std::pair{"tcp", "tcp"}, {"tcp6", "tcp"}, {"udp", "udp"}, {"udp6", "udp"}}) {
    if (found.size() == wanted.size()) return found;
    auto list = open(name);
    readInetSockets(list, network, wanted, found);
  }
  if (found.size() < wanted.size()) {
    auto list = open("unix");
    readUnixSockets(list, wanted, found);
  }
  return found;
}

}  // namespace parked::target
