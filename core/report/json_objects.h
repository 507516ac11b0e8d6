// The objects of the JSON document and of JSON lines, each appended as the text of one JSON object
// (docs/json.md).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/model.h"

namespace parked::report {

/// Version of the document; changes when a reader of the old one would misread the new one.
inline constexpr std::string_view kJsonSchema = "parked/1";

/// Writes objects of one report. Keeps the text of what many goroutines share (stacks, places,
/// sentences), so that a hundred thousand of them cost little more than their own numbers.
class JsonObjects {
 public:
  explicit JsonObjects(const Report& report);

  void target(std::string& out) const;
  /// How many goroutines were chosen, and how many of them are listed.
  void selection(std::string& out, std::size_t listed) const;
  void goroutine(std::string& out, Index index);
  void group(std::string& out, std::size_t index);
  void finding(std::string& out, const rules::Finding& finding, std::size_t group) const;
  /// `index` into timersOf().
  void timer(std::string& out, std::size_t index);
  /// A lock with who may hold it.
  void lock(std::string& out, Index index) const;
  void waitCircle(std::string& out, const leak::WaitCircle& circle) const;
  void lockCycle(std::string& out, const leak::LockCycle& cycle) const;
  void proof(std::string& out) const;
  static void incomplete(std::string& out, const Incomplete& entry);

 private:
  void frames(std::string& out, const golang::Goroutine& goroutine);
  /// "user_frame", what belongs to it, "frames" and "stack_complete" of a goroutine.
  void stack(std::string& out, Index index);
  void place(std::string& out, leak::PlaceId id) const;
  void origin(std::string& out, const leak::Origin& origin) const;
  void createdBy(std::string& out, leak::PlaceId creator, std::uint64_t goroutine) const;
  void sentence(std::string& out, Index index);
  void reason(std::string& out, const golang::Goroutine& goroutine) const;
  /// "retained" and "root_cause_group" of a group.
  void holding(std::string& out, std::size_t group) const;
  void holder(std::string& out, const leak::LockHolder& holder) const;
  void identity(std::string& out, Index index) const;
  void labels(std::string& out, const golang::Goroutine& goroutine) const;
  std::int32_t threadOf(const golang::Goroutine& goroutine) const;

  const Report& report_;
  const golang::Snapshot& snapshot_;
  const leak::Analysis& analysis_;
  std::vector<Index> groupOf_;
  std::vector<std::string> stacks_;                           ///< by stack, filled on first use
  std::vector<std::string> places_;                           ///< members of the object, by place
  std::unordered_map<std::uint64_t, std::string> sentences_;  ///< by group and rule
  std::unordered_map<Addr, std::string> callbacks_;           ///< of timers, by code address
  std::vector<image::SourceFrame> source_;                    ///< scratch
  std::vector<Addr> pcs_;                                     ///< scratch
};

}  // namespace parked::report
