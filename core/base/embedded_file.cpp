#include "base/embedded_file.h"

#include <cstdlib>
#include <cstring>
#include <zlib.h>

namespace parked {

std::string unpackEmbedded(std::string_view packed) {
  // gzip ends with the size of what is in it.
  std::uint32_t size = 0;
  std::memcpy(&size, packed.data() + packed.size() - sizeof(size), sizeof(size));
  std::string text(size, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = size;
  constexpr int kGzip = 16;
  // The file is a part of the program: only a lack of memory can be the reason.
  if (inflateInit2(&stream, MAX_WBITS + kGzip) != Z_OK) std::abort();
  const int end = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (end != Z_STREAM_END) std::abort();
  return text;
}

}  // namespace parked
