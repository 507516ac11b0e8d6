// Output in pieces: a renderer appends, the writer hands whole blocks to the sink.
#pragma once

#include <cstddef>
#include <fmt/format.h>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace parked::report {

/// Receives output as it is made; false: no more of it is wanted.
using Sink = std::function<bool(std::string_view)>;

class Writer {
 public:
  explicit Writer(Sink sink) : sink_(std::move(sink)) { buffer_.reserve(kBlock + 4096); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { flush(); }

  void operator()(std::string_view text) {
    buffer_.append(text);
    drain();
  }
  template <class... Args>
  void format(fmt::format_string<Args...> pattern, Args&&... args) {
    fmt::format_to(std::back_inserter(buffer_), pattern, std::forward<Args>(args)...);
    drain();
  }
  /// The block that is being filled, for code that appends to a string; drain() now and then.
  std::string& block() { return buffer_; }
  void drain() {
    if (buffer_.size() >= kBlock) flush();
  }
  void flush() {
    if (!buffer_.empty() && !ended_) ended_ = !sink_(buffer_);
    buffer_.clear();
  }
  /// No more is wanted: a renderer of many things asks between two of them. What is written all the
  /// same goes nowhere.
  bool ended() const { return ended_; }

 private:
  static constexpr std::size_t kBlock = 64 << 10;
  Sink sink_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace parked::report
