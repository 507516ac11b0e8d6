// The terminal: colour or not, its width, a screen to redraw, Ctrl-C, output that can fail.
#pragma once

#include <string>
#include <string_view>

#include "arguments.h"
#include "parked/parked.h"

namespace parked::cli {

/// Colour and width of stdout or stderr, from the options, the terminal and NO_COLOR.
Style styleFor(const Arguments& arguments, int output = 1);

/// Ctrl-C, SIGTERM or SIGHUP asks the work to stop; a second one kills the program as usual.
void catchInterrupts();
bool interrupted();

/// Writes all of it to stdout, also when the work was interrupted before; an interruption after the
/// first piece ends the program with exit code 3. On an error it prints one line and ends the
/// program with exit code 2; when the reader of a pipe is gone, SIGPIPE has already ended it
/// quietly.
void writeOut(std::string_view text);
/// The same, but an error is none any more, and neither is Ctrl-C.
void writeLast(std::string_view text);
void writeError(std::string_view text);
/// "parked: what" on stderr.
void complain(std::string_view what);

/// The whole terminal for a display that is redrawn in place: over what was there, so that nothing
/// flickers. What was on the terminal before comes back at the end, also when a signal ends the
/// program. A change of size ends a pause.
class Screen {
 public:
  static bool possible();
  Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();
  static int rows();
  void show(std::string_view text);
};

}  // namespace parked::cli
