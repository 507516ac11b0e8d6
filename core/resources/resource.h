// What a resource is to the rest of parked: a reader, rules and a section, in a folder of its own.
// Adding one takes its folder and a line in resources.cpp (docs/extending/resource.md).
#pragma once

#include <memory>

#include "base/incomplete.h"
#include "base/observer.h"
#include "base/parts.h"
#include "heap/heap.h"
#include "heap/specials.h"
#include "proof/proof.h"
#include "report/section.h"
#include "resources/finder.h"
#include "resources/stack_index.h"
#include "rules/findings.h"

namespace parked::resources {

/// What readers read, and where they put it.
struct Scene {
  const golang::Snapshot& snapshot;
  const heap::Heap& heap;
  const heap::Specials& specials;  ///< the heap's
  const proof::Proof* proof;       ///< null: not asked for; may be withheld
  bool proved;                     ///< a proof was given
  StackIndex& stacks;
  Parts& parts;                ///< of every resource its model
  IncompleteList& incomplete;  ///< what could not be read
  Observer* observer;          ///< may be null
};

/// Reads one resource in step with the others: two passes over heap, globals and stacks serve all.
/// In each step the readers' turns are in the order of the table. Each ends early when the user
/// asks to stop, and what was read is worth nothing then.
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  /// Says what the first pass is to look for.
  virtual void want(Finder& first) { (void)first; }
  /// Reads what it found, and asks the second pass who has it.
  virtual void read(const Finder& first, Finder& second) { (void)first, (void)second; }
  /// What follows from the second pass.
  virtual void judge(const Finder& first, const Finder& second) { (void)first, (void)second; }
};

struct Resource {
  /// Makes its reader; what it is given outlives that.
  std::unique_ptr<Reader> (*reader)(const Scene& scene) = nullptr;
  rules::Source rules = {};
  /// The command with its help, the text, the members of JSON documents. Without a name: none.
  report::Section section = {};
};

/// A reader that is made by `Made`'s constructor from a Scene.
template <class Made>
std::unique_ptr<Reader> makeReader(const Scene& scene) {
  return std::make_unique<Made>(scene);
}

/// A reader that leaves its model to a class of its own, which is made of snapshot, proof, stacks
/// and what could not be read, and has the steps of a Reader.
template <class Model, class Its>
class ModelReader final : public Reader {
 public:
  explicit ModelReader(const Scene& scene)
      : parts_(scene.parts),
        its_(scene.snapshot, scene.proof, scene.stacks, scene.incomplete, scene.observer) {}
  void want(Finder& first) override { its_.want(first); }
  void read(const Finder& first, Finder& second) override { its_.read(first, second); }
  void judge(const Finder& first, const Finder& second) override {
    its_.judge(first, second, parts_);
    parts_.make<Model>() = its_.take();
  }

 private:
  Parts& parts_;
  Its its_;
};

}  // namespace parked::resources
