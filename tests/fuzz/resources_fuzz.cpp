// room: resources
// What the standard library holds (HTTP, SQL, files, contexts, timers, x/sync) in real cores
// (scene.h) whose objects of these kinds are written into; every other core is read with symbols.
// Input: whether with the proof (1 bit of a byte) and which core (the others), then patches.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "golang/snapshot.h"
#include "image/image.h"
#include "proof/proof.h"
#include "resources/contexts/model.h"
#include "resources/files/model.h"
#include "resources/http/model.h"
#include "resources/locks/xsync.h"
#include "resources/resources.h"
#include "resources/sql/model.h"
#include "resources/timers/model.h"
#include "scene.h"
#include "target/target.h"

namespace {

using namespace parked;
using fuzz::Place;
using fuzz::require;
using resources::kNone;

constexpr std::size_t kMostPatches = 24;

void check(const golang::Snapshot& snapshot, const resources::Resources& resources) {
  const auto inside = [](golang::Index index, std::size_t size, const char* what) {
    require(index == kNone || index < size, what);
  };
  const std::size_t goroutines = snapshot.goroutines.size();
  const resources::Http& http = resources.parts.of<resources::Http>();
  for (const auto& connection : http.connections) {
    inside(connection.transport, http.transports.size(), "a connection's transport exists");
    inside(connection.server, http.servers.size(), "a connection's server exists");
    for (const golang::Index index : {connection.reader, connection.writer, connection.user}) {
      inside(index, goroutines, "a connection's goroutine exists");
    }
  }
  for (const auto& transport : http.transports) {
    for (const golang::Index index : transport.connections) {
      require(index < http.connections.size(), "a transport's connection exists");
    }
  }
  for (const auto& database : resources.parts.of<resources::Sql>().databases) {
    for (const auto& conn : database.conns) {
      inside(conn.goroutine, goroutines, "a connection's goroutine exists");
    }
  }
  const auto& nodes = resources.parts.of<resources::Contexts>().nodes;
  for (const auto& node : nodes) {
    inside(node.parent, nodes.size(), "a context's parent exists");
    inside(node.timer, resources.parts.of<resources::Timers>().all.size(),
           "a context's timer exists");
    // Parents end: nobody who follows them runs in a circle.
    std::size_t depth = 0;
    for (golang::Index at = node.parent; at != kNone; at = nodes[at].parent) {
      require(++depth <= nodes.size(), "contexts are trees");
    }
  }
  for (const auto& file : resources.parts.of<resources::Files>().all) {
    inside(file.reader, goroutines, "a file's reader exists");
    inside(file.writer, goroutines, "a file's writer exists");
  }
}

class Program {
 public:
  Program(fuzz::Scene& scene, bool symbols)
      : scene_(scene), opened_(scene, symbols ? scene.binary : scene.stripped) {
    auto snapshot = golang::takeSnapshot(*opened_.image, nullptr, nullptr);
    if (!snapshot) fuzz::give_up(snapshot.error().message);
    snapshot_ = std::move(*snapshot);
    proof_ = proof::Proof::run(*snapshot_, nullptr, nullptr);
    aim(*resources::readResources(*snapshot_, proof_.get(), nullptr, nullptr));
  }

  void run(bool proved, const std::vector<fuzz::Patch>& patches) {
    for (const fuzz::Patch& patch : patches) {
      const auto& places = places_[patch.where % places_.size()];
      write(scene_, scene_.core, places[patch.position % places.size()], patch);
    }
    check(*snapshot_,
          *resources::readResources(*snapshot_, proved ? proof_.get() : nullptr, nullptr, nullptr));
    scene_.core.restore();
  }

 private:
  /// At the objects of each kind and at what those point to.
  void aim(const resources::Resources& intact) {
    std::array<std::vector<Addr>, 7> roots;
    for (const auto& each : intact.parts.of<resources::Http>().transports)
      roots[0].push_back(each.address);
    for (const auto& each : intact.parts.of<resources::Http>().servers)
      roots[0].push_back(each.address);
    for (const auto& each : intact.parts.of<resources::Http>().connections) {
      roots[1].push_back(each.address);
      roots[1].push_back(each.net.netFd);
      for (const auto& stream : each.requests) roots[1].push_back(stream.address);
    }
    for (const auto& each : intact.parts.of<resources::Sql>().databases) {
      roots[2].push_back(each.address);
      for (const auto& conn : each.conns)
        roots[2].insert(roots[2].end(), {conn.address, conn.user});
    }
    for (const auto& each : intact.parts.of<resources::Contexts>().nodes) {
      roots[3].insert(roots[3].end(), {each.address, each.done});
    }
    for (const auto& each : intact.parts.of<resources::Files>().all) {
      roots[4].insert(roots[4].end(), {each.object, each.poll});
    }
    for (const auto& each : intact.parts.of<resources::Timers>().all) {
      roots[5].insert(roots[5].end(), {each.address, each.closure, each.channel});
    }
    for (const auto& each : snapshot_->goroutines) roots[6].push_back(each.sp);
    for (const auto& each : roots) {
      if (auto places = scene_.around(each, 2, 40); !places.empty()) places_.push_back(places);
    }
    require(places_.size() > 3, "there are objects of several kinds");
  }

  fuzz::Scene& scene_;
  fuzz::Opened opened_;
  std::unique_ptr<golang::Snapshot> snapshot_;
  std::unique_ptr<proof::Proof> proof_;
  std::vector<std::vector<Place>> places_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto library = fuzz::openScenes("library");
  static const std::vector<std::unique_ptr<Program>> programs = [] {
    std::vector<std::unique_ptr<Program>> made;
    for (auto* scenes : {&fuzz::scenes(), &library}) {
      for (auto& scene : *scenes) {
        made.push_back(std::make_unique<Program>(*scene, made.size() % 2 == 0));
      }
    }
    return made;
  }();
  if (size < 1) return 0;
  programs[data[0] / 2 % programs.size()]->run(data[0] % 2 == 0,
                                               fuzz::patchesOf(data + 1, size - 1, kMostPatches));
  return 0;
}
