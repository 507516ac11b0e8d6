#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "proof/reach.h"
#include "resources/files/model.h"
#include "target/sockets.h"

namespace parked::resources {

namespace {

using image::Binder;
using image::Field;

using image::kAbsent;
// Every open file and connection has one of these as its finalizer; closing takes it away.
constexpr std::string_view kCloseFile = "os.(*file).close";
constexpr std::string_view kCloseNet = "net.(*netFD).Close";

class FilesReader {
 public:
  FilesReader(const golang::Snapshot& snapshot, const heap::Heap& heap, const proof::Proof* proof,
              IncompleteList& incomplete)
      : snapshot_(snapshot),
        heap_(heap),
        proof_(proof != nullptr && proof->given() ? proof : nullptr),
        incomplete_(incomplete),
        values_(*snapshot.image, incomplete),
        conns_(*snapshot.image, incomplete) {
    std::vector<std::string> missing;
    Binder file(snapshot.image->libraryLayouts(), "os.file", missing);
    file.optional(sysFd_, "pfd.Sysfd");
    name_ = file.offsetOf("name", false);
  }

  void readObjects(const heap::Specials& specials);
  void findHolders(Observer* observer);
  void readPolled();
  void readKernel();
  Files take();

 private:
  OpenFile& at(std::int64_t fd) {
    OpenFile& file = files_[fd];
    file.fd = fd;
    return file;
  }

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  const proof::Proof* proof_;  // null: none was given
  IncompleteList& incomplete_;
  GoValues values_;
  NetConns conns_;
  Field<std::int64_t> sysFd_;
  std::uint32_t name_ = kAbsent;
  std::map<std::int64_t, OpenFile> files_;
};

void FilesReader::readObjects(const heap::Specials& specials) {
  const image::FunctionTable& functions = snapshot_.image->functions();
  for (const heap::Special& special : specials.all) {
    if (special.kind != heap::SpecialKind::finalizer) continue;
    const Addr code = values_.pointer(values_.pointer(special.payload));
    const image::FuncIndex index = functions.find(code);
    if (index == image::kNoFunc) continue;
    const std::string_view name = functions.function(index).name;
    if (name != kCloseFile && name != kCloseNet) continue;
    const Addr object = heap_.address(special.object);
    OpenFile file;
    file.object = object;
    file.reachable = proof_ == nullptr || proof_->marker()->isMarked(special.object);
    if (name == kCloseFile) {
      if (!sysFd_ || name_ == kAbsent || !values_.memory().read(object + sysFd_.offset, file.fd)) {
        incomplete_.add("open file", "the layout of os.file is not known", object);
        continue;
      }
      file.kind = FileKind::file;
      file.name = values_.string(object + name_, 4096);
    } else {
      const NetConn conn = conns_.ofNetFd(object);
      if (conn.netFd == 0) {
        incomplete_.add("open connection", "the layout of net.netFD is not known", object);
        continue;
      }
      file.kind = FileKind::network;
      file.fd = conn.fd;
      file.network = conn.network;
      file.local = conn.local;
      file.remote = conn.remote;
    }
    if (file.fd < 0) continue;  // being closed
    // A number that was given out again belongs to whom somebody still has.
    OpenFile& known = at(file.fd);
    if (known.object == 0 || (!known.reachable && file.reachable)) known = std::move(file);
  }
}

/// Which leaked goroutines keep the collector from closing what nobody can close any more.
void FilesReader::findHolders(Observer* observer) {
  const auto lost = [](const auto& entry) { return !entry.second.reachable; };
  if (proof_ == nullptr || std::ranges::none_of(files_, lost)) return;
  std::vector<Index> leaked;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (proof_->fate(i) == proof::Fate::leaked) leaked.push_back(i);
  }
  if (leaked.empty()) return;
  proof::Reach reach(snapshot_, heap_, {.notMarked = proof_->marker()});
  if (!reach.follow(leaked, observer)) return;  // readResources() asks, too
  for (auto& [fd, file] : files_) {
    if (file.reachable) continue;
    const auto holders = reach.of(file.object);
    file.holders.assign(holders.begin(), holders.end());
    file.moreHolders = reach.byMore(file.object);
  }
}

/// The poller's view: who waits, until when.
void FilesReader::readPolled() {
  std::unordered_map<Addr, Index> byAddress;
  for (const golang::PollFd& poll : snapshot_.fds) {
    byAddress.emplace(poll.reader, kNone);
    byAddress.emplace(poll.writer, kNone);
  }
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    const auto at = byAddress.find(snapshot_.goroutines[i].address);
    if (at != byAddress.end()) at->second = i;
  }
  for (const golang::PollFd& poll : snapshot_.fds) {
    OpenFile& file = at(poll.fd);
    if (file.kind == FileKind::raw) file.kind = FileKind::polled;
    file.poll = poll.address;
    if (poll.reader != 0) file.reader = byAddress[poll.reader];
    if (poll.writer != 0) file.writer = byAddress[poll.writer];
    file.readDeadline = poll.readDeadline;
    file.writeDeadline = poll.writeDeadline;
  }
}

/// What the kernel knows besides, or knew of what was dumped.
void FilesReader::readKernel() {
  for (const target::Descriptor& descriptor : snapshot_.image->target().descriptors()) {
    OpenFile& file = at(descriptor.fd);
    if (file.name.empty()) file.name = descriptor.link;
  }
  // Of package net's sockets the addresses are known.
  std::unordered_set<std::uint64_t> unknown;
  for (const auto& [fd, file] : files_) {
    const auto inode = file.network.empty() ? target::socketInode(file.name) : std::nullopt;
    if (inode) unknown.insert(*inode);
  }
  if (unknown.empty()) return;
  const target::Sockets sockets = snapshot_.image->target().sockets(unknown);
  for (auto& [fd, file] : files_) {
    const auto at = sockets.find(target::socketInode(file.name).value_or(0));
    if (at == sockets.end() || !file.network.empty()) continue;
    file.network = at->second.network;
    file.local = at->second.local;
    file.remote = at->second.remote;
  }
}

Files FilesReader::take() {
  Files files;
  files.all.reserve(files_.size());
  for (auto& [fd, file] : files_) files.all.push_back(std::move(file));
  return files;
}

}  // namespace

Files readFiles(const golang::Snapshot& snapshot, const heap::Heap& heap,
                const heap::Specials& specials, const proof::Proof* proof,
                IncompleteList& incomplete, Observer* observer) {
  FilesReader reader(snapshot, heap, proof, incomplete);
  reader.readObjects(specials);
  reader.findHolders(observer);
  reader.readPolled();
  reader.readKernel();
  return reader.take();
}

}  // namespace parked::resources
