#include "mcp.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <string_view>
#include <unistd.h>

#include "parked/parked.h"
#include "terminal.h"

#ifndef PARKED_PYTHON_FROM_BIN
#define PARKED_PYTHON_FROM_BIN "../lib/parked/python"
#endif

namespace parked::cli {

namespace {

/// The current folder is not where modules come from, nor is the name `mcp` to be found there.
constexpr const char* kServe =
    "import sys\n"
    "sys.path[:] = [sys.argv.pop(1)] + [each for each in sys.path if each]\n"
    "try:\n"
    "    from parked.mcp_server import main\n"
    "except ImportError as problem:\n"
    "    sys.exit(f'parked mcp: {problem}; the package is of another Python than this one "
    "({sys.executable}): pip install \"parked[mcp]\", or name one in PARKED_PYTHON')\n"
    "sys.exit(main())\n";

/// The folder of this program, "" if that is not known.
std::string ownFolder() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return "";
  const std::string_view file(path.data(), static_cast<std::size_t>(length));
  return std::string(file.substr(0, file.rfind('/')));
}

void become(const std::string& program, std::vector<std::string> words) {
  std::vector<char*> arguments;
  words.insert(words.begin(), program);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(program.c_str(), arguments.data());
}

}  // namespace

int mcp(const std::vector<std::string>& words) {
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  const std::string folder = ownFolder();
  // Beside it: what `pip install parked[mcp]` has put there.
  if (const std::string script = folder + "/parked-mcp"; access(script.c_str(), X_OK) == 0) {
    become(script, rest);
  }
  // Of an installation by CMake, and of the build tree.
  for (const std::string_view from : {PARKED_PYTHON_FROM_BIN, "../python"}) {
    const std::string package = fmt::format("{}/{}", folder, from);
    if (access((package + "/parked/mcp_server.py").c_str(), R_OK) != 0) continue;
    const char* named = std::getenv("PARKED_PYTHON");
    const std::string python = named != nullptr && *named != '\0' ? named : "python3";
    std::vector<std::string> arguments = {"-c", kServe, package};
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    become(python, arguments);
    complain(fmt::format("mcp: {} does not run: {}", python, std::strerror(errno)));
    return static_cast<int>(Exit::unusable);
  }
  complain("mcp needs the Python package of parked: pip install 'parked[mcp]'");
  return static_cast<int>(Exit::unusable);
}

}  // namespace parked::cli
