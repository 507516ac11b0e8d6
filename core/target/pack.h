// Compressing what is written (unpack.h reads it again).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "target/byte_sink.h"

struct ZSTD_CCtx_s;

namespace parked::target {

/// A zstd stream, with a checksum, into another sink.
class ZstdSink final : public ByteSink {
 public:
  static constexpr int kLeast = 1, kMost = 19, kUsual = 3;  ///< levels

  /// `out` must outlive the object.
  ZstdSink(ByteSink& out, int level);

  Result<void> append(std::span<const std::byte> bytes) override;
  Result<void> finish() override;

 private:
  Result<void> pack(std::span<const std::byte> bytes, bool last);

  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  ByteSink& out_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::vector<std::byte> packed_;
};

}  // namespace parked::target
