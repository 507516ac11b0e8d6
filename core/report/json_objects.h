// The objects of the JSON document and of JSON lines that there may be many of: goroutines and
// groups (docs/json.md).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/json_writer.h"
#include "report/left_by.h"
#include "report/model.h"

namespace parked::report {

/// Version of the document; changes when a reader of the old one would misread the new one.
inline constexpr std::string_view kJsonSchema = "parked/1";

/// Writes objects of one report. Keeps the text of what many goroutines share (stacks, places,
/// sentences), so that a hundred thousand of them cost little more than their own numbers.
class JsonObjects {
 public:
  explicit JsonObjects(const Report& report);

  void goroutine(JsonWriter& json, Index index);
  void group(JsonWriter& json, std::size_t index);

 private:
  /// "frames" and "stack_complete".
  void frames(JsonWriter& json, const golang::Goroutine& goroutine);
  /// "user_frame", what belongs to it, "frames" and "stack_complete" of a goroutine.
  void stack(JsonWriter& json, Index index);
  /// A place, or null; with members behind those of the place.
  void place(JsonWriter& json, leak::PlaceId id) const;
  template <class Members>
  void place(JsonWriter& json, leak::PlaceId id, const Members& members) const;
  void origin(JsonWriter& json, const leak::Origin& origin) const;
  void createdBy(JsonWriter& json, leak::PlaceId creator, std::uint64_t goroutine) const;
  void sentence(JsonWriter& json, Index index);
  void reason(JsonWriter& json, const golang::Goroutine& goroutine) const;
  void keptBy(JsonWriter& json, const leak::Group& group) const;
  void leftBy(JsonWriter& json, const leak::Group& group);
  /// "retained" and "root_cause_group" of a group.
  void holding(JsonWriter& json, std::size_t group) const;
  /// What a goroutine is and where it came from.
  void identity(JsonWriter& json, const golang::Goroutine& goroutine) const;
  void judgement(JsonWriter& json, Index index);
  void labels(JsonWriter& json, const golang::Goroutine& goroutine) const;
  std::int32_t threadOf(const golang::Goroutine& goroutine) const;

  const Report& report_;
  const golang::Snapshot& snapshot_;
  const leak::Analysis& analysis_;
  LeftBy leftBy_;
  std::vector<Index> groupOf_;
  // What is kept is JSON: members of an object, or (sentences, callbacks) a value.
  std::vector<std::string> stacks_;                           ///< by stack, filled on first use
  std::vector<std::string> places_;                           ///< by place
  std::unordered_map<std::uint64_t, std::string> sentences_;  ///< by group and rule
  std::vector<image::SourceFrame> source_;                    ///< scratch
  std::vector<Addr> pcs_;                                     ///< scratch
};

/// With --source: the member `source` of a place.
void putSourceMember(JsonWriter& json, const Report& report, const leak::Place& place);
/// One object of the array `findings`; `group` is its place in `groups`, kNone if it has none.
void putFinding(JsonWriter& json, const Report& report, const rules::Finding& finding,
                std::size_t group);
void putTarget(JsonWriter& json, const Report& report);
/// How many goroutines were chosen, and how many of them are listed.
void putSelection(JsonWriter& json, const Report& report, std::size_t listed);
void putProof(JsonWriter& json, const Report& report);
void putIncomplete(JsonWriter& json, const Incomplete& entry);

}  // namespace parked::report
