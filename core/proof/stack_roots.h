// What a goroutine holds: the pointers of its stack that are live where it stands, its deferred
// calls and panics. Mirrors scanstack and scanframeworker of runtime/mgcmark.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "golang/snapshot.h"
#include "golang/stack_maps.h"
#include "golang/unwind.h"
#include "heap/heap.h"
#include "image/image.h"
#include "schema/defer.h"
#include "schema/g.h"

namespace parked::proof {

/// A word that points, or may point, to something.
struct HeldPointer {
  Addr at = 0;  ///< where it is; 0 if it is a register
  Addr value = 0;
  bool conservative = false;  ///< nobody says that it is a pointer
};

class StackRoots {
 public:
  StackRoots(const golang::Snapshot& snapshot);

  /// Why stacks cannot be read at all; nullopt if they can.
  const std::optional<std::string>& problem() const { return problem_; }

  /// Replaces `out` by what the goroutine holds outside of its g. False if a part of its stack is
  /// not readable.
  bool read(const golang::Goroutine& goroutine, std::vector<HeldPointer>& out);

  /// Asks for the memory that read(goroutine) will need; who walks over many calls it for the one
  /// that is kAhead steps on. Stacks and g's lie scattered over gigabytes.
  void prefetch(const golang::Goroutine& goroutine) const;
  static constexpr std::size_t kAhead = 8;

 private:
  struct Object {
    Addr address = 0;
    golang::StackObject record;
    Addr masks = 0;
    bool done = false;
  };

  /// Where the pointers of a stack are. The same for all goroutines with equal frames, which is why
  /// it is worked out once: places are told by their distance from the stack's upper end.
  struct Shape {
    std::uint64_t size = 0;            ///< of the part of the stack that is in use
    std::vector<std::uint64_t> words;  ///< that hold a pointer
    std::vector<Object> objects;       ///< their addresses are distances, too
  };
  static constexpr std::uint32_t kNotSeen = 0, kSeen = 1, kNoShape = 2, kFirstShape = 3;

  /// Whether it may run though its status says otherwise.
  bool mayRun(const golang::Goroutine& goroutine) const;
  /// The shape of the goroutine's stack, null if it has none: it is the first of its kind, or which
  /// of its words are pointers is not told.
  const Shape* shapeOf(const golang::Goroutine& goroutine);
  /// Whether frames_ go on to where a stack begins.
  bool reachEnd() const;
  bool makeShape(Shape& shape);
  /// False if the stack is not readable in one piece.
  bool readShape(const Shape& shape);
  void found(Addr at, Addr value, bool conservative);
  void readWords(Addr from, Addr to);
  void readEveryWord(Addr from, Addr to);
  void readMask(Addr from, const golang::WordMask& mask);
  void readFrames();
  void readDeferred(const image::Object& g);
  void readObjects();
  void readObject(const Object& object);
  void readWhole(const golang::Goroutine& goroutine, Addr from);

  const golang::Snapshot& snapshot_;
  target::AddressSpace& memory_;
  golang::Unwinder unwinder_;
  golang::StackMaps maps_;
  std::optional<std::string> problem_;
  schema::GLayout g_;
  schema::DeferLayout defer_;
  std::uint32_t savedRegistersSize_ = 0;

  std::vector<std::uint32_t> shapeIds_;  // by stack: one of the constants, or kFirstShape + index
  std::vector<Shape> shapes_;

  // Of the goroutine being read.
  Addr lo_ = 0, hi_ = 0;
  bool complete_ = true;
  std::vector<golang::Frame> frames_;
  std::vector<Object> objects_;
  std::vector<Addr> intoStack_;  // pointers into its own stack: they make stack objects live
  std::vector<HeldPointer>* out_ = nullptr;
};

}  // namespace parked::proof
