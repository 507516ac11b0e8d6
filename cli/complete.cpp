#include "complete.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

#include "arguments.h"
#include "parked/parked.h"
#include "verbs.h"

namespace parked::cli {

namespace {

/// An option taken apart: "-n, --limit N".
struct Spelling {
  std::vector<std::string> flags;
  std::vector<std::string> values;  ///< "N"; of --with two
  bool optional = false;            ///< "[N]": it need not have one

  explicit Spelling(const std::string& name) {
    for (std::string word : splitWords(name)) {
      if (word.ends_with(',')) word.pop_back();
      if (word.starts_with('-')) {
        flags.push_back(word);
      } else {
        optional = optional || word.starts_with('[');
        values.push_back(word);
      }
    }
  }
  bool has(std::string_view flag) const { return std::ranges::find(flags, flag) != flags.end(); }
};

/// What the words before the last one are.
struct Before {
  std::optional<CommandHelp> command;
  std::string verb;                ///< that opens nothing: "completion"
  std::size_t targets = 0;         ///< words in front of the command
  bool core = false;               ///< the word "core" in front of them
  std::size_t arguments = 0;       ///< behind the command
  std::vector<OptionHelp> own;     ///< options that may be given now
  std::optional<OptionHelp> open;  ///< an option whose value is missing
  std::size_t given = 0;           ///< of its values
};

std::optional<OptionHelp> optionNamed(const std::vector<OptionHelp>& options,
                                      std::string_view flag) {
  // Help may have several lines for one: --fail-on VERDICT, --fail-on growing.
  std::optional<OptionHelp> found;
  for (const OptionHelp& option : options) {
    if (!Spelling(option.name).has(flag)) continue;
    if (!found) {
      found = option;
    } else {
      found->values.insert(found->values.end(), option.values.begin(), option.values.end());
    }
  }
  return found;
}

void takeOption(Before& before, const std::string& word) {
  const bool valued = word.find('=') != std::string::npos;
  const auto option = optionNamed(before.own, word.substr(0, word.find('=')));
  if (!option) return;
  const Spelling spelling(option->name);
  const std::size_t given = valued ? 1 : 0;
  if (spelling.optional || spelling.values.size() <= given) return;
  before.open = option;
  before.given = given;
}

void takeWord(Before& before, const std::string& word) {
  if (before.open) {
    ++before.given;
    // `--with user` and `--with running` are all there is.
    const bool whole = word == "user" || word == "running";
    if (whole || before.given >= Spelling(before.open->name).values.size()) before.open.reset();
    return;
  }
  if (isOption(word)) return takeOption(before, word);
  if (before.command || !before.verb.empty()) {
    ++before.arguments;
  } else if (before.targets == 0 && !before.core && word == "core") {
    before.core = true;
  } else if (const Verb* verb = verbNamed(word);
             before.targets == 0 && verb != nullptr && !verb->opens) {
    before.verb = word;
  } else if (before.command = commandNamed(word); before.command) {
    std::vector<OptionHelp> options = commandOptions(word);
    before.own.insert(before.own.begin(), options.begin(), options.end());
  } else {
    ++before.targets;
  }
}

class Offer {
 public:
  explicit Offer(std::string_view current) : current_(current) {}

  void word(std::string_view word, std::string_view text) {
    const bool offered = std::ranges::find(out.candidates, word, &Completion::Candidate::word) !=
                         out.candidates.end();
    if (offered || !word.starts_with(current_)) return;
    out.candidates.push_back({std::string(word), std::string(text.substr(0, text.find('\n')))});
  }
  /// The values of an option; `prefix` is "--format=" where they stand in one word.
  void values(const OptionHelp& option, std::size_t number, const std::string& prefix) {
    if (number == 0) {
      for (const std::string& value : option.values) word(prefix + value, "");
    }
    const Spelling spelling(option.name);
    out.files = number < spelling.values.size() && spelling.values[number] == "FILE";
  }
  void options(const std::vector<OptionHelp>& options) {
    for (const OptionHelp& option : options) {
      for (const std::string& flag : Spelling(option.name).flags) word(flag, option.text);
    }
  }

  Completion out;

 private:
  std::string_view current_;
};

void offerWords(Offer& offer, const Before& before) {
  if (before.verb == "completion" && before.arguments == 0) {
    for (const char* shell : {"bash", "zsh", "fish"}) offer.word(shell, "");
  } else if (before.verb == "man" && before.arguments == 0) {
    for (const CommandHelp& each : commands()) offer.word(each.name, each.summary);
  }
  if (!before.verb.empty()) return;
  if (before.command) {
    if (before.arguments == 0) {
      for (const std::string& word : before.command->words) offer.word(word, "");
    }
    constexpr std::array<std::string_view, 4> kOfFiles = {"diff", "dump", "exec", "exec-summary"};
    offer.out.files = std::ranges::find(kOfFiles, before.command->name) != kOfFiles.end();
    return;
  }
  const bool nothing = before.targets == 0 && !before.core;
  if (nothing) {
    for (const Verb& verb : verbs()) offer.word(verb.name, verb.text);
  }
  for (const CommandHelp& each : commands()) {
    if (nothing == standsAlone(each.name) || (nothing && mayLead(each.name)))
      offer.word(each.name, each.summary);
  }
  // BIN and CORE.
  offer.out.files = before.targets < 2;
}

}  // namespace

Completion complete(const std::vector<std::string>& words) {
  const std::string current = words.empty() ? "" : words.back();
  Before before;
  before.own = programOptions();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) takeWord(before, words[i]);
  Offer offer(current);
  const std::size_t equals = current.find('=');
  if (before.open) {
    offer.values(*before.open, before.given, "");
  } else if (isOption(current) && equals != std::string::npos) {
    const auto option = optionNamed(before.own, current.substr(0, equals));
    if (option) offer.values(*option, 0, current.substr(0, equals + 1));
  } else if (current.starts_with('-')) {
    offer.options(before.own);
  } else {
    offerWords(offer, before);
  }
  return std::move(offer.out);
}

std::string completionLines(const std::vector<std::string>& words) {
  const Completion completion = complete(words);
  std::string lines;
  for (const Completion::Candidate& each : completion.candidates) {
    lines += fmt::format("{}\t{}\n", each.word, each.text);
  }
  if (completion.files) lines += ":files\n";
  return lines;
}

bool completionCommand(const std::vector<std::string>& words, std::string& out,
                       std::string& error) {
  const std::string shell = words.size() == 2 ? words[1] : "";
  out = completionScript(shell);
  if (out.empty()) error = "completion needs a shell: parked completion bash, zsh or fish";
  return error.empty();
}

}  // namespace parked::cli
