// A JSON document, put together of members that the parts of a report add (docs/json.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "report/json_objects.h"
#include "report/json_writer.h"
#include "report/model.h"

namespace parked::report {

/// What a document has between `target` and its end, in the order in which it was added. Nothing is
/// written before the document is: members are functions.
class Document {
 public:
  /// Writes the i-th element of an array.
  using Put = std::function<void(JsonWriter& json, std::size_t i)>;
  struct Member {
    std::string_view name;
    std::string_view type;  ///< of its objects in JSON lines
    std::size_t count = 1;
    bool array = true;
    Put put;
  };

  explicit Document(const Report& report) : report_(report), objects_(report) {}
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() = default;

  const Report& report() const { return report_; }
  /// Goroutines, groups and timers, written with what they share kept.
  JsonObjects& objects() { return objects_; }
  const std::vector<Member>& members() const { return members_; }

  /// What `put` and the names refer to must outlive the document.
  void array(std::string_view name, std::string_view type, std::size_t count, Put put);
  void value(std::string_view name, std::function<void(JsonWriter& json)> put);

  /// `selection` and `goroutines`: `limit` of them, 0: all.
  void addGoroutines(std::uint64_t limit);
  /// `groups`, and `findings` by group.
  void addGroups();
  /// What ends every document: how far the proof came, what --fail-on decided, what is not known.
  void addEnd();

 private:
  const Report& report_;
  JsonObjects objects_;
  std::vector<Member> members_;
  /// With the number of the group that each is about, kNone if it is about a resource.
  std::vector<std::pair<const rules::Finding*, std::size_t>> findings_;
};

}  // namespace parked::report
