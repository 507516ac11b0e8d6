#include "resources/http/request_end.h"

#include <algorithm>

#include "image/image.h"

namespace parked::resources {

RequestEnd::RequestEnd(const golang::Snapshot& snapshot, const proof::Proof* proof,
                       const StackIndex& stacks, const Contexts& contexts)
    : snapshot_(snapshot),
      proof_(proof),
      stacks_(stacks),
      nodes_(contexts.nodes),
      ambiguous_(contexts.nodes.size()),
      above_(contexts.nodes.size(), Above::unknown) {
  image::LayoutSource& layouts = snapshot.image->libraryLayouts();
  std::vector<std::string> missing;
  image::Binder connection(layouts, "net/http.persistConn", missing);
  size_ = connection.size();
  connection.optional(closed_, "closech");
  connection.optional(clientConn_, "isClientConn");
  ownContext_ =
      image::Binder(layouts, "net/http.transportRequest", missing).offsetOf("ctx", false) !=
      image::Field<Addr>::kAbsent;
  for (Index i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].done != 0 && !byDone_.insert(nodes_[i].done, i)) {
      ambiguous_[byDone_.find(nodes_[i].done)] = true;
    }
  }
  lookAbove();
}

/// Whether anything above a node can end it. A way up that ends in no root is not known whole.
void RequestEnd::lookAbove() {
  std::vector<Index> way;
  for (Index i = 0; i < nodes_.size(); ++i) {
    Above found = Above::something;
    for (Index at = i; at != kNone; at = nodes_[at].parent) {
      const ContextKind kind = nodes_[at].kind;
      const bool top = kind == ContextKind::root || kind == ContextKind::withoutCancel;
      if (top) above_[at] = Above::nothing;
      if (above_[at] != Above::unknown) {
        if (above_[at] == Above::nothing && (top || kind == ContextKind::value)) found = above_[at];
        break;
      }
      above_[at] = Above::asking;
      way.push_back(at);
    }
    // From the top down: what derives from a context that can be cancelled ends with it.
    for (; !way.empty(); way.pop_back()) {
      above_[way.back()] = found;
      if (nodes_[way.back()].kind != ContextKind::value) found = Above::something;
    }
  }
}

bool RequestEnd::isLeaked(Index goroutine) const {
  return proof_ != nullptr && proof_->fate(goroutine) == proof::Fate::leaked;
}

/// Who still writes the request closes the connection when that fails.
bool RequestEnd::hasSent(const HttpConnection& connection) const {
  if (connection.writer == kNone) return false;
  const golang::Goroutine& writer = snapshot_.goroutines[connection.writer];
  return golang::isBlocked(writer.status) &&
         snapshot_.reasonOf(writer) == golang::ReasonClass::select &&
         stacks_.innermost(connection.writer) == kWriteLoop;
}

/// The channel is that of the context which the Transport made for this request, it derives from
/// nothing that ends, and nobody else waits on it: who waits for Request.Cancel does.
bool RequestEnd::isEndless(Addr done, Index reader) const {
  const Index at = ownContext_ ? byDone_.find(done) : golang::AddrMap::kMissing;
  if (at == golang::AddrMap::kMissing || ambiguous_[at]) return false;
  const ContextNode& node = nodes_[at];
  return node.kind == ContextKind::cancel && above_[at] == Above::nothing &&
         std::ranges::all_of(node.goroutines,
                             [&](Index each) { return each == reader || isLeaked(each); });
}

bool RequestEnd::mayCome(const HttpConnection& connection, Addr body) const {
  if (connection.reader == kNone) return true;
  if (isLeaked(connection.reader)) return false;  // nothing reaches what it waits on
  const auto object =
      image::readObject(snapshot_.image->target().memory(), connection.address, size_);
  const Addr closed = object[closed_];
  // Who has a ClientConn may close it.
  if (closed == 0 || object[clientConn_] != 0 || !hasSent(connection)) return true;
  bool hasClosed = false, hasContext = false;
  for (const golang::Wait& wait : snapshot_.waitsOf(snapshot_.goroutines[connection.reader])) {
    if (wait.address == body) continue;
    // Nobody but its own goroutines closes a connection that is busy.
    if (wait.address == closed) {
      hasClosed = true;
    } else if (isEndless(wait.address, connection.reader)) {
      hasContext = true;
    } else {
      return true;
    }
  }
  // A case that is not among the waits may be the one that comes.
  return !hasClosed || hasContext != ownContext_;
}

}  // namespace parked::resources
