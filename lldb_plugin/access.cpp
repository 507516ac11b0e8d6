#include "access.h"

#include <algorithm>
#include <array>
#include <limits.h>
#include <string>
#include <string_view>

namespace parked::lldb_plugin {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLargestRegister = 256;  // bytes

std::uint64_t registerOf(lldb::SBFrame& frame, std::string_view name) {
  if (name.empty()) return 0;
  lldb::SBValue value = frame.FindRegister(std::string(name).c_str());
  return value.IsValid() ? value.GetValueAsUnsigned(0) : 0;
}

/// What the thread's registers hold, general and vector ones; empty if lldb does not have them all:
/// who asks wants to know what the thread can reach.
std::vector<std::uint64_t> wordsOf(lldb::SBFrame& frame, const RegisterNames& names) {
  std::vector<std::uint64_t> words;
  for (const std::string_view name : names.general) {
    lldb::SBError error;
    lldb::SBValue general = frame.FindRegister(std::string(name).c_str());
    general.GetValueAsUnsigned(error, 0);
    if (!general.IsValid() || !error.Success()) return words;
  }
  std::array<std::uint64_t, kLargestRegister / 8> value;
  // The narrowest: what is wider has them as a part.
  const RegisterNames::Vectors least =
      names.vectors.empty() ? RegisterNames::Vectors() : names.vectors.back();
  std::size_t vectors = 0;
  lldb::SBValueList sets = frame.GetRegisters();
  for (std::uint32_t i = 0; i < sets.GetSize(); ++i) {
    lldb::SBValue set = sets.GetValueAtIndex(i);
    const std::uint32_t count = set.GetNumChildren();
    for (std::uint32_t k = 0; k < count; ++k) {
      lldb::SBError error;
      lldb::SBData data = set.GetChildAtIndex(k).GetData();
      const std::size_t size = std::min(data.GetByteSize(), sizeof value);
      const std::size_t got = data.ReadRawData(error, 0, value.data(), size);
      if (!error.Success()) continue;
      words.insert(words.end(), value.begin(), value.begin() + got / 8);
      if (got >= least.wordCount * 8) ++vectors;
    }
  }
  return vectors < least.count ? std::vector<std::uint64_t>() : words;
}

/// The readable bytes from `address` on. A read that touches a hole may come back empty: then it is
/// found page by page how far it goes.
std::size_t readMemory(lldb::SBProcess process, std::uint64_t address, std::byte* out,
                       std::size_t size) {
  lldb::SBError error;
  std::size_t done = process.ReadMemory(address, out, size, error);
  while (done < size) {
    const std::size_t step = std::min(kPage - (address + done) % kPage, size - done);
    if (step == size) break;  // just tried
    const std::size_t got = process.ReadMemory(address + done, out + done, step, error);
    done += got;
    if (got < step) break;
  }
  return done;
}

std::vector<DebuggerAccess::Thread> threadsOf(lldb::SBProcess process) {
  std::vector<DebuggerAccess::Thread> threads;
  const std::string triple = process.GetTarget().GetTriple();
  const auto names = registerNames(std::string_view(triple).substr(0, triple.find('-')));
  if (!names) return threads;
  const std::uint32_t count = process.GetNumThreads();
  for (std::uint32_t i = 0; i < count; ++i) {
    lldb::SBThread thread = process.GetThreadAtIndex(i);
    lldb::SBFrame frame = thread.GetFrameAtIndex(0);
    if (!frame.IsValid()) continue;  // lldb has no registers of it
    DebuggerAccess::Thread& out = threads.emplace_back();
    out.tid = static_cast<std::int32_t>(thread.GetThreadID());
    out.pc = registerOf(frame, names->pc);
    out.sp = registerOf(frame, names->sp);
    out.framePointer = registerOf(frame, names->framePointer);
    out.link = registerOf(frame, names->link);
    out.words = wordsOf(frame, *names);
  }
  return threads;
}

std::vector<DebuggerAccess::Range> rangesOf(lldb::SBProcess process) {
  std::vector<DebuggerAccess::Range> ranges;
  lldb::SBMemoryRegionInfoList regions = process.GetMemoryRegions();
  const std::uint32_t count = regions.GetSize();
  for (std::uint32_t i = 0; i < count; ++i) {
    lldb::SBMemoryRegionInfo region;
    if (!regions.GetMemoryRegionAtIndex(i, region) || !region.IsReadable()) continue;
    ranges.push_back({region.GetRegionBase(), region.GetRegionEnd(), region.IsWritable()});
  }
  return ranges;
}

/// lldb keeps an ELF file's segments as sections; the first one that is loaded tells. As long as
/// lldb has not found out where a PIE was loaded, it has it at its link address, where nothing is.
std::optional<std::uint64_t> loadBiasOf(lldb::SBTarget target) {
  lldb::SBProcess process = target.GetProcess();
  lldb::SBModule module = target.FindModule(target.GetExecutable());
  const std::size_t count = module.IsValid() ? module.GetNumSections() : 0;
  for (std::size_t i = 0; i < count; ++i) {
    lldb::SBSection section = module.GetSectionAtIndex(i);
    const lldb::addr_t loaded = section.GetLoadAddress(target);
    if (loaded == LLDB_INVALID_ADDRESS) continue;
    std::byte first{};
    if (readMemory(process, loaded, &first, 1) == 0) return std::nullopt;
    return loaded - section.GetFileAddress();
  }
  return std::nullopt;
}

/// Files that lldb has loaded.
std::vector<std::string> librariesOf(lldb::SBTarget target) {
  std::vector<std::string> paths;
  const std::uint32_t count = target.GetNumModules();
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string path = pathOf(target.GetModuleAtIndex(i).GetFileSpec());
    if (!path.empty()) paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

std::string pathOf(const lldb::SBFileSpec& file) {
  std::array<char, PATH_MAX> path{};
  if (!file.IsValid() || file.GetPath(path.data(), path.size()) == 0) return "";
  return path.data();
}

std::string executablePath(lldb::SBTarget target) { return pathOf(target.GetExecutable()); }

DebuggerAccess makeAccess(lldb::SBTarget target) {
  DebuggerAccess access;
  access.executable = executablePath(target);
  access.libraries = librariesOf(target);
  access.loadBias = loadBiasOf(target);
  lldb::SBProcess process = target.GetProcess();  // a weak reference inside
  access.read = [process](std::uint64_t address, std::byte* out, std::size_t size) {
    return readMemory(process, address, out, size);
  };
  access.threads = [process] { return threadsOf(process); };
  access.ranges = [process] { return rangesOf(process); };
  return access;
}

}  // namespace parked::lldb_plugin
