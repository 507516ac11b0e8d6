// The host's callbacks as the rooms see them.
#pragma once

#include "base/observer.h"
#include "parked/parked.h"

namespace parked::command {

class HostObserver : public Observer {
 public:
  /// `host` must outlive the observer.
  explicit HostObserver(const Host& host) : host_(host) {}
  void progress(std::string_view stage, std::uint64_t done, std::uint64_t total) override {
    if (host_.progress) host_.progress(stage, done, total);
  }
  /// Once asked to stop, always: a debugger may forget that it was.
  bool cancelled() override {
    cancelled_ = cancelled_ || (host_.cancelled && host_.cancelled());
    return cancelled_;
  }
  /// Somebody was told so.
  bool hasStopped() const { return cancelled_; }

 private:
  const Host& host_;
  bool cancelled_ = false;
};

}  // namespace parked::command
