#include "output.h"

#include <unistd.h>

namespace parked::lldb_plugin {
namespace {

constexpr std::size_t kMuch = 64 << 10;
constexpr std::chrono::seconds kPatience{1};

}  // namespace

bool atTerminal(lldb::SBDebugger& debugger) {
  return isatty(STDOUT_FILENO) != 0 && debugger.GetCommandInterpreter().IsInteractive();
}

bool Output::write(std::string_view text) {
  pending_.append(text);
  if (pending_.size() < kMuch && !much_) return true;
  if (debugger_.InterruptRequested()) {
    if (much_) pending_.clear();
    return false;
  }
  if (!much_) {
    much_ = true;
    // What is written from here on is shown at once, and nothing of it again at the end.
    if (atTerminal(debugger_)) result_.SetImmediateOutputFile(debugger_.GetOutputFile());
  }
  put(pending_);
  pending_.clear();
  return true;
}

void Output::put(const std::string& text) {
  if (!text.empty()) result_.Printf("%s", text.c_str());
}

Progress::~Progress() {
  if (shown_) put("\r\x1b[K");
}

void Progress::update(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  if (!terminal_ || Clock::now() - started_ < kPatience) return;
  std::string text = "\r" + std::string(stage);
  if (total > 0) text += " " + std::to_string(done * 100 / total) + "%";
  put(text + "\x1b[K");
  shown_ = true;
}

void Progress::put(const std::string& text) {
  std::size_t written = 0;
  debugger_.GetErrorFile().Write(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                 &written);
}

}  // namespace parked::lldb_plugin
