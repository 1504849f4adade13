// Files are built in the test that reads them: a well-formed one by the parts, a broken one by its JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hoist/archive.hpp"

namespace hoist::test {

// 8 bytes of length, then `json`, then `data`: nothing is checked or padded.
std::string file_with(std::string_view json, std::string_view data = {});

// The same with a length that lies.
std::string file_with_length(std::uint64_t length, std::string_view rest);

// A valid file, tensor by tensor, spelled as the reference's writer does.
class FileBuilder {
 public:
  // Data of `bytes.size()` bytes behind what was added before. The sizes are the caller's business.
  FileBuilder& add(std::string_view name, std::string_view dtype, const Shape& shape, std::string_view bytes);
  // The same with bytes that count up, as many as dtype and shape take.
  FileBuilder& add(std::string_view name, DType dtype, const Shape& shape);
  FileBuilder& metadata(std::string_view key, std::string_view value);

  std::string json() const;
  const std::string& data() const { return data_; }
  std::string file() const { return file_with(json(), data_); }

 private:
  std::string entries_;
  std::string metadata_;
  std::string data_;
};

// `text` as a JSON string literal, quotes included.
std::string json_string(std::string_view text);

// Opens bytes in memory; the archive keeps a copy.
Result<Archive> open_bytes(std::string_view file, OpenOptions options = {});

}  // namespace hoist::test
