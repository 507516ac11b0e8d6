// A profile of pprof (its profile.proto): goroutines and what leaked ones retain, by stack, for
// `go tool pprof` and everything else that opens profiles.

#include <array>
#include <map>
#include <protozero/pbf_writer.hpp>
#include <unordered_map>
#include <zlib.h>

#include "leak/fingerprint.h"
#include "report/escape.h"
#include "report/format.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

// Numbers of the fields in profile.proto.
namespace profile {
enum : protozero::pbf_tag_type {
  sampleType = 1,
  sample = 2,
  mapping = 3,
  location = 4,
  function = 5,
  stringTable = 6,
  timeNanos = 9,
  defaultSampleType = 14,
};
}  // namespace profile

/// The numbers of what the profile names once.
class Names {
 public:
  explicit Names(protozero::pbf_writer& out) : out_(out) { string(""); }

  /// Who shows the profile may print its names as they are.
  std::int64_t string(std::string_view text) {
    const auto [at, isNew] = strings_.try_emplace(escape(text), strings_.size());
    if (isNew) texts_.push_back(&at->first);
    return static_cast<std::int64_t>(at->second);
  }
  /// The table comes behind all that refers to it.
  void putStrings() {
    for (const std::string* text : texts_) out_.add_string(profile::stringTable, *text);
  }

  std::uint64_t function(const image::SourceFrame& frame) {
    const std::pair key(string(frame.function), string(frame.file));
    const auto [at, isNew] = functions_.try_emplace(key, functions_.size() + 1);
    if (!isNew) return at->second;
    protozero::pbf_writer function(out_, profile::function);
    function.add_uint64(1, at->second);
    function.add_int64(2, key.first);
    function.add_int64(3, key.first);
    function.add_int64(4, key.second);
    function.add_int64(5, frame.startLine);
    return at->second;
  }

  /// A pc with the calls that were inlined there, innermost first.
  std::uint64_t location(Addr pc, std::span<const image::SourceFrame> frames) {
    const auto [at, isNew] = locations_.try_emplace(pc, locations_.size() + 1);
    if (!isNew) return at->second;
    std::vector<std::uint64_t> functions;
    for (const image::SourceFrame& frame : frames) functions.push_back(function(frame));
    protozero::pbf_writer location(out_, profile::location);
    location.add_uint64(1, at->second);
    location.add_uint64(2, 1);
    location.add_uint64(3, pc);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      protozero::pbf_writer line(location, 4);
      line.add_uint64(1, functions[i]);
      line.add_int64(2, frames[i].line);
    }
    return at->second;
  }

 private:
  protozero::pbf_writer& out_;
  std::unordered_map<std::string, std::size_t> strings_;
  std::vector<const std::string*> texts_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t> functions_;
  std::unordered_map<Addr, std::uint64_t> locations_;
};

class Profile {
 public:
  explicit Profile(const Report& report) : report_(report), out_(bytes_), names_(out_) {}

  std::string make() {
    putTypes();
    putMapping();
    for (std::size_t i = 0; i < report_.grouping.groups.size(); ++i) putGroup(i);
    if (report_.target.takenAt) out_.add_int64(profile::timeNanos, *report_.target.takenAt);
    out_.add_int64(profile::defaultSampleType, names_.string("goroutines"));
    names_.putStrings();
    return std::move(bytes_);
  }

 private:
  void putTypes() {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kTypes = {
        {{"goroutines", "count"}, {"retained", "bytes"}}};
    for (const auto& [type, unit] : kTypes) {
      const std::int64_t typeName = names_.string(type), unitName = names_.string(unit);
      protozero::pbf_writer value(out_, profile::sampleType);
      value.add_int64(1, typeName);
      value.add_int64(2, unitName);
    }
  }

  /// One, which has all names already: pprof need not look for the program.
  void putMapping() {
    const std::int64_t file = names_.string(report_.target.executable);
    const std::int64_t build = names_.string(report_.target.buildId);
    protozero::pbf_writer mapping(out_, profile::mapping);
    mapping.add_uint64(1, 1);
    mapping.add_int64(5, file);
    mapping.add_int64(6, build);
    for (const protozero::pbf_tag_type has : {7, 8, 9, 10}) mapping.add_bool(has, true);
  }

  /// Locations of a stack, innermost first.
  std::vector<std::uint64_t> locationsOf(const golang::Goroutine& goroutine) {
    frames_.clear();
    pcs_.clear();
    report_.analysis->frames(goroutine, frames_, &pcs_);
    std::vector<std::uint64_t> locations;
    for (std::size_t i = 0; i < frames_.size() && i < pcs_.size();) {
      std::size_t end = i + 1;
      while (end < frames_.size() && end < pcs_.size() && pcs_[end] == pcs_[i] &&
             frames_[end - 1].inlined) {
        ++end;
      }
      locations.push_back(names_.location(pcs_[i], std::span(frames_).subspan(i, end - i)));
      i = end;
    }
    return locations;
  }

  /// With --group by something else a group has several stacks.
  void putGroup(std::size_t number) {
    const leak::Group& group = report_.grouping.groups[number];
    std::map<Index, std::pair<Index, std::int64_t>> stacks;  // one with it, and how many
    const auto& goroutines = report_.snapshot->goroutines;
    stacks[goroutines[group.example].stack].first = group.example;
    for (const Index member : report_.grouping.membersOf(group)) {
      auto& [one, count] = stacks.try_emplace(goroutines[member].stack, member, 0).first->second;
      ++count;
    }
    std::int64_t retained = 0;
    if (number < report_.holdings.owners.size()) {
      const proof::Holding& holding = report_.holdings.owners[number];
      retained = static_cast<std::int64_t>(holding.stackBytes + holding.heapBytes);
    }
    for (const auto& [stack, members] : stacks) {
      const bool first = stack == goroutines[group.example].stack;
      putSample(group, members.first, members.second, first ? retained : 0);
    }
  }

  void putSample(const leak::Group& group, Index example, std::int64_t count,
                 std::int64_t retained) {
    const std::vector<std::uint64_t> locations = locationsOf(report_.snapshot->goroutines[example]);
    const rules::Finding* finding = findingOf(report_, group);
    std::vector<std::pair<std::string, std::string>> labels = {
        {"verdict", std::string(leak::verdictName(report_.analysis->info(example).verdict))},
        {"reason", reasonText(*report_.analysis, example)}};
    if (finding != nullptr) labels.emplace_back("rule", rules::ruleOf(finding->rule).name);
    std::vector<std::pair<std::int64_t, std::int64_t>> named;
    for (const auto& [key, value] : labels) {
      named.emplace_back(names_.string(key), names_.string(value));
    }
    const std::array<std::int64_t, 2> values = {count, retained};
    protozero::pbf_writer sample(out_, profile::sample);
    sample.add_packed_uint64(1, locations.begin(), locations.end());
    sample.add_packed_int64(2, values.begin(), values.end());
    for (const auto& [key, value] : named) {
      protozero::pbf_writer label(sample, 3);
      label.add_int64(1, key);
      label.add_int64(2, value);
    }
  }

  const Report& report_;
  std::string bytes_;
  protozero::pbf_writer out_;
  Names names_;
  std::vector<image::SourceFrame> frames_;  ///< scratch
  std::vector<Addr> pcs_;                   ///< scratch
};

/// The bytes as a gzip file, to the sink.
void compress(const std::string& bytes, Writer& out) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16, kMemory = 8;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return;
  }
  std::array<char, 16384> block;
  // zlib does not write to what it reads.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int state = Z_OK;
  while (state == Z_OK && !out.ended()) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    state = deflate(&stream, Z_FINISH);
    out({block.data(), block.size() - stream.avail_out});
  }
  deflateEnd(&stream);
}

void renderPprof(const Answer& answer, const TextStyle&, const Sink& sink) {
  Writer out(sink);
  compress(Profile(answer.report).make(), out);
}

}  // namespace

extern const Format kPprofFormat = {
    .name = "pprof",
    .help = "a profile for go tool pprof: goroutines, and bytes that leaked ones retain",
    .goroutinesOnly = true,
    .hasFindings = true,
    .binary = true,
    .joining = Joining::alone,
    .render = renderPprof,
};

}  // namespace parked::report
