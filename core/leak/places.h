// Places in the source, stored once, and the three places of a stack people look for.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "golang/snapshot.h"
#include "leak/code.h"

namespace parked::leak {

/// A line of source. The views belong to the Code.
struct Place {
  std::string_view function;  ///< "main.(*T).run"
  std::string_view file;
  std::int32_t line = 0;
};
using PlaceId = std::uint32_t;
inline constexpr PlaceId kNoPlace = 0;  ///< the empty place

/// What is worked out once for each distinct stack.
struct StackInfo {
  PlaceId current = kNoPlace;  ///< innermost frame (Delve: curloc)
  /// Innermost frame outside the runtime and the standard library (userloc); when there is none,
  /// the outermost, which says what the goroutine is.
  PlaceId user = kNoPlace;
  /// Outermost frame that is not a wrapper or the runtime's, at its `func` line; kNoPlace when the
  /// stack is truncated.
  PlaceId outermost = kNoPlace;
};

/// The function that starts at `entry`, at its `func` line; of a method value, the method. Empty if
/// there is none.
Place functionAt(const Code& code, Addr entry);

/// Looks places up, each pc once.
class Places {
 public:
  explicit Places(const Code& code);

  const Place& operator[](PlaceId id) const { return places_[id]; }
  std::size_t size() const { return places_.size(); }

  StackInfo stack(const golang::Snapshot& snapshot, const golang::Stack& stack);
  /// The go statement whose return address is `pc`.
  PlaceId creator(Addr pc);
  /// The start function at its `func` line. For the wrapper the compiler makes of `go f(x)`, f
  /// itself, which is `outermost` of the goroutine's stack.
  PlaceId start(Addr pc, PlaceId outermost);

 private:
  struct Pc {
    PlaceId first = kNoPlace;      ///< innermost
    PlaceId user = kNoPlace;       ///< innermost of the user's
    PlaceId outermost = kNoPlace;  ///< outermost that is neither wrapper nor the runtime's
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const;
    bool operator()(const Place& a, const Place& b) const;
  };
  PlaceId intern(const Place& place);
  const Pc& lookUp(Addr pc, bool exact);

  const Code* code_;
  std::vector<Place> places_;
  std::unordered_map<Place, PlaceId, PlaceHash, PlaceHash> ids_;
  std::unordered_map<std::uint64_t, Pc> pcs_;  ///< by pc * 2 + exact
  struct Start {
    PlaceId place = kNoPlace;
    bool wrapper = false;
  };
  std::unordered_map<Addr, Start> starts_;
  std::vector<image::SourceFrame> frames_;  ///< scratch
};

}  // namespace parked::leak
