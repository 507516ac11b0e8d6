// The table of formats. Each is defined in a file of its own.

#include <array>

#include "report/format.h"

namespace parked::report {

extern const Format kJsonFormat, kJsonLinesFormat, kTracebackFormat;
extern const Format kSarifFormat, kJunitFormat, kGithubFormat, kOpenMetricsFormat, kPprofFormat,
    kDotFormat, kHtmlFormat;

namespace {

constexpr Format kTextFormat = {
    .name = "text",
    .help = "for people",
    .forPeople = true,
    .ofDiff = true,
    .render = [](const Answer& answer, const TextStyle& style,
                 const Sink& sink) { answer.text(style, sink); },
};

constexpr std::array kFormats = {
    &kTextFormat,  &kJsonFormat,  &kJsonLinesFormat, &kTracebackFormat,
    &kSarifFormat, &kJunitFormat, &kGithubFormat,    &kOpenMetricsFormat,
    &kPprofFormat, &kDotFormat,   &kHtmlFormat,
};

}  // namespace

std::span<const Format* const> formats() { return kFormats; }

const Format* formatNamed(std::string_view name) {
  for (const Format* format : kFormats) {
    if (format->name == name) return format;
  }
  return nullptr;
}

}  // namespace parked::report
