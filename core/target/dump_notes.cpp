#include "target/dump_notes.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "target/value_reader.h"

namespace parked::target {
namespace {

constexpr std::string_view kName = "PARKED";
constexpr std::uint32_t kVersion = 1;
/// Numbers that are nobody's: Delve goes by them alone, whatever the name of a note.
enum Type : std::uint32_t {
  kHead = 0x504b0001,
  kRegions,
  kDescriptors,
  kSockets,
  kIncomplete,
  kVariables,
  kStandIns,
};
constexpr std::uint64_t kWritable = 1, kExecutable = 2;

/// 0: not known.
struct Head {
  std::uint64_t version;
  std::int64_t wallTimeNs, monotonicNs;
  std::uint64_t cutOff;
};

struct RegionEntry {
  std::uint64_t start, end, flags;
};

class Encoder {
 public:
  template <class T>
  void put(const T& value) {
    const auto from = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), from.begin(), from.end());
  }
  /// With a NUL behind it.
  void text(const std::string& value) {
    const auto from = std::as_bytes(std::span(value.c_str(), value.size() + 1));
    bytes.insert(bytes.end(), from.begin(), from.end());
  }

  std::vector<std::byte> bytes;
};

void decodeRegions(ValueReader from, std::vector<Region>& out) {
  for (RegionEntry entry{}; from.take(entry);) {
    Region region;
    region.start = entry.start;
    region.end = entry.end;
    region.writable = (entry.flags & kWritable) != 0;
    region.executable = (entry.flags & kExecutable) != 0;
    out.push_back(region);
  }
  // They are sorted as it is; a million that are not must not cost a million moves each.
  std::ranges::stable_sort(out, {}, &Region::start);
}

void decodeDescriptors(ValueReader from, std::vector<Descriptor>& out) {
  for (Descriptor each; from.take(each.fd) && from.text(each.link);) out.push_back(each);
}

void decodeSockets(ValueReader from, Sockets& out) {
  std::uint64_t inode = 0;
  for (Socket each; from.take(inode) && from.text(each.network) && from.text(each.local) &&
                    from.text(each.remote);) {
    out[inode] = each;
  }
}

void decodeIncomplete(ValueReader from, std::vector<Incomplete>& out) {
  for (Incomplete each; from.take(each.count) && from.take(each.firstAddress) &&
                        from.text(each.what) && from.text(each.detail);) {
    out.push_back(each);
  }
}

void decodeVariables(ValueReader from, Variables& out) {
  std::uint64_t file = 0, address = 0;
  for (std::string name; from.take(file) && from.take(address) && from.text(name);) {
    out[{file, name}] = address;
  }
}

/// The number of them first: that there are none says that it is a redacted dump, too.
void decodeStandIns(ValueReader from, std::optional<StandIns>& out) {
  std::uint64_t count = 0, data = 0, length = 0;
  if (!from.take(count)) return;
  out.emplace();
  for (std::string text; from.take(data) && from.take(length) && from.text(text);) {
    (*out)[{data, length}] = text;
  }
}

std::optional<std::int64_t> timeOf(std::int64_t time) {
  return time > 0 ? std::optional(time) : std::nullopt;
}

}  // namespace

std::vector<CoreNote> encodeDumpNotes(const DumpNotes& notes) {
  Encoder head, regions, descriptors, sockets, incomplete;
  head.put(Head{kVersion, notes.wallTimeNs.value_or(0), notes.monotonicNs.value_or(0),
                notes.cutOff ? 1U : 0U});
  for (const Region& region : notes.regions) {
    const std::uint64_t flags =
        (region.writable ? kWritable : 0) | (region.executable ? kExecutable : 0);
    regions.put(RegionEntry{region.start, region.end, flags});
  }
  for (const Descriptor& each : notes.descriptors) {
    descriptors.put(each.fd);
    descriptors.text(each.link);
  }
  for (const auto& [inode, socket] : notes.sockets) {
    sockets.put(inode);
    sockets.text(socket.network);
    sockets.text(socket.local);
    sockets.text(socket.remote);
  }
  for (const Incomplete& each : notes.incomplete) {
    incomplete.put(each.count);
    incomplete.put(each.firstAddress);
    incomplete.text(each.what);
    incomplete.text(each.detail);
  }
  Encoder variables, standIns;
  for (const auto& [variable, address] : notes.variables) {
    variables.put(variable.first);
    variables.put(address);
    variables.text(variable.second);
  }
  if (notes.standIns) standIns.put(std::uint64_t{notes.standIns->size()});
  for (const auto& [place, text] : notes.standIns.value_or(StandIns())) {
    standIns.put(place.first);
    standIns.put(place.second);
    standIns.text(text);
  }
  const std::string name(kName);
  std::vector<CoreNote> all = {{name, kHead, std::move(head.bytes)},
                               {name, kRegions, std::move(regions.bytes)},
                               {name, kDescriptors, std::move(descriptors.bytes)},
                               {name, kSockets, std::move(sockets.bytes)},
                               {name, kIncomplete, std::move(incomplete.bytes)},
                               {name, kVariables, std::move(variables.bytes)},
                               {name, kStandIns, std::move(standIns.bytes)}};
  // Delve takes a note without a description for the end of the file.
  std::erase_if(all, [](const CoreNote& note) { return note.description.empty(); });
  return all;
}

std::optional<DumpNotes> decodeDumpNotes(std::span<const ElfNote> notes) {
  DumpNotes out;
  bool known = false;
  for (const ElfNote& note : notes) {
    if (note.name != kName) continue;
    ValueReader from(note.description);
    if (Head head{}; note.type == kHead && from.take(head)) {
      known = head.version == kVersion;
      out.wallTimeNs = timeOf(head.wallTimeNs);
      out.monotonicNs = timeOf(head.monotonicNs);
      out.cutOff = head.cutOff != 0;
    } else if (note.type == kRegions) {
      decodeRegions(from, out.regions);
    } else if (note.type == kDescriptors) {
      decodeDescriptors(from, out.descriptors);
    } else if (note.type == kSockets) {
      decodeSockets(from, out.sockets);
    } else if (note.type == kIncomplete) {
      decodeIncomplete(from, out.incomplete);
    } else if (note.type == kVariables) {
      decodeVariables(from, out.variables);
    } else if (note.type == kStandIns) {
      decodeStandIns(from, out.standIns);
    }
  }
  return known ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<CoreNote> otherNotes(std::span<const ElfNote> notes) {
  std::vector<CoreNote> others;
  for (const ElfNote& note : notes) {
    if (note.name == kName) continue;
    others.push_back(
        {std::string(note.name), note.type, {note.description.begin(), note.description.end()}});
  }
  return others;
}

}  // namespace parked::target
