#include "target/pseudonyms.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace parked::target {
namespace {

using namespace std::string_view_literals;

constexpr std::array kPublic{
    "http"sv,     "https"sv,     "ws"sv,          "wss"sv,         "socks5"sv,    "tcp"sv,
    "tcp4"sv,     "tcp6"sv,      "udp"sv,         "udp4"sv,        "udp6"sv,      "unix"sv,
    "unixgram"sv, "ip"sv,        "GET"sv,         "HEAD"sv,        "POST"sv,      "PUT"sv,
    "PATCH"sv,    "DELETE"sv,    "OPTIONS"sv,     "CONNECT"sv,     "TRACE"sv,     "PRI"sv,
    "HTTP/1.0"sv, "HTTP/1.1"sv,  "HTTP/2.0"sv,    "HTTP/2"sv,      "/dev/null"sv, "/dev/zero"sv,
    "/dev/tty"sv, "/dev/ptmx"sv, "/dev/random"sv, "/dev/urandom"sv};
/// Descriptors without a name: the kernel gives them a number.
constexpr std::array kNumbered{"socket:["sv, "pipe:["sv, "/dev/pts/"sv};
constexpr std::string_view kAnonymous = "anon_inode:";
constexpr std::string_view kDeleted = " (deleted)";

bool isPublic(std::string_view text) {
  if (std::ranges::find(kPublic, text) != kPublic.end()) return true;
  for (const std::string_view start : kNumbered) {
    if (!text.starts_with(start)) continue;
    const std::string_view rest = text.substr(start.size());
    return rest.find_first_not_of("0123456789]") == std::string_view::npos;
  }
  // anon_inode:[eventpoll]: of the kernel's making.
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz-_[]";
  return text.starts_with(kAnonymous) &&
         text.substr(kAnonymous.size()).find_first_not_of(kLetters) == std::string_view::npos;
}

/// Whether leak::tellingText() has nothing to tell of it though it is printable.
bool tellsNothing(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) text.remove_prefix(at + 1);
  return text.empty() || text.find_first_of("?&=;") == 0;
}

bool isWord(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

/// A pathname that the kernel shows may have this behind it.
std::string_view withoutSuffix(std::string_view text) {
  if (text.starts_with('/') && text.ends_with(kDeleted)) text.remove_suffix(kDeleted.size());
  return text;
}

std::size_t hostSize(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  const bool port = colon != std::string_view::npos && colon + 1 < endpoint.size() &&
                    endpoint.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  return port ? colon : endpoint.size();
}

/// As package net shows it alone.
std::string_view hostOf(std::string_view endpoint) {
  std::string_view host = endpoint.substr(0, hostSize(endpoint));
  if (host.size() >= 2 && host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

/// Where a path ends nothing tells: it may have blanks.
bool hasPath(std::string_view sentence) { return sentence.find('/') != std::string_view::npos; }

}  // namespace

void Pseudonyms::add(std::string_view text) {
  text = withoutSuffix(text);
  if (!text.empty() && !isPublic(text)) numbers_.try_emplace(std::string(text), 0);
}

void Pseudonyms::number() {
  std::size_t next = 0;
  for (auto& [text, number] : numbers_) number = ++next;
}

std::string Pseudonyms::of(std::string_view text) const {
  const std::string_view bare = withoutSuffix(text);
  if (bare.empty() || isPublic(bare)) return std::string(text);
  const auto at = numbers_.find(bare);
  const std::string start = tellsNothing(bare) ? "?" : bare.starts_with('/') ? "/" : "";
  const std::string_view behind = isWord(bare) ? "" : " text";
  // The same width for all, as they are sorted.
  const std::size_t width = std::to_string(numbers_.size()).size();
  std::string name = at == numbers_.end()
                         ? "redacted"
                         : fmt::format("redacted-{:0{}}{}", at->second, width, behind);
  return start + name + std::string(text.substr(bare.size()));
}

void Pseudonyms::addEndpoint(std::string_view endpoint) { add(hostOf(endpoint)); }

std::string Pseudonyms::ofEndpoint(std::string_view endpoint) const {
  return of(hostOf(endpoint)) + std::string(endpoint.substr(hostSize(endpoint)));
}

void Pseudonyms::addSentence(std::string_view sentence) {
  if (hasPath(sentence)) add(sentence);
}

std::string Pseudonyms::ofSentence(std::string_view sentence) const {
  return hasPath(sentence) ? of(sentence) : std::string(sentence);
}

}  // namespace parked::target
