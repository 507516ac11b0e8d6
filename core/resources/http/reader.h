// Reads Http from a snapshot. The work of one pass, in a file each for clients (http_client.cpp for
// HTTP/1, http2_client.cpp), servers, requests, and bodies that are lost.
#pragma once

#include <map>
#include <memory>
#include <tuple>
#include <unordered_map>

#include "base/parts.h"
#include "base/progress.h"
#include "golang/map_reader.h"
#include "proof/proof.h"
#include "proof/stack_roots.h"
#include "resources/contexts/model.h"
#include "resources/finder.h"
#include "resources/http/model.h"
#include "resources/stack_index.h"
#include "resources/times.h"

namespace parked::resources {

inline constexpr std::string_view kHttpRequest = "net/http.Request";

class HttpReader {
 public:
  HttpReader(const golang::Snapshot& snapshot, const proof::Proof* proof, StackIndex& stacks,
             IncompleteList& incomplete, Observer* observer);

  /// Types to look for in the first pass of `finder`.
  void want(Finder& finder) const;
  /// Reads everything, with what that pass found; asks `again` about holders for a second one.
  void read(const Finder& finder, Finder& again);
  /// Whom the second pass found to hold the transports and bodies. Both end early when the user
  /// asks to stop, and what they give is worth nothing then.
  void judge(const Finder& first, const Finder& again, const Parts& parts);

  Http take() { return std::move(http_); }

 private:
  struct PersistConn;
  struct Request;

  void readClient(const Finder& finder);
  Index transportAt(Addr address);
  void readTransport(HttpTransport& transport);
  void readHosts(HttpTransport& transport);
  HttpHost& hostOf(HttpTransport& transport, const HttpConnection& connection);
  void readPersistConns();
  HttpState stateOf(const HttpConnection& connection, std::int64_t expected) const;
  void readDials();
  void readUsers();
  void findRequest(HttpConnection& connection);
  /// The request of that type at the address, empty if it is none. `scheme` is for one that does
  /// not say its own.
  HttpRequest requestAt(Addr address, std::string_view type, std::string_view scheme) const;
  HttpRequest requestAt(Addr address, const Request& layout, std::string_view scheme) const;

  Addr http2Of(Addr transport) const;
  void judgeBodies(const Finder& again, const Contexts& contexts);
  std::vector<Addr> bodyChain(const HttpConnection& connection);
  Addr bodyChannel(const HttpConnection& connection) const;

  struct Http2Client;
  struct Http2Server;
  void readHttp2();
  void readConnections(const Http2Client& package);
  Addr http1Transport(Addr field) const;
  void readStreams(const Http2Client& package);
  void readServers(const Finder& finder);
  void findServers(const Finder& finder);
  struct ServerConn;
  void readConnections(Index server, const ServerConn& layout);
  void describeConnection(const Interface& conn, HttpConnection& connection) const;
  void readHandlers();
  void readHandlers(const Http2Server& package);
  HttpRequest currentRequest(const HttpConnection& connection) const;
  Index serverAt(Addr address);

  const golang::Snapshot& snapshot_;
  const proof::Proof* proof_;
  StackIndex& stacks_;
  IncompleteList& incomplete_;
  Progress progress_;
  image::LayoutSource& layouts_;
  GoValues values_;
  NetConns conns_;
  golang::MapReader maps_;
  Times times_;
  proof::StackRoots roots_;
  std::vector<proof::HeldPointer> held_;  // scratch
  Http http_;
  std::unordered_map<Addr, Index> transports_, connections_, servers_;
  // By Transport, scheme, host and proxy: into HttpTransport::hosts.
  std::map<std::tuple<Addr, std::string, std::string, std::string>, std::size_t> hosts_;
  std::unordered_map<Index, std::vector<Addr>> bodies_;  // by connection: see bodyChain
};

}  // namespace parked::resources
