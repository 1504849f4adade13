// Where the tensors of a file to be written lie, and the header that says so.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hoist/archive.hpp"
#include "hoist/layout.hpp"

namespace hoist::format {

struct Declaration {
  std::string name;
  DType dtype{};
  Shape shape{};
};

struct FileLayout {
  std::string header{};                  // its length, the JSON and spaces: all before the data
  std::vector<std::uint32_t> order{};    // of the declarations, as they lie in the file
  std::vector<std::uint64_t> offsets{};  // of each declaration, from the start of the file
  std::vector<std::uint64_t> sizes{};
  std::vector<std::uint64_t> checksums{};  // of each declaration: where its digits stand in the header; zeros so far
  std::uint64_t file_bytes = 0;
};

// How many bytes it takes. What no reader would: invalid_field, of a name that means something else in the format;
// invalid_utf8; invalid_shape.
Result<std::uint64_t> checked_bytes(const Declaration& tensor);

// invalid_field: nobody but the library gives this key a value.
Result<void> check_metadata_key(std::string_view key);

// Of declarations with names that are different. With checksums, the metadata hold a value of checksums_key in which
// the digits are still to be put. What checked_bytes and check_metadata_key say; invalid_utf8 in the metadata;
// header_too_large, above what readers take.
Result<FileLayout> lay_out(std::span<const Declaration> declarations, const Metadata& metadata, Layout layout,
                           bool checksums = false);

}  // namespace hoist::format
