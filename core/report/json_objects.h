// The objects of the JSON document and of JSON lines, each as the text of one JSON object.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/model.h"

namespace parked::report {

/// Version of the document; changes when a reader of the old one would misread the new one.
inline constexpr std::string_view kJsonSchema = "parked/1";

/// A JSON string literal; broken UTF-8 becomes U+FFFD.
std::string jsonString(std::string_view text);
/// An address: "\"0xc000012345\"".
std::string jsonAddress(Addr address);

/// Writes objects of one report. Keeps the text of what many goroutines share (stacks, places), so
/// that a hundred thousand of them cost little more than their own numbers.
class JsonObjects {
 public:
  explicit JsonObjects(const Report& report);

  std::string target() const;
  /// Appended to `out`: it is called once per goroutine.
  void goroutine(Index index, std::string& out);
  std::string group(std::size_t index);
  std::string timer(const golang::Timer& timer) const;
  std::string channel(const golang::Channel& channel) const;
  std::string lock(const golang::Lock& lock) const;
  static std::string incomplete(const Incomplete& entry);

 private:
  const std::string& frames(const golang::Goroutine& goroutine);
  std::string place(leak::PlaceId id) const;
  void wait(const golang::Wait& wait, std::string& out) const;

  const Report& report_;
  const golang::Snapshot& snapshot_;
  const leak::Analysis& analysis_;
  std::vector<Index> groupOf_;
  std::vector<std::string> frames_;  ///< by stack
  std::vector<std::string> places_;  ///< function text by place, filled on first use
};

}  // namespace parked::report
