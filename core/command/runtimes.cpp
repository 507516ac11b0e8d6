#include "command/runtimes.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "report/escape.h"
#include "report/json_writer.h"
#include "target/go_files.h"

namespace parked::command {

namespace {

using report::Joining;

/// The graver of two answers.
Exit worse(Exit a, Exit b) {
  for (const Exit exit : {Exit::findings, Exit::unusable, Exit::incomplete}) {
    if (a == exit || b == exit) return exit;
  }
  return Exit::clean;
}

/// The output of several commands, one behind the other. As text, each has a heading; documents
/// are members of the first one, so that a reader of one document misses nothing.
class Together {
 public:
  Together(Joining joining, const Sink& sink) : joining_(joining), sink_(sink) {}

  /// Announces the next one.
  void next(std::string heading) {
    heading_ = std::move(heading);
    begun_ = false;
  }

  bool operator()(std::string_view text) {
    if (text.empty()) return true;
    if (!begun_ && !begin()) return false;
    if (joining_ != Joining::document) return sink_(text);
    // The end of a document waits until it is known what follows.
    held_.append(text);
    const std::size_t end = count_ == 1 ? kEnd.size() : kLineEnd.size();
    const std::size_t out = held_.size() - std::min(held_.size(), end);
    if (out == 0) return true;
    const bool wanted = sink_(std::string_view(held_).substr(0, out));
    held_.erase(0, out);
    return wanted;
  }

  /// `unread`: objects for runtimes that could not be read, in JSON.
  bool finish(const std::vector<std::string>& unread) {
    if (joining_ != Joining::document || count_ == 0) return true;
    if (count_ > 1) {
      json_.newLine();
      json_.end(']');
    }
    if (!unread.empty()) {
      json_.newLine();
      json_.array("unread_runtimes", unread, [this](const std::string& each) { json_.raw(each); });
    }
    json_.end('}');
    return drain() && sink_(kLineEnd);
  }

 private:
  static constexpr std::string_view kEnd = "}\n", kLineEnd = "\n";

  bool begin() {
    begun_ = true;
    ++count_;
    switch (joining_) {
      case Joining::document:
        held_.clear();  // of the one before
        if (count_ == 1) return true;
        json_.newLine();
        if (count_ == 2) {
          json_.key("other_runtimes");
          json_.begin('[');
          json_.newLine();
        }
        json_.raw({});  // it is written by its own command
        return drain();
      case Joining::lines:
        return true;
      case Joining::alone:
      case Joining::headings:
        break;
    }
    return sink_((count_ > 1 ? "\n" : "") + report::escape(heading_) + "\n");
  }

  bool drain() {
    const bool wanted = sink_(text_);
    text_.clear();
    return wanted;
  }

  Joining joining_;
  const Sink& sink_;
  std::string heading_, held_;
  std::string text_;                                              // of json_
  report::JsonWriter json_{text_, report::JsonWriter::GoesOn{}};  // behind the first document
  bool begun_ = false;
  std::size_t count_ = 0;
};

/// What a command says in place of an answer about a runtime that could not be read.
std::string unreadText(Joining joining, const std::string& file, const Error& error) {
  if (joining == Joining::headings) {
    return fmt::format("not read: {}\n", report::escape(error.message));
  }
  std::string text;
  report::JsonWriter json(text);
  json.object([&] {
    if (joining == Joining::lines) json.member("type", "unread");
    json.member("file", file);
    json.member("error", error.message);
  });
  if (joining == Joining::lines) text += '\n';
  return text;
}

}  // namespace

void Runtimes::add(const OpenRequest& request, const Host& host,
                   const std::vector<target::Thread>* held) {
  Each each;
  each.reading = std::make_unique<Reading>();
  auto opened = each.reading->open(request, host, held);
  each.file = each.reading->file();
  if (each.file.empty()) each.file = request.module;
  if (!opened) each.error = each.reading->explained(opened.error());
  all_.push_back(std::move(each));
}

Runtimes Runtimes::of(std::vector<std::unique_ptr<Reading>> readings) {
  Runtimes runtimes;
  for (std::unique_ptr<Reading>& reading : readings) {
    Each each;
    each.file = reading->file();
    each.reading = std::move(reading);
    runtimes.all_.push_back(std::move(each));
  }
  return runtimes;
}

Result<void> Runtimes::open(const OpenRequest& request, const Host& host,
                            const std::vector<target::Thread>* held) {
  add(request, host, held);
  const std::vector<std::string> files = all_.front().reading->runtimes();
  for (const std::string& file : files) {
    if (!request.module.empty() || file == all_.front().file) continue;
    OpenRequest next = request;
    next.module = file;
    add(next, host, held);
  }
  for (Each& each : all_) {
    if (!each.error.message.empty()) each.reading.reset();
  }
  // In the order of the target, those that were read first.
  std::ranges::stable_partition(all_, [](const Each& each) { return each.reading != nullptr; });
  if (all_.front().reading == nullptr) return tl::unexpected(all_.front().error);
  return {};
}

Reading& Runtimes::first() const { return *all_.front().reading; }

bool Runtimes::interrupted() const {
  return std::ranges::any_of(all_, [](const Each& each) {
    return each.reading != nullptr && each.reading->workspace().interrupted();
  });
}

std::vector<std::string> Runtimes::limits() const {
  std::vector<std::string> limits;
  for (const Each& each : all_) {
    if (each.reading == nullptr) {
      limits.push_back(fmt::format("{}: {}", each.file, each.error.message));
      continue;
    }
    std::ranges::move(each.reading->workspace().limits(), std::back_inserter(limits));
  }
  return limits;
}

std::optional<Session::Registers> Runtimes::registersOf(std::uint64_t goid) const {
  for (const Each& each : all_) {
    if (each.reading == nullptr) continue;
    if (auto registers = each.reading->registersOf(goid)) return registers;
  }
  return std::nullopt;
}

Result<Runtimes::Chosen> Runtimes::choose(const std::string& module) const {
  Chosen chosen;
  std::string names;
  for (const Each& each : all_) {
    if (module.empty() || target::namesFile(module, each.file)) chosen.push_back(&each);
    names += (names.empty() ? "" : ", ") + each.file;
  }
  if (!chosen.empty()) return chosen;
  return fail(ErrorCode::usage, fmt::format("--module '{}': there is no Go runtime in a file of "
                                            "that name; there are {}",
                                            module, names));
}

Result<CommandResult> Runtimes::run(const Invocation& invocation, const Style& style,
                                    const Sink& sink) {
  if (invocation.format->binary && !style.bytes) {
    return fail(ErrorCode::usage, fmt::format("--format {} is no text: in the shell, send it to a "
                                              "file",
                                              invocation.format->name));
  }
  const auto chosen = choose(invocation.module);
  if (!chosen) return tl::unexpected(chosen.error());
  if (chosen->size() > 1 && invocation.format->joining == Joining::alone) {
    return fail(ErrorCode::usage,
                fmt::format("--format {} is of one Go runtime, and the process has {}: name one "
                            "with --module",
                            invocation.format->name, chosen->size()));
  }
  if (chosen->size() > 1) return runAll(*chosen, invocation, style, sink);
  const Each& each = *chosen->front();
  if (each.reading == nullptr) return tl::unexpected(each.error);
  return each.reading->run(invocation, style, sink);
}

Result<CommandResult> Runtimes::runAll(const Chosen& chosen, const Invocation& invocation,
                                       const Style& style, const Sink& sink) const {
  CommandResult all;
  const Joining joining = invocation.format->joining;
  Together together(joining, sink);
  const Sink each = [&together](std::string_view text) { return together(text); };
  std::optional<Error> notThere;
  std::size_t number = 0, answers = 0;
  std::vector<std::string> unread;
  for (const Each* runtime : chosen) {
    together.next(fmt::format("Go runtime {} of {}: {}", ++number, chosen.size(), runtime->file));
    if (runtime->reading == nullptr) {
      const std::string text = unreadText(joining, runtime->file, runtime->error);
      if (joining == Joining::document) {
        unread.push_back(text);
      } else {
        each(text);
      }
      all.exit = worse(all.exit, Exit::incomplete);
      continue;
    }
    auto result = runtime->reading->run(invocation, style, each);
    if (!result && result.error().code != ErrorCode::notFound) {
      return tl::unexpected(result.error());
    }
    // A goroutine's id, or a channel's address, is of one of them.
    if (!result) {
      if (!notThere) notThere = result.error();
      continue;
    }
    ++answers;
    all.exit = worse(all.exit, result->exit);
    all.interrupted = all.interrupted || result->interrupted;
    all.timings += result->timings;
    if (all.error.empty()) all.error = result->error;
  }
  together.finish(unread);
  if (answers == 0 && notThere) return tl::unexpected(*notThere);
  return all;
}

}  // namespace parked::command
