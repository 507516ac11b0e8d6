// What a frame that stands at a pc has done to locks, and how to read off its words which locks
// these are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "leak/lock_code.h"

namespace parked::leak {

/// How to compute an address from the words of a frame. `waited` is the lock that the frame waits
/// for: its address may be in no word, but it is known.
struct Expression {
  enum class Kind : std::uint8_t { word, constant, frame, offset, sum, scaled, load, waited };
  Kind kind = Kind::constant;
  std::uint32_t a = 0, b = 0;  ///< of FrameLocks::expressions
  std::int64_t number = 0;     ///< of a word, where it is from the end of the frame
};

/// A lock that a frame has taken, released, or will release.
struct LockUse {
  static constexpr std::uint32_t kNotTold = 0xffffffff;
  std::uint32_t address = kNotTold;  ///< of FrameLocks::expressions; kNotTold: it is in no word
  /// The address itself was kept. Otherwise it is read through a pointer that may since have been
  /// changed.
  bool exact = false;
  LockMode mode = LockMode::mutex;
  bool acquires = false;
  bool certain = false;  ///< on every way to where the frame stands
  Place place;           ///< the user's line
  Place now;             ///< where the frame stands, of the function that line is in
};

struct FrameLocks {
  std::vector<Expression> expressions;
  std::vector<LockUse> done;      ///< in order
  std::vector<LockUse> deferred;  ///< what closures in the frame unlock when they are called
  std::vector<LockUse> left;      ///< what it will unlock and did not lock
  bool defers = false;            ///< it has deferred something

  bool empty() const { return done.empty() && deferred.empty() && left.empty(); }
  /// Where to read what is not in the expression itself.
  struct Frame {
    Addr end = 0;
    Addr waited = 0;  ///< the lock its goroutine waits for; 0: none
    target::AddressSpace& memory;
  };
  /// The address in a frame; nothing if it cannot be read.
  std::optional<Addr> evaluate(std::uint32_t expression, const Frame& frame) const;
};

class LockSites {
 public:
  LockSites(image::Image& image, const Code& code) : code_(code), locks_(image, code) {}

  /// Of a frame of that function at `pc`, worked out once.
  const FrameLocks& at(image::FuncIndex function, Addr pc, bool exact);

 private:
  class Reader;
  const Code& code_;
  LockCode locks_;
  std::unordered_map<std::uint64_t, FrameLocks> known_;  // by pc * 2 + exact
};

}  // namespace parked::leak
