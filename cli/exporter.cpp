#include "exporter.h"

#include <csignal>
#include <exception>
#include <fmt/format.h>
#include <mutex>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <pthread.h>
#include <utility>

namespace parked::cli {

namespace {

/// What the server's threads ask for, whenever somebody scrapes.
class LastLook final : public prometheus::Collectable {
 public:
  void set(std::vector<prometheus::MetricFamily> families) {
    const std::lock_guard lock(mutex_);
    families_ = std::move(families);
  }
  std::vector<prometheus::MetricFamily> Collect() const override {
    const std::lock_guard lock(mutex_);
    return families_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<prometheus::MetricFamily> families_;
};

prometheus::MetricFamily converted(const MetricFamily& family) {
  prometheus::MetricFamily out;
  out.name = family.name;
  out.help = family.help;
  out.type = family.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  for (const MetricFamily::Sample& sample : family.samples) {
    prometheus::ClientMetric& metric = out.metric.emplace_back();
    for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
    metric.counter.value = metric.gauge.value = sample.value;
  }
  return out;
}

/// While it lives no signal comes to this thread, nor later to threads that are made meanwhile: the
/// main thread is the one that Ctrl-C has to wake.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

struct Exporter::Impl {
  std::shared_ptr<LastLook> last = std::make_shared<LastLook>();
  std::unique_ptr<prometheus::Exposer> server;
};

Exporter::Exporter() : impl_(std::make_unique<Impl>()) {}
Exporter::~Exporter() = default;

std::unique_ptr<Exporter> Exporter::listen(const std::string& address, std::string& error) {
  const bool whole = address.find(':') != std::string::npos;
  const std::string where = whole ? address : "127.0.0.1:" + address;
  const WithoutSignals quiet;
  std::unique_ptr<Exporter> exporter(new Exporter());
  try {
    exporter->impl_->server = std::make_unique<prometheus::Exposer>(where);
  } catch (const std::exception&) {
    // Its own words name neither the address nor the reason.
    error = fmt::format("--listen {}: nobody can listen there now", where);
    return nullptr;
  }
  exporter->impl_->server->RegisterCollectable(exporter->impl_->last);
  const std::vector<int> ports = exporter->impl_->server->GetListeningPorts();
  exporter->url_ = fmt::format("http://{}:{}/metrics", where.substr(0, where.rfind(':')),
                               ports.empty() ? 0 : ports.front());
  return exporter;
}

void Exporter::show(std::vector<MetricFamily> families) {
  std::vector<prometheus::MetricFamily> all;
  all.reserve(families.size());
  for (const MetricFamily& family : families) all.push_back(converted(family));
  impl_->last->set(std::move(all));
}

}  // namespace parked::cli
