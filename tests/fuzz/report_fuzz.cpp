// room: command
// The whole report of a damaged core. Input: which core and binary (1 byte), which commands (1
// byte), and patches (scene.h).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "parked/parked.h"
#include "scene.h"

namespace {

using namespace parked;
using fuzz::MemoryCopy;
using fuzz::Patch;
using fuzz::Place;
using fuzz::require;

constexpr std::size_t kMostPatches = 8;  // with more there is seldom a report
constexpr std::uint64_t kData = 3;       // SHF_WRITE | SHF_ALLOC

/// Where writing into a scene is worth while.
struct Aims {
  std::vector<Place> variables;  // of the core: the program's variables
  std::size_t headers = 0;       // length of the core's headers and notes
  struct Part {
    std::size_t offset = 0, size = 0;
  };
  std::vector<Part> binaryParts, strippedParts;  // their sections, and the headers

  explicit Aims(const fuzz::Scene& scene) : headers(scene.core.size()) {
    for (const target::ElfSegment& segment : scene.coreFile->segments()) {
      if (segment.type == 1 && !segment.bytes.empty()) {
        headers = std::min<std::size_t>(headers, segment.fileOffset);
      }
    }
    for (const Place& place : scene.all) {
      for (const target::ElfSection& section : scene.binaryFile->sections()) {
        if ((section.flags & kData) == kData && place.address - section.address < section.size) {
          variables.push_back(place);
        }
      }
    }
    binaryParts = partsOf(*scene.binaryFile);
    strippedParts = partsOf(*scene.strippedFile);
    require(!variables.empty(), "there are variables");
  }

  static std::vector<Part> partsOf(const target::ElfFile& file) {
    const auto bytes = file.fileBytes();
    std::vector<Part> parts{{0, 0x1000}};
    parts.push_back({bytes.size() - 0x1000, 0x1000});
    for (const target::ElfSection& section : file.sections()) {
      if (section.bytes.size() < fuzz::kWord) continue;
      parts.push_back(
          {static_cast<std::size_t>(section.bytes.data() - bytes.data()), section.bytes.size()});
    }
    return parts;
  }
};

void apply(fuzz::Scene& scene, const Aims& aims, MemoryCopy& program,
           const std::vector<Aims::Part>& parts, const Patch& patch) {
  const std::uint32_t position = patch.position;
  switch (patch.where % 8) {
    case 0: {
      const std::size_t at = position % (aims.headers - fuzz::kWord);
      write(scene, scene.core, {at, at}, patch);
      break;
    }
    case 1: {
      const Aims::Part& part = parts[patch.where / 8 % parts.size()];
      const std::size_t at = part.offset + position % (part.size - fuzz::kWord + 1);
      write(scene, program, {at, at}, patch);
      break;
    }
    case 2:
    case 3:
      write(scene, scene.core, aims.variables[position % aims.variables.size()], patch);
      break;
    default:
      write(scene, scene.core, scene.all[position % scene.all.size()], patch);
      break;
  }
}

bool steers(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
  });
}

std::string run(Session& session, const std::vector<std::string>& words) {
  const CommandResult result = session.run(words, {});
  require(!steers(result.output) && !steers(result.error), "control characters are escaped");
  require(result.error.find('\n') == std::string::npos, "an error is one line");
  require(result.error.empty() || result.exit == Exit::unusable, "an error has its exit code");
  if (result.error.empty() && words.back() == "--json") {
    require(nlohmann::json::accept(result.output), words.front() + " --json is JSON");
  }
  return result.output;
}

void runAll(Session& session, std::uint8_t which) {
  static const std::vector<std::vector<std::string>> kCommands = {
      {"report", "--all"},
      {"goroutines", "--all", "--system"},
      {"channels", "--all"},
      {"timers", "--all"},
      {"locks", "--all"},
      {"http", "--all"},
      {"sql", "--all"},
      {"files", "--all"},
      {"contexts", "--all"},
      {"info"},
      {"report", "--format=traceback"},
      {"report", "--jsonl"},
      {"goroutines", "--group", "stack"},
      {"timers", "--json"},
      {"http", "--json"},
      {"contexts", "--json"},
  };
  run(session, {"report", "--json"});
  run(session, kCommands[which % kCommands.size()]);
  for (const char* id : {"1", "18", "19", "20", "25", "30"}) {
    run(session, {which % 2 == 0 ? "why" : "goroutine", id});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Aims> all = [] {
    std::vector<Aims> made;
    for (const auto& scene : fuzz::scenes()) made.emplace_back(*scene);
    return made;
  }();
  if (size < 2) return 0;
  const std::size_t number = data[0] / 2 % all.size();
  fuzz::Scene& scene = *fuzz::scenes()[number];
  const Aims& aims = all[number];
  const bool stripped = data[0] % 2 == 1;
  MemoryCopy& program = stripped ? scene.stripped : scene.binary;
  for (const Patch& patch : fuzz::patchesOf(data + 2, size - 2, kMostPatches)) {
    apply(scene, aims, program, stripped ? aims.strippedParts : aims.binaryParts, patch);
  }
  OpenRequest request;
  request.core = scene.core.path();
  request.executable = program.path();
  request.force = true;
  const Session::Opened opened = Session::open(request);
  require(!steers(opened.error) && opened.error.find('\n') == std::string::npos,
          "an error is one line");
  require((opened.session == nullptr) == (opened.exit == Exit::unusable), "refused with its code");
  if (opened.session) runAll(*opened.session, data[1]);
  scene.core.restore();
  program.restore();
  return 0;
}
