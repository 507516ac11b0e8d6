// Splitting a command line as a shell would, and what its words say.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "command/options.h"
#include "parked/parked.h"
#include "resources/resources.h"

namespace parked {

std::vector<std::string> splitWords(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool inWord = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < line.size() &&
                         (quote == 0 || line[i + 1] == '"' || line[i + 1] == '\\');
    if (escapes) {
      word += line[++i];
      inWord = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      inWord = true;  // '' is an empty word
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (inWord) words.push_back(std::move(word));
      word.clear();
      inWord = false;
    } else {
      word += c;
      inWord = true;
    }
  }
  if (inWord) words.push_back(std::move(word));
  return words;
}

std::string shellWord(std::string_view word) {
  const auto safe = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./=:,+@%").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, safe)) return std::string(word);
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

void OpeningWords::applyTo(OpenRequest& request) const {
  request.force = force;
  request.sysroots = sysroots;
  request.debugFolders = debugFolders;
  request.debuginfod = debuginfod;
}

std::string takeOpeningWords(std::vector<std::string>& words, OpeningWords& out) {
  std::vector<std::string> rest;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string option = word.substr(0, word.find('='));
    std::vector<std::string>* const folders = option == "--sysroot"     ? &out.sysroots
                                              : option == "--debug-dir" ? &out.debugFolders
                                                                        : nullptr;
    if (folders != nullptr) {
      const bool inOne = option.size() < word.size();
      if (!inOne && i + 1 == words.size()) return option + " needs a folder behind it";
      folders->push_back(inOne ? word.substr(option.size() + 1) : words[++i]);
      if (folders->back().empty()) return option + " needs a folder behind it";
    } else if (word == "--force") {
      out.force = true;
    } else if (word == "--debuginfod") {
      out.debuginfod = true;
    } else {
      rest.push_back(word);
    }
  }
  words = std::move(rest);
  return "";
}

bool needsResources(const std::vector<std::string>& words) {
  const auto invocation = command::parse(words);
  if (!invocation || invocation->failOn) return true;
  if (invocation->format->hasFindings) return true;
  switch (invocation->kind) {
    case command::Kind::section:
      return resources::tellsOfResources(*invocation->section);
    case command::Kind::goroutines:
    case command::Kind::goroutine:
    case command::Kind::why:
    case command::Kind::channel:
      return false;
    default:
      return true;
  }
}

std::optional<std::chrono::nanoseconds> parseDuration(std::string_view text) {
  const auto ns = durationFrom(text);
  return ns ? std::optional(std::chrono::nanoseconds(*ns)) : std::nullopt;
}

}  // namespace parked
