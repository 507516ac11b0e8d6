// room: schema
// The search for the runtime's variables in stripped programs (scene.h). Input: the program (1
// byte), and patches: of the variables and what they lead to, of the code that uses them, of
// moduledata.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "image/global_search.h"
#include "image/image.h"
#include "scene.h"
#include "schema/globals.h"
#include "target/target.h"

namespace {

using namespace parked;
using fuzz::Place;

constexpr std::size_t kMostPatches = 24;
constexpr std::array kVariables = {"runtime.allgs",
                                   "runtime.allp",
                                   "runtime.allm",
                                   "runtime.sched",
                                   "runtime.gomaxprocs",
                                   "runtime.waitReasonStrings",
                                   "runtime.semtable",
                                   "runtime.mheap_",
                                   "runtime.allfin",
                                   "runtime.fingRunning",
                                   "runtime.fingStatus",
                                   "runtime.gcCleanups",
                                   "runtime.memstats",
                                   "runtime.gcphase",
                                   "runtime.persistentChunks",
                                   "runtime.pollcache",
                                   "runtime.runtimeInitTime",
                                   "time.startNano",
                                   "net/http.DefaultTransport"};
constexpr std::array kCode = {"runtime.allgadd",
                              "runtime.procresize",
                              "runtime.mcommoninit",
                              "runtime.newproc1",
                              "runtime.semacquire1",
                              "runtime.semrelease1",
                              "runtime.mallocinit",
                              "runtime.queuefinalizer",
                              "runtime.createfing",
                              "runtime.findRunnable",
                              "runtime.freeSpecial",
                              "runtime.gcMarkTermination",
                              "runtime.persistentalloc1",
                              "internal/poll.runtime_pollOpen",
                              "runtime.main",
                              "time.Since",
                              "net/http.(*Client).send"};

class Program {
 public:
  explicit Program(fuzz::Scene& scene) : scene_(scene), opened_(scene, scene.stripped) {
    std::vector<Addr> variables;
    for (const char* name : kVariables) {
      if (const auto address = opened_.image->symbol(name)) variables.push_back(*address);
    }
    fuzz::require(variables.size() > 10, "the variables are found");
    variables_ = scene.around(variables, 0, 64);
    behind_ = scene.around(variables, 2, 48);
    for (const char* name : kCode) {
      const image::FuncIndex index = opened_.image->functions().byName(name);
      if (index == image::kNoFunc) continue;
      const image::Function& function = opened_.image->functions().function(index);
      for (Addr at = function.entry; at + fuzz::kWord <= function.end; at += 2) {
        if (const auto place = scene.loadedStripped.at(at - opened_.target->bias()))
          code_.push_back(*place);
      }
    }
    module_ = scene.around({opened_.image->modules().front().address}, 0, 96);
    fuzz::require(!code_.empty() && !module_.empty(), "there are code and moduledata");
  }

  void run(const std::vector<fuzz::Patch>& patches) {
    bool module = false;
    for (const fuzz::Patch& patch : patches) {
      switch (patch.where % 8) {
        case 0:
          write(scene_, scene_.core, module_[patch.position % module_.size()], patch);
          module = true;
          break;
        case 1:
        case 2:
          write(scene_, scene_.stripped, code_[patch.position % code_.size()], patch);
          break;
        case 3:
        case 4:
        case 5:
          write(scene_, scene_.core, variables_[patch.position % variables_.size()], patch);
          break;
        default:
          write(scene_, scene_.core, behind_[patch.position % behind_.size()], patch);
          break;
      }
    }
    image::ModuleList modules = opened_.image->modules();
    if (module) {
      auto read = image::readModules(*opened_.target, opened_.image->build().version,
                                     opened_.image->layouts(), 0);
      if (read) modules = std::move(*read);
    }
    schema::Globals globals(*opened_.target, opened_.image->layouts(), modules,
                            opened_.image->functions(),
                            image::variableBytes(opened_.target->executable()));
    for (const char* name : kVariables) globals.find(name);
    globals.searchAgain();
    scene_.core.restore();
    scene_.stripped.restore();
  }

 private:
  fuzz::Scene& scene_;
  fuzz::Opened opened_;
  std::vector<Place> variables_, behind_, code_, module_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto programs = fuzz::programsOfScenes<Program>();
  if (size < 1) return 0;
  programs[data[0] % programs.size()]->run(fuzz::patchesOf(data + 1, size - 1, kMostPatches));
  return 0;
}
