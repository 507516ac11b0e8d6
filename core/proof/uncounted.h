// Edges that do not count for orphans: a list for looking at, through which nobody stops anything.
#pragma once

#include <string_view>
#include <vector>

#include "image/image.h"

namespace parked::proof {

/// A package through whose variables, or through one of them, nobody can end what they lead to. It
/// needs that nobody else can use them, and that nothing there closes or cancels anything.
struct UncountedEdges {
  std::string_view package;
  std::string_view variable;  ///< that every program with the package has
  std::string_view reason;    ///< one clause
  bool alone = false;         ///< of the package, only this variable, which is a channel
};

/// Of a word of the program's data; null if it counts. Without symbols other variables of the
/// package do.
const UncountedEdges* uncountedAt(const image::Image& image, Addr word);

/// Those of one program.
class UncountedWords {
 public:
  explicit UncountedWords(const image::Image& image);
  /// As uncountedAt(), for many words.
  const UncountedEdges* at(Addr word) const;
  /// What the variables that stand alone have: channels that nobody sends to or closes.
  std::vector<Addr> channels() const;

 private:
  struct Part {
    Addr from = 0, to = 0;
    const UncountedEdges* edges = nullptr;
  };
  void addObject(const UncountedEdges& edges, Addr variable);

  const image::Image& image_;
  // Most programs have none, and are not asked word by word.
  std::vector<Part> parts_;     // the variables, and what they point to
  std::vector<Addr> channels_;  // variables that stand alone
};

}  // namespace parked::proof
