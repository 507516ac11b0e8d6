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
#include "command/specs.h"
#include "leak/numbers.h"
#include "leak/trend.h"
#include "parked/parked.h"

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
                                             std::vector<leak::Filter>& filters) {
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
    leak::Filter filter;
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
    if (!leak::parseProperty(property, filter.property)) {
      return usage(fmt::format("{} '{}': expected one of {}", option, property,
                               leak::propertiesExpected(property)));
    }
    if (leak::takesExpression(filter.property) && filter.expression.empty()) {
      ++i;
      if (i == words.size() || words[i].empty()) {
        return usage(fmt::format("{} {} needs an expression behind it", option, property));
      }
      filter.expression = words[i];
    }
    if (auto checked = leak::checkFilter(filter); !checked) return tl::unexpected(checked.error());
    filters.push_back(std::move(filter));
  }
  return rest;
}

/// The raw words of options that need more than CLI11's own conversion.
struct Raw {
  bool lines = false;                       ///< --json of `watch`
  const report::Format* flagged = nullptr;  ///< named by its flag
  std::string format, limit, group, failOn, suspectCount, suspectAge, orphanCount, every, count;
};

std::unique_ptr<CLI::App> makeParser(const Spec& spec, Invocation& out, Raw& raw) {
  auto app = std::make_unique<CLI::App>();
  app->set_help_flag();  // our own text: the same in all front-ends
  app->allow_extras();   // and our own words for them
  app->add_flag("-h,--help", out.help);
  if (spec.has(Option::argument)) app->add_option("argument", out.argument);
  if (spec.has(Option::format)) {
    for (const report::Format* each : report::formats()) {
      if (!each->flag) continue;
      app->add_flag_callback(fmt::format("--{}", each->name), [&raw, each] { raw.flagged = each; });
    }
    app->add_option("--format", raw.format);
  }
  if (spec.has(Option::limit)) {
    app->add_option("-n,--limit", raw.limit);
    app->add_flag("-a,--all", out.all);
  }
  if (spec.has(Option::system)) app->add_flag("--system", out.system);
  if (spec.has(Option::waits)) app->add_flag("--waits", out.waits);
  if (spec.has(Option::group)) app->add_option("--group,--group-by", raw.group);
  if (spec.has(Option::verdicts)) {
    app->add_option("--suspect-count", raw.suspectCount);
    app->add_option("--suspect-age", raw.suspectAge);
    app->add_option("--orphan-count", raw.orphanCount);
    app->add_option("--fail-on", raw.failOn);
    app->add_flag("--require-proof", out.requireProof);
    app->add_option("--ignore-file", out.ignoreFile);
  }
  if (spec.has(Option::watch)) {
    app->add_option("--every", raw.every);
    app->add_option("--count", raw.count);
    app->add_flag("--json,--jsonl", raw.lines);
  }
  if (spec.has(Option::module)) app->add_option("--module", out.module);
  if (spec.has(Option::timings)) app->add_flag("--timings", out.timings);
  return app;
}

Result<void> readFormat(const Spec& spec, const Raw& raw, const report::Format*& format) {
  if (!raw.format.empty()) {
    const report::Format* named = report::formatNamed(raw.format);
    if (named == nullptr) {
      std::vector<std::string_view> names;
      for (const report::Format* each : report::formats()) names.push_back(each->name);
      return usage(fmt::format("--format '{}': expected {}.{}", raw.format, formatNames(true),
                               didYouMean(raw.format, names)));
    }
    format = named;
  }
  if (raw.flagged != nullptr) format = raw.flagged;
  if (raw.lines) format = report::formatNamed("jsonl");
  if (format->goroutinesOnly && !spec.has(Option::dump)) {
    return usage(fmt::format("{} has no such format: expected {}", spec.name, formatNames(false)));
  }
  return {};
}

Result<void> readNumbers(const Raw& raw, Invocation& out) {
  if (!raw.limit.empty()) {
    std::uint64_t limit = 0;
    if (!parseNumber(raw.limit, limit)) {
      return usage(fmt::format("--limit '{}': expected a number", raw.limit));
    }
    out.limit = limit;
  }
  if (!raw.suspectCount.empty() &&
      (!parseNumber(raw.suspectCount, out.thresholds.count) || out.thresholds.count == 0)) {
    return usage(fmt::format("--suspect-count '{}': expected a number above 0", raw.suspectCount));
  }
  if (!raw.suspectAge.empty()) {
    std::int64_t age = 0;
    if (!leak::parseDuration(raw.suspectAge, age)) {
      return usage(fmt::format("--suspect-age '{}': expected a duration such as 90s, 10m, 2h",
                               raw.suspectAge));
    }
    out.thresholds.age = std::chrono::nanoseconds(age);
  }
  if (!raw.orphanCount.empty() &&
      (!parseNumber(raw.orphanCount, out.thresholds.orphans) || out.thresholds.orphans == 0)) {
    return usage(fmt::format("--orphan-count '{}': expected a number above 0", raw.orphanCount));
  }
  // The rules between follow: who calls 5 at any age too many surely means 5 old ones, too.
  leak::Thresholds& thresholds = out.thresholds;
  thresholds.some = std::min(thresholds.some, thresholds.count);
  thresholds.few = std::min(thresholds.few, thresholds.count);
  thresholds.someAge = std::min(thresholds.someAge, thresholds.age);
  return {};
}

Result<void> readWatch(const Raw& raw, Invocation& out) {
  constexpr std::chrono::nanoseconds kShortest = std::chrono::milliseconds(100);
  if (!raw.every.empty()) {
    std::int64_t every = 0;
    if (!leak::parseDuration(raw.every, every)) {
      return usage(
          fmt::format("--every '{}': expected a duration such as 5s, 1m, 500ms", raw.every));
    }
    out.every = std::chrono::nanoseconds(every);
    if (out.every < kShortest) {
      return usage(
          fmt::format("--every {}: at least 100ms, as each look stops the process", raw.every));
    }
  }
  if (!raw.count.empty() && (!parseNumber(raw.count, out.count) || out.count == 0)) {
    return usage(fmt::format("--count '{}': expected a number of looks above 0", raw.count));
  }
  if (out.failOnGrowing && out.count > 0 && out.count < leak::kFewestForTrend) {
    return usage(
        fmt::format("--fail-on growing needs --count {} or more: fewer looks tell no trend",
                    leak::kFewestForTrend));
  }
  return {};
}

Result<void> interpret(const Spec& spec, const Raw& raw, Invocation& out) {
  if (auto format = readFormat(spec, raw, out.format); !format) return format;
  if (auto numbers = readNumbers(raw, out); !numbers) return numbers;
  if (!raw.group.empty()) {
    auto by = leak::parseGroupBy(raw.group);
    if (!by) return tl::unexpected(by.error());
    out.groupBy = std::move(*by);
    out.grouped = true;
  }
  if (raw.failOn == "growing" && spec.has(Option::watch)) {
    out.failOnGrowing = true;
  } else if (!raw.failOn.empty()) {
    leak::Verdict verdict{};
    if (!leak::parseVerdict(raw.failOn, verdict)) {
      const bool watch = spec.has(Option::watch);
      constexpr std::array<std::string_view, 7> kNames = {
          "proved", "orphan", "suspect", "unknown", "waiting", "running", "growing"};
      return usage(
          fmt::format("--fail-on '{}': expected proved, orphan, suspect, unknown, waiting or "
                      "running{}.{}",
                      raw.failOn, watch ? ", or growing" : "",
                      didYouMean(raw.failOn, std::span(kNames).first(watch ? 7 : 6))));
    }
    out.failOn = verdict;
  }
  if (spec.has(Option::watch)) {
    if (auto watch = readWatch(raw, out); !watch) return watch;
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
void rememberForHints(const Raw& raw, Invocation& out) {
  for (const leak::Filter& filter : out.filters) {
    out.choosing += fmt::format(" --{} {}", filter.with ? "with" : "without",
                                leak::propertyName(filter.property));
    if (leak::takesExpression(filter.property)) out.choosing += " " + shellWord(filter.expression);
  }
  const auto add = [](std::string& to, std::string_view option, const std::string& value) {
    if (!value.empty()) to += fmt::format(" {} {}", option, shellWord(value));
  };
  add(out.choosing, "--group", raw.group);
  add(out.judging, "--module", out.module);
  add(out.judging, "--suspect-count", raw.suspectCount);
  add(out.judging, "--suspect-age", raw.suspectAge);
  add(out.judging, "--orphan-count", raw.orphanCount);
  add(out.judging, "--ignore-file", out.ignoreFile);
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
  Raw raw;
  try {
    const auto parser = makeParser(*spec, out, raw);
    std::reverse(rest.begin(), rest.end());  // CLI11 takes them from the back
    parser->parse(std::move(rest));
    if (const auto extras = parser->remaining(); !extras.empty()) {
      return unexpectedWord(*spec, extras.front());
    }
  } catch (const CLI::Error& error) {
    return usage(oneLine(*spec, error.what()));
  }
  if (auto understood = interpret(*spec, raw, out); !understood) {
    return tl::unexpected(understood.error());
  }
  rememberForHints(raw, out);
  return out;
}

}  // namespace parked::command
