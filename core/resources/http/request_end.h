// What can still end an HTTP/1 request whose response body nobody can close. Its readLoop waits for
// the body's end, and for the end of the request: mirrors persistConn.readLoop and
// Transport.roundTrip of net/http/transport.go, Go 1.18 to 1.27.
#pragma once

#include <string_view>
#include <vector>

#include "proof/proof.h"
#include "resources/contexts/model.h"
#include "resources/http/model.h"
#include "resources/stack_index.h"

namespace parked::resources {

inline constexpr std::string_view kWriteLoop = "net/http.(*persistConn).writeLoop";

class RequestEnd {
 public:
  /// `proof` may be null. All must outlive the object.
  RequestEnd(const golang::Snapshot& snapshot, const proof::Proof* proof, const StackIndex& stacks,
             const Contexts& contexts);

  /// Whether something may still end the request of the connection: its context, a timeout, its
  /// Cancel channel, or an error of who still sends it. True if that is not known. Its readLoop
  /// waits for the body's end on the channel `body`. Transport.CancelRequest, which is deprecated,
  /// does not count.
  bool mayCome(const HttpConnection& connection, Addr body) const;

 private:
  enum class Above : std::uint8_t { unknown, asking, nothing, something };

  bool isLeaked(Index goroutine) const;
  bool hasSent(const HttpConnection& connection) const;
  bool isEndless(Addr done, Index reader) const;
  void lookAbove();

  const golang::Snapshot& snapshot_;
  const proof::Proof* proof_;
  const StackIndex& stacks_;
  const std::vector<ContextNode>& nodes_;
  std::uint32_t size_ = 0;  // of a persistConn
  image::Field<Addr> closed_;
  image::Field<std::uint8_t> clientConn_;  // since 1.26
  bool ownContext_ = false;      // since 1.23 each request has a context of its Transport's
  golang::AddrMap byDone_;       // channels of Done() to nodes
  std::vector<bool> ambiguous_;  // by node: another has the same channel
  std::vector<Above> above_;     // by node: whether one it derives from can be cancelled
};

}  // namespace parked::resources
