// Places in the source, stored once, and the three places of a stack people look for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
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
  std::string_view types = {};  ///< of an instance of a generic, as Code::typesOf()
  /// "main.worker[int]"; where the types are not known the function.
  std::string shownFunction() const;
};
using PlaceId = std::uint32_t;
inline constexpr PlaceId kNoPlace = 0;  ///< the empty place

/// What is worked out once for each distinct stack. Generated code and wrappers are never a place.
struct StackInfo {
  PlaceId current = kNoPlace;  ///< innermost frame (Delve: curloc)
  /// Innermost frame of the nearest code to the reader (userloc): the main module's, else a local
  /// module's, else a library's; when there is none, the outermost, which says what the goroutine
  /// is.
  PlaceId user = kNoPlace;
  Owner owner = Owner::none;  ///< of `user`; none if nobody wrote what is on the stack
  /// Where the library called from `user` blocks: the innermost of its frames, of the standard
  /// library only if it calls no other, and none that only implements waiting (sync,
  /// internal/poll).
  PlaceId library = kNoPlace;
  /// Outermost frame that is not a wrapper or the runtime's, at its `func` line; kNoPlace when the
  /// stack is truncated.
  PlaceId outermost = kNoPlace;
  bool callsC = false;  ///< the innermost frame is a call of C, or C alone is on the thread
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
  /// The innermost call at return address `pc` that is in the main module, through the functions
  /// inlined there; kNoPlace if there is none.
  PlaceId own(Addr pc);
  /// The start function at its `func` line. For the wrapper the compiler makes of `go f(x)`, f
  /// itself, which is `outermost` of the goroutine's stack.
  PlaceId start(Addr pc, PlaceId outermost);

 private:
  /// A source frame at a pc.
  struct Line {
    PlaceId place = kNoPlace;
    PlaceId declaration = kNoPlace;  ///< at its `func` line; of the runtime's none
    Owner owner = Owner::none;
    bool written = true;  ///< neither a wrapper nor generated
  };
  /// Of a pc: lines_[first, first+count), innermost first.
  struct Pc {
    std::uint32_t first = 0, count = 0;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const;
    bool operator()(const Place& a, const Place& b) const;
  };
  PlaceId intern(const Place& place);
  std::span<const Line> lookUp(Addr pc, bool exact);
  class NearestToUser;

  const Code* code_;
  std::vector<Place> places_;
  std::unordered_map<Place, PlaceId, PlaceHash, PlaceHash> ids_;
  std::unordered_map<std::uint64_t, Pc> pcs_;  ///< by pc * 2 + exact
  std::vector<Line> lines_;
  struct Start {
    PlaceId place = kNoPlace;
    bool wrapper = false;
  };
  std::unordered_map<Addr, Start> starts_;
  std::vector<image::SourceFrame> frames_;  ///< scratch
};

}  // namespace parked::leak
