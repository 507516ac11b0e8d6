#include "schema/globals.h"

#include <array>
#include <map>
#include <string>
#include <utility>

#include "schema/global_finders.h"
#include "target/overlay.h"
#include "target/read_log.h"

namespace parked::schema {

namespace {

using Method = std::optional<Addr> (*)(const GlobalSearch&);

constexpr std::array<std::pair<std::string_view, Method>, 22> kMethods{{
    {"runtime.allgs", findAllgs},
    {"runtime.allp", findAllp},
    {"runtime.allm", findAllm},
    {"runtime.sched", findSched},
    {"runtime.gomaxprocs", findGomaxprocs},
    {"runtime.waitReasonStrings", findWaitReasons},
    {"runtime.semtable", findSemtable},
    {"runtime.mheap_", findMheap},
    {"runtime.allfin", findAllfin},
    {"runtime.fingRunning", findFinalizerRuns},
    {"runtime.fingStatus", findFinalizerStatus},
    {"runtime.gcCleanups", findCleanups},
    {"runtime.memstats", findMemstats},
    {"runtime.gcphase", findGcPhase},
    {"runtime.persistentChunks", findPersistentChunks},
    {"runtime.pollcache", findPollcache},
    {"runtime.runtimeInitTime", findRuntimeInitTime},
    {"time.startNano", findStartNano},
    {"net/http.DefaultTransport", findDefaultTransport},
    {"google.golang.org/grpc/internal/channelz.db", findGrpcChannelz},
    {"google.golang.org/grpc/internal/transport.ioBufferPoolMap", findGrpcBufferPools},
    {"go.etcd.io/etcd/client/v3.valCtxCh", findEtcdEndless},
}};

}  // namespace

struct Globals::Impl {
  GlobalSearch search;
  std::map<std::string, Addr, std::less<>> noted = search.target.ownVariables();
  std::map<std::string, std::optional<Addr>, std::less<>> known = {};
};

Globals::Globals(target::Target& target, image::LayoutSource& layouts,
                 const image::ModuleList& modules, const image::FunctionTable& functions,
                 std::uint64_t most)
    : impl_(new Impl{{target, layouts, modules, functions, most}}) {}
Globals::~Globals() = default;

std::optional<Addr> Globals::find(std::string_view name) {
  const auto known = impl_->known.find(name);
  if (known != impl_->known.end()) return known->second;
  const auto& noted = impl_->noted;
  const auto at = noted.find(name);
  std::optional<Addr> found;
  if (at != noted.end()) found = at->second;
  for (const auto& [variable, method] : kMethods) {
    // A dump notes what was found, and a redacted one need not have what was looked at for it.
    if (variable != name || !noted.empty() || impl_->search.modules.empty()) continue;
    const target::ReadLog::Trial trial(impl_->search.target.memory().log());
    found = method(impl_->search);
  }
  impl_->known.emplace(name, found);
  return found;
}

void Globals::searchAgain() {
  std::erase_if(impl_->known, [](const auto& entry) { return !entry.second; });
}

target::Variables Globals::all() {
  target::Variables found;
  const target::Target& target = impl_->search.target;
  const Addr file = target::linkBase(target.executable()) + target.bias();
  for (const auto& [variable, method] : kMethods) {
    if (const auto address = find(variable)) found.emplace(std::pair(file, variable), *address);
  }
  return found;
}

std::unique_ptr<image::VariableFinder> findGlobals(target::Target& target,
                                                   image::LayoutSource& layouts,
                                                   const image::ModuleList& modules,
                                                   const image::FunctionTable& functions) {
  return std::make_unique<Globals>(target, layouts, modules, functions,
                                   image::variableBytes(target.executable()));
}

}  // namespace parked::schema
