// Completion of parked's command line in shells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parked::cli {

/// What the last of the words may become.
struct Completion {
  struct Candidate {
    std::string word, text;  ///< the whole word, and what it is
  };
  std::vector<Candidate> candidates;
  bool files = false;  ///< or the name of a file
};

/// The words of the command line behind "parked", the last of which is being typed.
Completion complete(const std::vector<std::string>& words);

/// What shells read: a candidate a line with a tab and its text; ":files" where names of files are
/// to be offered as well.
std::string completionLines(const std::vector<std::string>& words);

/// The script that makes a shell ask, "" for a shell that is not known.
std::string_view completionScript(std::string_view shell);

/// `parked completion SHELL`: the script, or what is wrong with the words.
bool completionCommand(const std::vector<std::string>& words, std::string& out, std::string& error);

}  // namespace parked::cli
