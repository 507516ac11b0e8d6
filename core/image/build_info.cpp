#include "image/build_info.h"

#include <cstring>
#include <fmt/format.h>

#include "image/build_modules.h"
#include "image/byte_reader.h"
#include "target/go_files.h"

namespace parked::image {

namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr std::size_t kHeaderSize = 32;
constexpr std::uint8_t kInlineStrings = 2;  // flag; without it the header holds pointers
constexpr std::size_t kSentinelSize = 16;   // the random frame around the module information

bool isMagic(std::span<const std::byte> bytes) {
  return bytes.size() >= kHeaderSize &&
         std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

/// Go quotes keys and values that hold blanks or quotes (strconv.Quote or a raw string).
std::string unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back()) return std::string(text);
  if (text.front() == '`') return std::string(text.substr(1, text.size() - 2));
  if (text.front() != '"') return std::string(text);
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    switch (const char escaped = text[++i]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case '"':
      case '\\':
        out += escaped;
        break;
      default:
        (out += '\\') += escaped;  // \x and \u stay as they are written
    }
  }
  return out;
}

/// Splits "key=value", either side of which may be quoted.
void addSetting(std::string_view line, BuildInfo& info) {
  std::size_t keyEnd = 0;
  if (!line.empty() && (line.front() == '"' || line.front() == '`')) {
    keyEnd = line.find(line.front(), 1);
    if (keyEnd == std::string_view::npos) return;
  }
  const std::size_t equals = line.find('=', keyEnd);
  if (equals == std::string_view::npos) return;
  info.settings.emplace_back(unquote(line.substr(0, equals)), unquote(line.substr(equals + 1)));
}

/// The lines of runtime/debug.BuildInfo: "path\tP", "mod\tM\tV\tsum", "dep\t…", "build\tK=V".
void parseModuleInfo(std::string_view text, BuildInfo& info) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with("path\t")) {
      info.path = line.substr(5);
    } else if (line.starts_with("mod\t")) {
      std::string_view module = line.substr(4);
      const std::size_t name = module.find('\t');
      info.module = module.substr(0, name);
      if (name != std::string_view::npos) {
        module.remove_prefix(name + 1);
        if (!module.empty()) (info.module += ' ') += module.substr(0, module.find('\t'));
      }
    } else if (line.starts_with("build\t")) {
      addSetting(line.substr(6), info);
    }
  }
}

/// The module information; empty if there is none: of programs built outside of a module (Bazel,
/// go run of old). `reader` stands behind the version.
std::string_view moduleInfo(ByteReader& reader) {
  std::uint64_t size = 0;
  std::string_view text;
  if (!reader.uvarint(size) || !reader.text(size, text) || text.size() <= 2 * kSentinelSize) {
    return {};
  }
  return text.substr(kSentinelSize, text.size() - 2 * kSentinelSize);
}

/// Its packages are not in it, or not those of a program alone: the program names the library of
/// the standard library among those it needs, and such libraries have a hash of their interface
/// (cmd/link/internal/ld/elf.go).
bool isLinkedShared(const target::ElfFile& executable) {
  if (executable.section(".note.go.abihash") != nullptr) return true;
  const auto* needed = executable.section(".dynstr");
  if (needed == nullptr) return false;
  const std::string_view text(reinterpret_cast<const char*>(needed->bytes.data()),
                              needed->bytes.size());
  constexpr std::string_view kStandardLibrary("\0libstd.so\0", 11);
  return text.find(kStandardLibrary) != std::string_view::npos;
}

}  // namespace

std::string_view BuildInfo::setting(std::string_view key) const {
  for (const auto& [name, value] : settings) {
    if (name == key) return value;
  }
  return {};
}

Result<BuildInfo> parseBuildInfo(std::span<const std::byte> bytes, std::string_view file) {
  if (!isMagic(bytes)) {
    return fail(
        ErrorCode::badFormat,
        fmt::format("{}: not a Go program, or an obfuscated one (it has no Go build information)",
                    file));
  }
  const auto flags = std::to_integer<std::uint8_t>(bytes[kMagic.size() + 1]);
  if ((flags & kInlineStrings) == 0) {
    return fail(ErrorCode::unsupported,
                fmt::format("{}: built by Go 1.17 or older; parked reads Go 1.{} and newer", file,
                            kOldestGoMinor));
  }
  ByteReader reader(bytes.subspan(kHeaderSize));
  std::uint64_t size = 0;
  std::string_view text;
  if (!reader.uvarint(size) || !reader.text(size, text)) {
    return fail(ErrorCode::badFormat, fmt::format("{}: damaged Go build information", file));
  }
  auto version = parseGoVersion(text);
  if (!version) {
    // What garble writes in its place; it changes the format of the function table, too.
    if (text == "unknown") {
      return fail(ErrorCode::unsupported,
                  fmt::format("{}: obfuscated (garble): its Go version is hidden, and its function "
                              "table is not Go's",
                              file));
    }
    return fail(ErrorCode::unsupported, fmt::format("{}: cannot tell the Go version from \"{}\"",
                                                    file, text.substr(0, 80)));
  }
  if (version->minor < kOldestGoMinor) {
    return fail(ErrorCode::unsupported,
                fmt::format("{}: built by {}; parked reads Go 1.{} and newer", file, version->text,
                            kOldestGoMinor));
  }
  BuildInfo info;
  info.version = std::move(*version);
  parseModuleInfo(moduleInfo(reader), info);
  return info;
}

std::vector<BuildModule> readBuildModules(const target::ElfFile& executable) {
  const auto bytes = target::goBuildInfo(executable);
  if (!isMagic(bytes)) return {};
  ByteReader reader(bytes.subspan(kHeaderSize));
  std::uint64_t size = 0;
  std::string_view version;
  if (!reader.uvarint(size) || !reader.text(size, version)) return {};
  return parseBuildModules(moduleInfo(reader));
}

Result<BuildInfo> readBuildInfo(const target::ElfFile& executable) {
  if (isLinkedShared(executable)) {
    return fail(ErrorCode::unsupported,
                fmt::format("{}: built with -linkshared or -buildmode=shared: the Go runtime and "
                            "types are in several files, which parked does not read",
                            executable.path()));
  }
  return parseBuildInfo(target::goBuildInfo(executable), executable.path());
}

}  // namespace parked::image
