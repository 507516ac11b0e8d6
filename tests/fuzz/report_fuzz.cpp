// room: command
// The whole report of a damaged core: a real core and its program (tests/fuzz/make_cores makes
// them, PARKED_FUZZ_CORES names their folder) into which the input writes words. Input: which
// binary (1 byte), which commands (1 byte), then eight bytes a patch: where (1 byte), what (1
// byte), an argument (2 bytes) and a position (4 bytes).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "memory_copy.h"
#include "parked/parked.h"
#include "target/elf_file.h"

namespace {

using namespace parked;
using fuzz::MemoryCopy;

constexpr std::size_t kPatch = 8;
constexpr std::size_t kMostPatches = 8;  // with more there is seldom a report
constexpr std::size_t kWord = 8;
constexpr std::uint64_t kData = 3;  // SHF_WRITE | SHF_ALLOC

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

/// A word of the core that is not zero.
struct Place {
  std::size_t offset = 0;
  std::uint64_t address = 0;
};

/// A core, the two forms of its program, and where writing into them is worth while.
struct Scene {
  MemoryCopy core, binary, stripped;
  std::vector<Place> all, variables;  // of the core: everything, the program's variables
  std::size_t headers = 0;            // length of the core's headers and notes
  struct Part {
    std::size_t offset = 0, size = 0;
  };
  std::vector<Part> binaryParts, strippedParts;  // their sections, and the headers

  explicit Scene(const std::string& folder)
      : core(folder + "/core"), binary(folder + "/program"), stripped(folder + "/stripped") {
    const auto program = target::ElfFile::open(binary.path());
    const auto file = target::ElfFile::open(core.path());
    if (!program || !file) fuzz::give_up(folder);
    headers = core.size();
    for (const target::ElfSegment& segment : (*file)->segments()) {
      if (segment.type != 1 || segment.bytes.empty()) continue;
      headers = std::min<std::size_t>(headers, segment.fileOffset);
      for (std::size_t at = 0; at + kWord <= segment.bytes.size(); at += kWord) {
        const Place place{segment.fileOffset + at, segment.address + at};
        if (core.word(place.offset) == 0) continue;
        all.push_back(place);
        for (const target::ElfSection& section : (*program)->sections()) {
          if ((section.flags & kData) == kData && place.address - section.address < section.size) {
            variables.push_back(place);
          }
        }
      }
    }
    binaryParts = partsOf(**program);
    if (const auto other = target::ElfFile::open(stripped.path())) {
      strippedParts = partsOf(**other);
    }
    if (all.empty() || variables.empty() || strippedParts.empty()) fuzz::give_up(folder);
  }

  static std::vector<Part> partsOf(const target::ElfFile& file) {
    const auto bytes = file.fileBytes();
    std::vector<Part> parts{{0, 0x1000}};
    parts.push_back({bytes.size() - 0x1000, 0x1000});
    for (const target::ElfSection& section : file.sections()) {
      if (section.bytes.size() < kWord) continue;
      parts.push_back(
          {static_cast<std::size_t>(section.bytes.data() - bytes.data()), section.bytes.size()});
    }
    return parts;
  }
};

std::vector<std::unique_ptr<Scene>>& scenes() {
  static std::vector<std::unique_ptr<Scene>> all;
  return all;
}

struct Patch {
  std::uint8_t where, what;
  std::uint16_t argument;
  std::uint32_t position;
};

std::uint64_t changed(const Scene& scene, const Patch& patch, std::uint64_t old,
                      std::uint64_t address) {
  const auto& other = scene.all[(patch.argument * 7919ULL + patch.position) % scene.all.size()];
  const std::uint64_t bit = 1ULL << (patch.argument % 64);
  switch (patch.what % 12) {
    case 0:
      return 0;
    case 1:
      return ~0ULL;
    case 2:
      return bit;
    case 3:
      return bit - 1;
    case 4:
      return old ^ bit;
    case 5:
      return old + static_cast<std::uint64_t>(static_cast<std::int16_t>(patch.argument));
    case 6:  // a list that runs in a circle, or very nearly
      return address - patch.argument % 512;
    case 7:
      return address + patch.argument % 512;
    case 8:
      return scene.core.word(other.offset);
    case 9:
      return other.address;
    case 10:
      return patch.argument;
    default: {
      const unsigned byte = patch.argument / 256 % 8 * 8;
      return (old & ~(0xffULL << byte)) | static_cast<std::uint64_t>(patch.argument % 256) << byte;
    }
  }
}

void apply(Scene& scene, MemoryCopy& program, const std::vector<Scene::Part>& parts,
           const Patch& patch) {
  const std::uint32_t position = patch.position;
  switch (patch.where % 8) {
    case 0: {
      const std::size_t at = position % (scene.headers - kWord);
      scene.core.write(at, changed(scene, patch, scene.core.word(at), at));
      break;
    }
    case 1: {
      const Scene::Part& part = parts[patch.where / 8 % parts.size()];
      const std::size_t at = part.offset + position % (part.size - kWord + 1);
      program.write(at, changed(scene, patch, program.word(at), at));
      break;
    }
    case 2:
    case 3: {
      const Place& place = scene.variables[position % scene.variables.size()];
      scene.core.write(place.offset,
                       changed(scene, patch, scene.core.word(place.offset), place.address));
      break;
    }
    default: {
      const Place& place = scene.all[position % scene.all.size()];
      scene.core.write(place.offset,
                       changed(scene, patch, scene.core.word(place.offset), place.address));
      break;
    }
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

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* folder = std::getenv("PARKED_FUZZ_CORES");
  if (folder == nullptr) {
    std::fprintf(stderr, "PARKED_FUZZ_CORES is not set: see tests/fuzz/run\n");
    std::exit(1);
  }
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  for (const std::string& each : folders) scenes().push_back(std::make_unique<Scene>(each));
  require(!scenes().empty(), "there are cores");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Scene& scene = *scenes()[data[0] / 2 % scenes().size()];
  const bool stripped = data[0] % 2 == 1;
  MemoryCopy& program = stripped ? scene.stripped : scene.binary;
  const auto& parts = stripped ? scene.strippedParts : scene.binaryParts;
  for (std::size_t i = 0; i < kMostPatches && 2 + (i + 1) * kPatch <= size; ++i) {
    Patch patch{};
    std::memcpy(&patch, data + 2 + i * kPatch, sizeof patch);
    apply(scene, program, parts, patch);
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
