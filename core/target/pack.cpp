#include "target/pack.h"

#include <fmt/format.h>
#include <new>
#include <zstd.h>

namespace parked::target {

void ZstdSink::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

ZstdSink::ZstdSink(ByteSink& out, int level)
    : out_(out), context_(ZSTD_createCCtx()), packed_(ZSTD_CStreamOutSize()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

Result<void> ZstdSink::pack(std::span<const std::byte> bytes, bool last) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{packed_.data(), packed_.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(context_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) {
      return fail(ErrorCode::io, fmt::format("zstd: {}", ZSTD_getErrorName(left)));
    }
    if (auto done = out_.append(std::span(packed_).first(out.pos)); !done) return done;
    if (last ? left == 0 : in.pos == in.size) return {};
  }
}

Result<void> ZstdSink::append(std::span<const std::byte> bytes) { return pack(bytes, false); }

Result<void> ZstdSink::finish() {
  auto done = pack({}, true);
  return done ? out_.finish() : done;
}

}  // namespace parked::target
