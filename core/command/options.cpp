#include "command/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <utility>

#include "base/closest.h"
#include "base/text.h"
#include "command/dump_options.h"
#include "command/exec_options.h"
#include "command/option_table.h"
#include "command/specs.h"
#include "command/watch_options.h"
#include "parked/parked.h"
#include "report/rule_help.h"

namespace parked::command {

namespace {

tl::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::usage, std::move(message));
}

tl::unexpected<Error> noCommand(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Spec& spec : specs()) names.push_back(spec.name);
  return usage(fmt::format("'{}' is no command; there are {}.{}", name, fmt::join(names, ", "),
                           didYouMean(name, names)));
}

/// A word that is left over.
tl::unexpected<Error> unexpectedWord(const Spec& spec, std::string_view word) {
  const std::string see = fmt::format("(see: parked help {})", spec.name);
  if (word.size() > 1 && word.front() == '-') {
    const std::string_view option = word.substr(0, word.find('='));
    const std::vector<std::string> own = optionNames(spec);
    std::vector<std::string_view> others;
    for (const Spec& other : specs()) {
      const auto names = optionNames(other);
      if (std::ranges::find(names, option) != names.end()) others.push_back(other.name);
    }
    const std::string who =
        others.empty() ? didYouMean(option, std::vector<std::string_view>(own.begin(), own.end()))
                       : fmt::format(" It is an option of {}.", fmt::join(others, ", "));
    return usage(fmt::format("{} does not know '{}' {}.{}", spec.name, word, see, who));
  }
  if (spec.needsArgument()) {
    return usage(fmt::format("{} takes {}, one at a time: '{}' is too much", spec.name,
                             spec.argumentName(), word));
  }
  std::uint64_t id = 0;
  const std::string hint = parseNumber(word, id)
                               ? fmt::format(". Did you mean 'goroutine {}'?", word)
                           : findSpec(word) != nullptr ? ": one command at a time"
                                                       : "";
  return usage(fmt::format("{} does not know '{}' {}{}", spec.name, word, see, hint));
}

/// CLI11 cannot say "one word, and a second one unless the first is `user` or `running`", so that
/// --with and --without are taken out of the words first; their order among the words is free.
Result<std::vector<std::string>> takeFilters(const std::vector<std::string>& words,
                                             std::vector<query::Filter>& filters) {
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view option = words[i];
    if (option == "--") {
      rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    std::string property;
    if (const auto equals = option.find('=');
        equals != std::string_view::npos && option.starts_with("--with")) {
      property = option.substr(equals + 1);
      option = option.substr(0, equals);
    }
    // Delve spells them with one dash.
    if (option != "--with" && option != "--without" && option != "-with" && option != "-without") {
      rest.push_back(words[i]);
      continue;
    }
    query::Filter filter;
    filter.with = !option.ends_with("without");
    if (property.empty()) {
      if (++i == words.size()) return usage(fmt::format("{} needs a word behind it", option));
      property = words[i];
    }
    // "--with 'reason chan send'" in one word is fine, too.
    if (const auto space = property.find_first_of(" :"); space != std::string::npos) {
      filter.expression = property.substr(space + 1);
      property.resize(space);
    }
    if (!query::parseProperty(property, filter.property)) {
      return usage(fmt::format("{} '{}': expected one of {}", option, property,
                               query::propertiesExpected(property)));
    }
    if (query::takesExpression(filter.property) && filter.expression.empty()) {
      ++i;
      if (i == words.size() || words[i].empty()) {
        return usage(fmt::format("{} {} needs an expression behind it", option, property));
      }
      filter.expression = words[i];
    }
    if (auto checked = query::checkFilter(filter); !checked) return tl::unexpected(checked.error());
    filters.push_back(std::move(filter));
  }
  return rest;
}

std::unique_ptr<CLI::App> makeParser(const Spec& spec, Invocation& out, Words& words) {
  auto app = std::make_unique<CLI::App>();
  app->set_help_flag();  // our own text: the same in all front-ends
  app->allow_extras();   // and our own words for them
  // A process may be called like an option.
  if (spec.kind == Kind::handler) app->prefix_command();
  app->add_flag("-h,--help", out.help);
  if (spec.has(Option::argument)) app->add_option("argument", out.argument);
  if (spec.has(Option::diff)) app->add_option("sides", out.sides);
  for (const OptionRow& row : optionTable()) {
    if (row.add != nullptr && spec.has(row.option)) row.add(*app, row.flags, out, words);
  }
  return app;
}

Result<void> readFormat(const Spec& spec, const Words& words, const report::Format*& format) {
  if (!words.format.empty()) {
    const report::Format* named = report::formatNamed(words.format);
    if (named == nullptr) {
      std::vector<std::string_view> names;
      for (const report::Format* each : report::formats()) names.push_back(each->name);
      return usage(fmt::format("--format '{}': expected {}.{}", words.format, formatNames(true),
                               didYouMean(words.format, names)));
    }
    format = named;
  }
  if (words.flagged != nullptr) format = words.flagged;
  if (words.lines) format = report::formatNamed("jsonl");
  if (words.document) format = report::formatNamed("json");
  const bool diff = spec.kind == Kind::diff;
  if (diff ? !format->ofDiff : format->goroutinesOnly && !spec.has(Option::dump)) {
    return usage(fmt::format("{} has no such format: expected {}", spec.name,
                             diff ? "text, json or html" : formatNames(false)));
  }
  if (format->missing != nullptr && !format->missing().empty()) {
    return usage(std::string(format->missing()));
  }
  return {};
}

Result<void> readNumbers(const Words& words, Invocation& out) {
  if (!words.limit.empty()) {
    std::uint64_t limit = 0;
    if (!parseNumber(words.limit, limit)) {
      return usage(fmt::format("--limit '{}': expected a number", words.limit));
    }
    out.limit = limit;
  }
  if (!words.suspectCount.empty() &&
      (!parseNumber(words.suspectCount, out.thresholds.count) || out.thresholds.count == 0)) {
    return usage(
        fmt::format("--suspect-count '{}': expected a number above 0", words.suspectCount));
  }
  if (!words.suspectAge.empty()) {
    const auto age = durationFrom(words.suspectAge);
    if (!age) {
      return usage(fmt::format("--suspect-age '{}': expected a duration such as 90s, 10m, 2h",
                               words.suspectAge));
    }
    out.thresholds.age = std::chrono::nanoseconds(*age);
  }
  if (!words.orphanCount.empty() &&
      (!parseNumber(words.orphanCount, out.thresholds.orphans) || out.thresholds.orphans == 0)) {
    return usage(fmt::format("--orphan-count '{}': expected a number above 0", words.orphanCount));
  }
  // The rules between follow: who calls 5 at any age too many surely means 5 old ones, too.
  leak::Thresholds& thresholds = out.thresholds;
  thresholds.some = std::min(thresholds.some, thresholds.count);
  thresholds.few = std::min(thresholds.few, thresholds.count);
  thresholds.someAge = std::min(thresholds.someAge, thresholds.age);
  return {};
}

/// What is listed in which order, and with how much of each.
Result<void> readLists(const Spec& spec, const Words& words, Invocation& out) {
  if (!words.sort.empty()) {
    const bool ofGoroutines = spec.kind == Kind::goroutines && !out.grouped;
    const auto key = report::parseSortKey(words.sort, ofGoroutines);
    if (!key) return tl::unexpected(key.error());
    out.sortBy = *key;
  }
  if (!words.stacks.empty()) {
    std::uint64_t calls = 0;
    if (!parseNumber(words.stacks, calls)) {
      return usage(fmt::format("-t '{}': expected a number of calls", words.stacks));
    }
    out.stacks = calls;
  }
  return {};
}

Result<void> readSource(const Words& words, Invocation& out) {
  for (const std::string& each : words.sourcePaths) {
    const std::size_t equals = each.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == each.size()) {
      return usage(fmt::format("--source-path '{}': expected FROM=TO, two folders", each));
    }
    out.sourcePaths.emplace_back(each.substr(0, equals), each.substr(equals + 1));
  }
  if (out.noSource && out.withSource) {
    return usage("--source and --no-source exclude each other");
  }
  return {};
}

Result<void> interpret(const Spec& spec, const Words& words, Invocation& out) {
  if (auto format = readFormat(spec, words, out.format); !format) return format;
  if (auto numbers = readNumbers(words, out); !numbers) return numbers;
  if (!words.group.empty()) {
    auto by = query::parseGroupBy(words.group);
    if (!by) return tl::unexpected(by.error());
    out.groupBy = std::move(*by);
    out.grouped = true;
  }
  if (auto order = readLists(spec, words, out); !order) return order;
  if (auto source = readSource(words, out); !source) return source;
  if (words.failOn == "growing" && spec.has(Option::watch)) {
    out.failOnGrowing = true;
  } else if (!words.failOn.empty()) {
    leak::Verdict verdict{};
    if (!leak::parseVerdict(words.failOn, verdict)) {
      const bool watch = spec.has(Option::watch);
      constexpr std::array<std::string_view, 7> kNames = {
          "proved", "orphan", "suspect", "unknown", "waiting", "running", "growing"};
      return usage(
          fmt::format("--fail-on '{}': expected proved, orphan, suspect, unknown, waiting or "
                      "running{}.{}",
                      words.failOn, watch ? ", or growing" : "",
                      didYouMean(words.failOn, std::span(kNames).first(watch ? 7 : 6))));
    }
    out.failOn = verdict;
  }
  if (auto exec = readExec(words, out); !exec) return exec;
  if (auto dump = readDump(words, out); !dump) return dump;
  if (auto handler = readHandler(words, out); !handler) return handler;
  if (auto watch = readWatch(words, out); !watch) return watch;
  if (spec.kind == Kind::diff && out.sides.size() > 2) {
    return usage(fmt::format("diff compares two things: '{}' is too much", out.sides[2]));
  }
  if (spec.kind == Kind::diff && out.sides.size() < 2 && !out.help) {
    return usage(
        "diff needs two things to compare, each a core, a process or a JSON report: "
        "parked diff A B");
  }
  if (spec.kind == Kind::explain && !out.argument.empty() &&
      report::ruleNamed(out.argument) == nullptr) {
    std::vector<std::string_view> names;
    for (const rules::Rule& rule : rules::rules()) names.push_back(rule.name);
    return usage(fmt::format("there is no rule '{}' (parked explain lists them).{}", out.argument,
                             didYouMean(out.argument, names)));
  }
  if (spec.kind == Kind::help && !out.argument.empty() && findSpec(out.argument) == nullptr) {
    return noCommand(out.argument);
  }
  if (spec.needsArgument() && out.argument.empty() && !out.help) {
    return usage(fmt::format("{} needs {}: {}", spec.name, spec.argumentName(), spec.synopsis()));
  }
  return {};
}

/// CLI11's messages are good, but may have several lines.
std::string oneLine(const Spec& spec, std::string message) {
  message = message.substr(0, message.find('\n'));
  constexpr std::string_view kMissing = ": 1 required TEXT missing";
  if (message.ends_with(kMissing)) {
    message.resize(message.size() - kMissing.size());
    return fmt::format("{}: {} needs a value behind it", spec.name, message);
  }
  return fmt::format("{}: {}", spec.name, message);
}

/// The options that choose goroutines and judge them, in words for a shell.
void rememberForHints(const Words& words, Invocation& out) {
  for (const query::Filter& filter : out.filters) {
    out.choosing += fmt::format(" --{} {}", filter.with ? "with" : "without",
                                query::propertyName(filter.property));
    if (query::takesExpression(filter.property)) out.choosing += " " + shellWord(filter.expression);
  }
  const auto add = [](std::string& to, std::string_view option, const std::string& value) {
    if (!value.empty()) to += fmt::format(" {} {}", option, shellWord(value));
  };
  add(out.choosing, "--group", words.group);
  add(out.choosing, "--sort", words.sort);
  add(out.judging, "--module", out.module);
  add(out.judging, "--suspect-count", words.suspectCount);
  add(out.judging, "--suspect-age", words.suspectAge);
  add(out.judging, "--orphan-count", words.orphanCount);
  add(out.judging, "--ignore-file", out.ignoreFile);
  add(out.judging, "--baseline", out.baseline);
}

}  // namespace

bool parseNumber(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool parseAddress(std::string_view text, std::uint64_t& address) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), address, 16);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Result<Invocation> parse(const std::vector<std::string>& words) {
  const bool named = !words.empty() && !words.front().starts_with('-');
  const std::string name = named ? words.front() : "report";
  const Spec* spec = findSpec(name);
  if (spec == nullptr) return noCommand(name);
  Invocation out;
  out.kind = spec->kind;
  out.command = spec->name;
  out.section = spec->section;
  std::vector<std::string> rest(words.begin() + (named ? 1 : 0), words.end());
  if (spec->has(Option::filters)) {
    auto taken = takeFilters(rest, out.filters);
    if (!taken) return tl::unexpected(taken.error());
    rest = std::move(*taken);
  }
  Words given;
  try {
    const auto parser = makeParser(*spec, out, given);
    std::reverse(rest.begin(), rest.end());  // CLI11 takes them from the back
    parser->parse(std::move(rest));
    if (const auto extras = parser->remaining(); spec->kind == Kind::handler && !out.help) {
      const bool option = !extras.empty() && extras.front().starts_with('-');
      if (option) return unexpectedWord(*spec, extras.front());
      out.handler.words = extras;
    } else if (!extras.empty()) {
      return unexpectedWord(*spec, extras.front());
    }
  } catch (const CLI::Error& error) {
    return usage(oneLine(*spec, error.what()));
  }
  if (auto understood = interpret(*spec, given, out); !understood) {
    return tl::unexpected(understood.error());
  }
  rememberForHints(given, out);
  return out;
}

}  // namespace parked::command
