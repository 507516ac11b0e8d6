// File descriptors: the Go objects behind them, what they lead to, who reads and writes. Mirrors
// os/file_unix.go (file), net/fd_posix.go (netFD) and runtime/netpoll.go (pollDesc), Go 1.18
// to 1.27.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "heap/specials.h"
#include "proof/proof.h"
#include "resources/finder.h"
#include "resources/net_conn.h"

namespace parked::resources {

/// Each has a row in model.cpp.
enum class FileKind : std::uint8_t {
  file,     ///< an os.File
  network,  ///< of package net
  polled,   ///< known to the runtime's poller only: its own, or a library's
  raw,      ///< known to the kernel only: opened by a system call, or by C
};

struct FileTraits {
  FileKind value;
  std::string_view id;    ///< stable, for machines
  std::string_view what;  ///< for a person; "" where the socket or the name says it
  std::string_view noun, nouns;
};

const FileTraits& traitsOf(FileKind kind);

struct OpenFile {
  std::int64_t fd = -1;
  FileKind kind = FileKind::raw;
  Addr object = 0;                     ///< the os.file or net.netFD, 0 if there is none
  std::string name;                    ///< of a file; of another what the kernel calls it
  std::string network, local, remote;  ///< of a socket
  bool reachable = true;               ///< false: proved that nothing that can still run has it
  /// Not reachable: leaked goroutines that have it, a few of them. The collector goes by their
  /// stacks, too, so that it stays open. Without any, its finalizer will close it.
  std::vector<Index> holders;
  bool moreHolders = false;
  Addr poll = 0;                                     ///< pollDesc, 0 if it has none
  Index reader = kNone, writer = kNone;              ///< goroutines that wait for it
  std::int64_t readDeadline = 0, writeDeadline = 0;  ///< monotonic ns; 0 none; <0 expired
};

/// In order of the descriptors' numbers.
struct Files {
  std::vector<OpenFile> all;
};

/// `specials` are the heap's; `proof` may be null or withheld. `observer` may be null.
Files readFiles(const golang::Snapshot& snapshot, const heap::Heap& heap,
                const heap::Specials& specials, const proof::Proof* proof,
                IncompleteList& incomplete, Observer* observer);

}  // namespace parked::resources
