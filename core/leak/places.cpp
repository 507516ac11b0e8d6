#include "leak/places.h"

#include <functional>

namespace parked::leak {

namespace {

Place placeOf(const image::SourceFrame& frame) { return {frame.function, frame.file, frame.line}; }

Place declarationOf(const image::SourceFrame& frame) {
  return {frame.function, frame.file, frame.startLine > 0 ? frame.startLine : frame.line};
}

}  // namespace

Place functionAt(const Code& code, Addr entry) {
  std::vector<image::SourceFrame> frames;
  if (entry != 0) code.expand(entry, true, frames);
  if (frames.empty()) return {};
  image::SourceFrame method;
  return declarationOf(code.methodOf(frames.back().function, entry, method) ? method
                                                                            : frames.back());
}

std::size_t Places::PlaceHash::operator()(const Place& place) const {
  // Equal texts are mostly the same bytes of pclntab, but not always: hash the text.
  const std::hash<std::string_view> hash;
  return hash(place.function) * 31 + hash(place.file) * 7 + static_cast<std::size_t>(place.line);
}

bool Places::PlaceHash::operator()(const Place& a, const Place& b) const {
  return a.line == b.line && a.function == b.function && a.file == b.file;
}

Places::Places(const Code& code) : code_(&code) { places_.emplace_back(); }

PlaceId Places::intern(const Place& place) {
  const auto [it, isNew] = ids_.try_emplace(place, static_cast<PlaceId>(places_.size()));
  if (isNew) places_.push_back(place);
  return it->second;
}

const Places::Pc& Places::lookUp(Addr pc, bool exact) {
  const auto [it, isNew] = pcs_.try_emplace(pc << 1 | static_cast<std::uint64_t>(exact));
  if (!isNew) return it->second;
  frames_.clear();
  code_->expand(pc, exact, frames_);
  Pc& info = it->second;
  for (const image::SourceFrame& frame : frames_) {
    const PlaceId id = intern(placeOf(frame));
    if (info.first == kNoPlace) info.first = id;
    if (frame.wrapper) continue;
    if (info.user == kNoPlace && isUserFunction(*code_, frame.function, frame.file)) {
      info.user = id;
    }
    if (!isRuntimeFunction(frame.function)) info.outermost = intern(declarationOf(frame));
  }
  return info;
}

StackInfo Places::stack(const golang::Snapshot& snapshot, const golang::Stack& stack) {
  StackInfo info;
  const std::span<const golang::FramePc> pcs(snapshot.pcs.data() + stack.first, stack.count);
  PlaceId last = kNoPlace;
  for (const golang::FramePc& pc : pcs) {
    const Pc& found = lookUp(pc.pc, pc.exact != 0);
    if (info.current == kNoPlace) info.current = found.first;
    if (info.user == kNoPlace) info.user = found.user;
    if (found.first != kNoPlace && places_[found.first].function != "runtime.goexit") {
      last = found.first;
    }
    if (info.user != kNoPlace) break;
  }
  // From the other end: runtime.goexit, runtime.main and wrappers come first.
  for (auto it = pcs.rbegin(); it != pcs.rend() && info.outermost == kNoPlace; ++it) {
    const Pc& found = lookUp(it->pc, it->exact != 0);
    info.outermost = found.outermost;
    if (info.user == kNoPlace && found.outermost != kNoPlace) info.user = found.first;
  }
  if (info.user == kNoPlace) info.user = last;
  if (stack.truncated) info.outermost = kNoPlace;
  return info;
}

PlaceId Places::creator(Addr pc) { return pc == 0 ? kNoPlace : lookUp(pc, false).first; }

PlaceId Places::start(Addr pc, PlaceId outermost) {
  if (pc == 0) return kNoPlace;
  const auto [it, isNew] = starts_.try_emplace(pc);
  if (isNew) {
    frames_.clear();
    code_->expand(pc, true, frames_);
    if (!frames_.empty()) {
      it->second = {intern(declarationOf(frames_.back())), frames_.back().wrapper};
    }
  }
  return it->second.wrapper && outermost != kNoPlace ? outermost : it->second.place;
}

}  // namespace parked::leak
