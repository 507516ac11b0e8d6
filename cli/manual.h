// Manual pages, made of the same table as the help.
#pragma once

#include <string>
#include <vector>

namespace parked::cli {

/// The page of a command, in man(7); of the program for "". "" for what is no command.
std::string manualPage(const std::string& command);

/// The names of all pages: "parked", "parked-report".
std::vector<std::string> manualPages();

/// `parked man [COMMAND]`, or `parked man --list`: the page or the names of all, or what is wrong
/// with the words.
bool manualCommand(const std::vector<std::string>& words, std::string& out, std::string& error);

}  // namespace parked::cli
