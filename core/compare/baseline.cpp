#include "compare/baseline.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

#include "compare/document_reader.h"
#include "compare/side_reader.h"

namespace parked::compare {

namespace {

/// What it is that was read in an array of a baseline; false where it is no baseline.
bool readTable(const Json& document, const char* name,
               std::map<std::string, Baseline::Known>& table) {
  const auto entries = document.find(name);
  if (entries == document.end() || !entries->is_array()) return false;
  for (const Json& entry : *entries) {
    if (!entry.is_object()) return false;
    const auto fingerprint = entry.find("fingerprint");
    const auto verdict = entry.find("verdict");
    const auto places = entry.find("places");
    Baseline::Known known;
    if (fingerprint == entry.end() || !fingerprint->is_string() || verdict == entry.end() ||
        !verdict->is_string() || !leak::parseVerdict(verdict->get<std::string>(), known.verdict) ||
        places == entry.end() || !places->is_number_unsigned()) {
      return false;
    }
    known.places = places->get<std::uint64_t>();
    if (known.verdict >= leak::Verdict::suspect) known.leaking = known.places;
    table[fingerprint->get<std::string>()] = known;
  }
  return true;
}

std::map<std::string, Baseline::Known> tableOf(const Entries& entries) {
  std::map<std::string, Baseline::Known> table;
  for (const auto& [fingerprint, entry] : entries) {
    table[fingerprint] = {entry.verdict, entry.places.size(), entry.leakingPlaces.size()};
  }
  return table;
}

}  // namespace

Result<Baseline> Baseline::read(const std::string& file) {
  Baseline baseline;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return fail(ErrorCode::notFound, fmt::format("the baseline {} cannot be read", file));
  }
  const auto none = [&file] {
    return fail(ErrorCode::badFormat,
                fmt::format("{} is no baseline (--write-baseline) and no report of parked --json "
                            "or --jsonl",
                            file));
  };
  if (!looksLikeJson(file)) return none();
  // A report may be large and is read in pieces; a baseline is small.
  const auto side = readSide(file);
  if (side) {
    baseline.groups_ = tableOf(side->groups);
    baseline.findings_ = tableOf(side->findings);
    return baseline;
  }
  if (side.error().code == ErrorCode::unsupported) return tl::unexpected(side.error());
  const Json document = Json::parse(in, nullptr, false);
  if (!document.is_object()) return none();
  const auto schema = document.find("schema");
  if (schema == document.end() || *schema != kBaselineSchema ||
      !readTable(document, "groups", baseline.groups_) ||
      !readTable(document, "findings", baseline.findings_)) {
    return none();
  }
  return baseline;
}

bool Baseline::has(const Table& table, const std::string& fingerprint, const Known& now) {
  const auto at = table.find(fingerprint);
  if (at == table.end()) return false;
  if (now.verdict >= leak::Verdict::suspect) return now.leaking <= at->second.leaking;
  return now.verdict <= at->second.verdict && now.places <= at->second.places;
}

bool Baseline::hasGroup(const std::string& fingerprint, const Known& now) const {
  return has(groups_, fingerprint, now);
}

bool Baseline::hasFinding(const std::string& fingerprint, const Known& now) const {
  return has(findings_, fingerprint, now);
}

void markKnown(const Baseline& baseline, Side& side) {
  const auto now = [](const Entry& entry) {
    return Baseline::Known{entry.verdict, entry.places.size(), entry.leakingPlaces.size()};
  };
  for (auto& [fingerprint, entry] : side.groups) {
    entry.known = baseline.hasGroup(fingerprint, now(entry));
  }
  for (auto& [fingerprint, entry] : side.findings) {
    entry.known = baseline.hasFinding(fingerprint, now(entry));
  }
}

}  // namespace parked::compare
