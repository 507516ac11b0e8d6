// What the report tells besides goroutines: each part is a section with a command, its help, its
// text and its members of JSON documents in one place. Those of this room are in sections.cpp;
// those of resources come with them (docs/extending/resource.md).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "report/document.h"
#include "report/metrics.h"
#include "report/page.h"
#include "report/render.h"

namespace parked::report {

struct Section {
  std::string_view name;     ///< of the command
  std::string_view summary;  ///< one line of help
  std::string_view text;     ///< a paragraph of help, its lines broken
  /// The command that it stands behind in help; "": it stands at the end.
  std::string_view behind = {};
  /// It has something to say although reading was interrupted; an empty list would say that there
  /// is nothing.
  bool worthInPart = false;
  bool limited = true;             ///< it takes --limit
  bool judged = false;             ///< it takes --orphan-count
  bool showsSource = false;        ///< it names places, and takes --no-source
  std::uint64_t lines = 40;        ///< the limit of text where none is given
  bool repeatsIncomplete = false;  ///< its text says itself what was not readable
  /// The text of its command. `limit` 0: all.
  void (*render)(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink);
  /// Adds its members to the document of its command; null: it has none.
  void (*members)(Document& document, std::uint64_t limit) = nullptr;
  bool inReport = false;  ///< documents of the whole report and of a goroutine have them, too
  /// What the one screen of the report has of it; null: nothing.
  void (*brief)(Page& page, const Report& report, const TextStyle& style) = nullptr;
  /// Families of metrics, which nobody else has; null: none.
  void (*metrics)(Metrics& metrics, const Report& report) = nullptr;
};

/// Those of this room.
std::span<const Section* const> ownSections();

/// Members of a document that has the whole report: goroutines, groups, and of every section what
/// it has there. `limit` of goroutines, 0: all.
void addReport(Document& document, std::uint64_t limit);

}  // namespace parked::report
