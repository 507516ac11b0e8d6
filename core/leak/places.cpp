#include "leak/places.h"

#include <array>
#include <functional>
#include <optional>

#include "image/symbol_name.h"
#include "leak/instances.h"

namespace parked::leak {

namespace {

Place placeOf(const image::SourceFrame& frame, std::string_view types) {
  return {frame.function, frame.file, frame.line, types};
}

/// Mirrors runtime/cgocall.go: what is on the stack of a goroutine whose thread is in C.
bool isCallOfC(std::string_view function) {
  return function == "runtime.cgocall" || function == "runtime.asmcgocall";
}

Place declarationOf(const image::SourceFrame& frame, std::string_view types) {
  return {frame.function, frame.file, frame.startLine > 0 ? frame.startLine : frame.line, types};
}

}  // namespace

Place functionAt(const Code& code, Addr entry) {
  std::vector<image::SourceFrame> frames;
  if (entry != 0) code.expand(entry, true, frames);
  if (frames.empty()) return {};
  image::SourceFrame method;
  return code.methodOf(frames.back().function, entry, method)
             ? declarationOf(method, {})
             : declarationOf(frames.back(), code.typesOf(entry));
}

std::string Place::shownFunction() const {
  std::string instance = instanceName(function, types);
  return instance.empty() ? std::string(function) : instance;
}

std::size_t Places::PlaceHash::operator()(const Place& place) const {
  // Equal texts are mostly the same bytes of pclntab, but not always: hash the text.
  const std::hash<std::string_view> hash;
  return hash(place.function) * 31 + hash(place.file) * 7 + static_cast<std::size_t>(place.line);
}

bool Places::PlaceHash::operator()(const Place& a, const Place& b) const {
  return a.line == b.line && a.function == b.function && a.file == b.file && a.types == b.types;
}

Places::Places(const Code& code) : code_(&code) { places_.emplace_back(); }

PlaceId Places::intern(const Place& place) {
  const auto [it, isNew] = ids_.try_emplace(place, static_cast<PlaceId>(places_.size()));
  if (isNew) places_.push_back(place);
  return it->second;
}

std::span<const Places::Line> Places::lookUp(Addr pc, bool exact) {
  const auto [it, isNew] = pcs_.try_emplace(pc << 1 | static_cast<std::uint64_t>(exact));
  if (isNew) {
    frames_.clear();
    code_->expand(pc, exact, frames_);
    it->second = {static_cast<std::uint32_t>(lines_.size()),
                  static_cast<std::uint32_t>(frames_.size())};
    for (const image::SourceFrame& frame : frames_) {
      Line line;
      const std::string_view types =
          frame.inlined ? std::string_view() : code_->typesOf(exact ? pc : pc - 1);
      line.place = intern(placeOf(frame, types));
      line.owner = ownerOf(*code_, frame.function, frame.file);
      line.written = !frame.wrapper && !isGeneratedFile(frame.file);
      if (line.written && line.owner != Owner::runtime) {
        line.declaration = intern(declarationOf(frame, types));
      }
      lines_.push_back(line);
    }
  }
  return std::span(lines_).subspan(it->second.first, it->second.count);
}

/// Looks through the lines of a stack, innermost first, for the user's and the library's.
class Places::NearestToUser {
 public:
  explicit NearestToUser(const std::vector<Place>& places) : places_(places) {}

  /// True when the lines farther out do not matter any more.
  bool add(const Line& line) {
    const Place& place = places_[line.place];
    if (!line.written) {
      belowCallOfC_ = isMadeByCgo(place);
      return false;
    }
    // What cgo puts around a call of C, to check the pointers given to it, is a function literal on
    // the line of the call: the function that has this line is the place.
    if (check_) {
      const Place& check = places_[check_->place];
      const bool isCheck = place.line == check.line && place.file == check.file &&
                           check.function.starts_with(place.function) &&
                           check.function.substr(place.function.size()).starts_with(".func");
      if (!isCheck) take(*check_);
      check_.reset();
    } else if (belowCallOfC_) {
      belowCallOfC_ = false;
      check_ = line;
      return false;
    }
    take(line);
    return at(Owner::own).place != kNoPlace;
  }

  void end(StackInfo& info) {
    if (check_) take(*check_);
    for (const Owner owner : {Owner::own, Owner::local, Owner::library}) {
      if (at(owner).place == kNoPlace) continue;
      info.user = at(owner).place;
      info.library = at(owner).below;
      info.owner = owner;
      return;
    }
  }

 private:
  struct Found {
    PlaceId place = kNoPlace;
    PlaceId below = kNoPlace;  ///< the library's frame that was found before it
  };

  Found& at(Owner owner) { return found_[static_cast<std::size_t>(owner)]; }

  static bool isMadeByCgo(const Place& place) { return place.file.ends_with("_cgo_gotypes.go"); }

  /// Packages that do the waiting for whoever asks them to: the wait reason says it all.
  static bool onlyWaits(std::string_view function) {
    const std::string_view package = image::packageOf(function);
    return package == "sync" || package == "time" || package == "syscall" || package == "context" ||
           package == "iter" || package.starts_with("internal/");
  }

  void take(const Line& line) {
    if (line.owner <= Owner::runtime) return;
    if (line.owner == Owner::standard && onlyWaits(places_[line.place].function)) return;
    Found& found = at(line.owner);
    if (found.place != kNoPlace) return;
    found = {line.place, library_ != kNoPlace ? library_ : at(Owner::standard).place};
    if (line.owner >= Owner::library && library_ == kNoPlace) library_ = line.place;
  }

  const std::vector<Place>& places_;
  std::array<Found, static_cast<std::size_t>(Owner::own) + 1> found_{};
  std::optional<Line> check_;
  PlaceId library_ = kNoPlace;  ///< the innermost that is not of the standard library
  bool belowCallOfC_ = false;
};

StackInfo Places::stack(const golang::Snapshot& snapshot, const golang::Stack& stack) {
  StackInfo info;
  const std::span<const golang::FramePc> pcs(snapshot.pcs.data() + stack.first, stack.count);
  NearestToUser nearest(places_);
  Line last;
  bool done = false;
  for (std::size_t i = 0; i < pcs.size() && !done; ++i) {
    for (const Line& line : lookUp(pcs[i].pc, pcs[i].exact != 0)) {
      if (info.current == kNoPlace) {
        info.current = line.place;
        const std::string_view function = places_[line.place].function;
        // A thread of C that has called Go before keeps its goroutine (since 1.22), with an empty
        // stack.
        info.callsC = isCallOfC(function) || (pcs.size() == 1 && function == "runtime.goexit");
      }
      if (places_[line.place].function != "runtime.goexit") last = line;
      done = nearest.add(line);
      if (done) break;
    }
  }
  nearest.end(info);
  // From the other end: runtime.goexit, runtime.main and wrappers come first.
  Line outermost;
  for (auto it = pcs.rbegin(); it != pcs.rend() && outermost.declaration == kNoPlace; ++it) {
    for (const Line& line : lookUp(it->pc, it->exact != 0)) {
      if (line.declaration != kNoPlace) outermost = line;
    }
  }
  info.outermost = stack.truncated ? kNoPlace : outermost.declaration;
  if (info.user == kNoPlace) {
    const Line& line = outermost.place != kNoPlace ? outermost : last;
    info.user = line.place;
    info.owner = line.written ? line.owner : Owner::none;
  }
  return info;
}

PlaceId Places::creator(Addr pc) {
  if (pc == 0) return kNoPlace;
  const auto lines = lookUp(pc, false);
  return lines.empty() ? kNoPlace : lines.front().place;
}

PlaceId Places::own(Addr pc) {
  if (pc == 0) return kNoPlace;
  for (const Line& line : lookUp(pc, false)) {
    if (line.written && line.owner == Owner::own) return line.place;
  }
  return kNoPlace;
}

PlaceId Places::start(Addr pc, PlaceId outermost) {
  if (pc == 0) return kNoPlace;
  const auto [it, isNew] = starts_.try_emplace(pc);
  if (isNew) {
    frames_.clear();
    code_->expand(pc, true, frames_);
    if (!frames_.empty()) {
      it->second = {intern(declarationOf(frames_.back(), code_->typesOf(pc))),
                    frames_.back().wrapper};
    }
  }
  return it->second.wrapper && outermost != kNoPlace ? outermost : it->second.place;
}

}  // namespace parked::leak
