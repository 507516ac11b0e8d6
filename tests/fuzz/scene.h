// Real cores with their programs (tests/fuzz/make_cores.py makes them, PARKED_FUZZ_CORES names
// their folder), and what an input writes into them: eight bytes a patch, which tell where (1
// byte), what (1 byte), an argument (2 bytes) and a position (4 bytes).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "image/image.h"
#include "memory_copy.h"
#include "schema/globals.h"
#include "target/elf_file.h"
#include "target/target.h"

namespace parked::fuzz {

inline constexpr std::size_t kWord = 8;

inline void require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

/// A word of a file, and the address it is loaded at.
struct Place {
  std::size_t offset = 0;
  std::uint64_t address = 0;
};

/// The loaded parts of a file.
class LoadedFile {
 public:
  explicit LoadedFile(const target::ElfFile& file) {
    for (const target::ElfSegment& segment : file.segments()) {
      if (segment.type == 1) {
        parts_.push_back({segment.address, segment.bytes.size(), segment.fileOffset});
      }
    }
  }
  /// Where the file has the word at the address.
  std::optional<Place> at(Addr address) const {
    for (const Part& part : parts_) {
      const Addr in = address - part.address;
      if (in < part.size && part.size - in >= kWord) return Place{part.offset + in, address};
    }
    return std::nullopt;
  }

 private:
  struct Part {
    Addr address;
    std::uint64_t size, offset;
  };
  std::vector<Part> parts_;
};

/// A core and the two forms of its program.
struct Scene {
  MemoryCopy core, binary, stripped;
  std::shared_ptr<const target::ElfFile> coreFile, binaryFile, strippedFile;  // as they were
  LoadedFile loadedCore, loadedBinary, loadedStripped;
  std::vector<Place> all;  // words of the core that are not zero

  explicit Scene(const std::string& folder)
      : core(folder + "/core"),
        binary(folder + "/program"),
        stripped(folder + "/stripped"),
        coreFile(open(core)),
        binaryFile(open(binary)),
        strippedFile(open(stripped)),
        loadedCore(*coreFile),
        loadedBinary(*binaryFile),
        loadedStripped(*strippedFile) {
    for (const target::ElfSegment& segment : coreFile->segments()) {
      if (segment.type != 1) continue;
      for (std::size_t at = 0; at + kWord <= segment.bytes.size(); at += kWord) {
        const Place place{segment.fileOffset + at, segment.address + at};
        if (core.word(place.offset) != 0) all.push_back(place);
      }
    }
    if (all.empty()) give_up(folder);
  }

  /// Up to `words` words of the core at each of the addresses, and where those point to, `hops`
  /// times over.
  std::vector<Place> around(std::vector<Addr> wave, int hops, std::size_t words) const {
    std::vector<Place> found;
    std::unordered_set<Addr> seen;
    for (int hop = 0; hop <= hops; ++hop) {
      std::vector<Addr> next;
      for (const Addr start : wave) {
        for (std::size_t i = 0; i < words; ++i) {
          const auto place = loadedCore.at(start / kWord * kWord + i * kWord);
          if (!place) break;
          if (!seen.insert(place->address).second) continue;
          found.push_back(*place);
          next.push_back(core.word(place->offset));
        }
      }
      wave = std::move(next);
    }
    return found;
  }

 private:
  static std::shared_ptr<const target::ElfFile> open(const MemoryCopy& copy) {
    auto file = target::ElfFile::open(copy.path());
    if (!file) give_up(file.error().message);
    return *file;
  }
};

/// Those in a folder of PARKED_FUZZ_CORES.
inline std::vector<std::unique_ptr<Scene>> openScenes(const std::filesystem::path& within) {
  const char* folder = std::getenv("PARKED_FUZZ_CORES");
  if (folder == nullptr) {
    std::fprintf(stderr, "PARKED_FUZZ_CORES is not set: see tests/fuzz/run\n");
    std::exit(1);
  }
  std::vector<std::string> folders;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(folder) / within)) {
    if (std::filesystem::exists(entry.path() / "stripped")) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  std::vector<std::unique_ptr<Scene>> scenes;
  for (const std::string& each : folders) scenes.push_back(std::make_unique<Scene>(each));
  require(!scenes.empty(), "there are cores");
  return scenes;
}

/// Of the program that has a bit of everything.
inline std::vector<std::unique_ptr<Scene>>& scenes() {
  static std::vector<std::unique_ptr<Scene>> all = openScenes("");
  return all;
}

/// A scene's core, read with one form of its program.
struct Opened {
  std::unique_ptr<target::Target> target;
  std::unique_ptr<image::Image> image;

  Opened(const Scene& scene, const MemoryCopy& program) {
    target::OpenOptions options;
    options.executable = program.path();
    options.force = true;
    auto core = target::openCore(scene.coreFile, options);
    if (!core) give_up(core.error().message);
    target = std::move(*core);
    auto read = image::Image::open(*target, nullptr, nullptr, schema::findGlobals);
    if (!read) give_up(read.error().message);
    image = std::move(*read);
  }
};

/// A program of the fuzzer's for each of scenes().
template <class Program>
std::vector<std::unique_ptr<Program>> programsOfScenes() {
  std::vector<std::unique_ptr<Program>> made;
  for (auto& scene : scenes()) made.push_back(std::make_unique<Program>(*scene));
  return made;
}

struct Patch {
  std::uint8_t where, what;
  std::uint16_t argument;
  std::uint32_t position;
};

/// The patches that the input has, at most so many.
inline std::vector<Patch> patchesOf(const std::uint8_t* data, std::size_t size, std::size_t most) {
  std::vector<Patch> patches(std::min(size / sizeof(Patch), most));
  if (!patches.empty()) std::memcpy(patches.data(), data, patches.size() * sizeof(Patch));
  return patches;
}

/// What becomes of a word that was `old`.
inline std::uint64_t changed(const Scene& scene, const Patch& patch, std::uint64_t old,
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

inline void write(const Scene& scene, MemoryCopy& file, const Place& place, const Patch& patch) {
  file.write(place.offset, changed(scene, patch, file.word(place.offset), place.address));
}

}  // namespace parked::fuzz
