// Serves the numbers of a watch to Prometheus (--listen).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "parked/parked.h"

namespace parked::cli {

class Exporter {
 public:
  /// Listens at "127.0.0.1:9474", or at a port of this machine alone ("9474"; 0: any that is free).
  /// Null with one clear line in `error` if that cannot be.
  static std::unique_ptr<Exporter> listen(const std::string& address, std::string& error);
  ~Exporter();

  /// Where it listens: "http://127.0.0.1:9474/metrics".
  const std::string& url() const { return url_; }
  /// What is served from now on, until the next call.
  void show(std::vector<MetricFamily> families);

 private:
  Exporter();
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string url_;
};

}  // namespace parked::cli
