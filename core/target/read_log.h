// Which memory of a target was read: what a redacted dump keeps.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "target/address_space.h"

namespace parked::target {

/// An AddressSpace that has one tells it of each read (AddressSpace::record). Not for several
/// threads.
class ReadLog {
 public:
  ReadLog() = default;
  ReadLog(const ReadLog&) = delete;
  ReadLog& operator=(const ReadLog&) = delete;

  /// These bytes were read: they stay.
  void note(Addr at, std::uint64_t size);
  /// A text was read: its bytes do not stay, but it is told apart from others. `shown`: as a report
  /// has it, or its beginning.
  void noteText(Addr data, std::uint64_t length, std::string_view shown);
  /// All that was asked of these bytes is whether they are text: others stand in for them.
  void noteIsText(Addr at, std::uint64_t size);

  /// What is read while it lives, and not kept in the end, was only tried: it told nothing that
  /// zeros would not tell, and does not stay. `log` may be null.
  class Trial {
   public:
    explicit Trial(ReadLog* log);
    ~Trial();
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;
    void keep() { kept_ = true; }

   private:
    ReadLog* log_;
    std::size_t reads_ = 0, texts_ = 0;
    bool kept_ = false;
  };

  /// Zeros in `bytes`, which lie at `at`, all that does not stay.
  void blank(Addr at, std::span<std::byte> bytes) const;
  bool stays(Addr at) const;

  struct Text {
    Addr data = 0;
    std::uint64_t length = 0;
    std::string shown;
  };
  /// In the order of reading, some more than once.
  const std::vector<Text>& texts() const { return texts_; }

 private:
  using Bytes = std::bitset<kPage>;  // of a page
  struct Read {
    Addr at;
    std::uint64_t size;
    bool isText;
  };
  using Pages = std::unordered_map<std::uint64_t, std::unique_ptr<Bytes>>;

  void add(const Read& read);
  static void mark(Pages& pages, Addr at, std::uint64_t size);

  Pages kept_, text_;
  std::vector<Read> tried_;
  std::vector<Text> texts_;
  int trials_ = 0;
};

}  // namespace parked::target
