// What the report tells besides goroutines: each part is a section with a command, its help, its
// text and its members of JSON documents in one place. To add one: a file that defines a Section,
// and a line in sections.cpp (docs/extending/resource.md).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "report/document.h"
#include "report/page.h"
#include "report/render.h"

namespace parked::report {

struct Section {
  std::string_view name;     ///< of the command
  std::string_view summary;  ///< one line of help
  std::string_view text;     ///< a paragraph of help, its lines broken
  /// The command that it stands behind in help; "": behind the section in front of it.
  std::string_view behind = {};
  bool needsResources = false;  ///< it tells of what core/stdlib reads
  /// It has something to say although reading was interrupted; an empty list would say that there
  /// is nothing.
  bool worthInPart = false;
  bool limited = true;             ///< it takes --limit
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
};

std::span<const Section* const> sections();
/// Null if there is none of that name.
const Section* sectionNamed(std::string_view name);

/// Members of a document that has the whole report: goroutines, groups, and of every section what
/// it has there. `limit` of goroutines, 0: all.
void addReport(Document& document, std::uint64_t limit);

}  // namespace parked::report
