// `parked pstree`: goroutines as a tree, of creation or of who holds up whom.
#pragma once

#include <cstdint>
#include <string>

#include "leak/blocking.h"
#include "leak/forest.h"
#include "report/document.h"
#include "report/render.h"

namespace parked::report {

struct Tree {
  leak::Forest forest;
  bool waits = false;            ///< who holds up whom
  leak::BlockingLinks blocking;  ///< of that; its links are the forest's
};

/// Of the report's goroutines. Incomplete if the user asks to stop; `observer` may be null.
Tree treeOf(const Report& report, bool waits, Observer* observer);

/// The gravest and largest parts of it, `limit` lines, 0: all.
void renderTree(const Report& report, const Tree& tree, std::uint64_t limit, const TextStyle& style,
                const Sink& sink);

/// The nodes as `tree` of a document, `limit` of them, 0: all.
void addTree(Document& document, const Tree& tree, std::uint64_t limit);
/// A node as JSON object; nodes refer to one another by their numbers.
void putTreeNode(JsonWriter& json, const Report& report, const Tree& tree, std::size_t node);

}  // namespace parked::report
