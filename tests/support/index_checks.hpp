// What must hold for every index that a reader gives, whatever the header was. Shared by property tests and fuzzing;
// each check gives what is wrong as a sentence, or nothing.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"
#include "format/read_index.hpp"

namespace hoist::test {

inline format::HeaderBytes header_of(std::string_view json) {
  format::HeaderBytes header(json.size());
  if (!json.empty()) std::memcpy(header.data(), json.data(), json.size());
  return header;
}

// An index and the errors that came instead.
struct Reading {
  format::Index index{};
  std::vector<Error> errors{};

  bool accepted() const { return errors.empty(); }
};

inline Reading read_json(std::string_view json, std::uint64_t data_bytes, const OpenOptions& options = {},
                         std::size_t max_errors = 1, format::Readers readers = format::Readers::both) {
  format::ErrorList errors(max_errors);
  Reading reading;
  reading.index = format::read_index(header_of(json), 8 + json.size() + data_bytes, options, errors, readers);
  reading.errors = std::move(errors).take();
  return reading;
}

inline std::string broken_invariant(const TensorInfo& tensor, const OpenOptions& options) {
  if (!base::is_utf8(tensor.name)) return "a name is not UTF-8";
  if (tensor.name == "__metadata__") return "a tensor is called __metadata__";
  if (tensor.name.size() > options.max_name_bytes) return "a name is longer than the limit";
  if (tensor.shape.size() > options.max_rank) return "a rank is above the limit";
  if (options.validation == Validation::strict && tensor.shape.size() > 64) return "a rank is above that of strict";
  format::Uint128 bit_count = bits(tensor.dtype);
  for (const std::uint64_t size : tensor.shape) {
    if (size > INT64_MAX) return "a dimension is above 2^63 - 1";
    bit_count *= size;
    if (bit_count > UINT64_MAX) return "a size overflows";
  }
  if (bit_count % 8 != 0 || bit_count / 8 != tensor.byte_count) return "a size differs from shape x dtype";
  return {};
}

// Sorted, contiguous from the header to the end of the file, findable by name, each tensor sound.
inline std::string broken_invariant(const format::Index& index, std::uint64_t file_bytes, const OpenOptions& options) {
  std::uint64_t end = 8 + index.header.size();
  std::size_t dimensions = 0;
  for (std::uint32_t i = 0; i < index.tensors.size(); ++i) {
    const TensorInfo& tensor = index.tensors[i];
    if (const std::string broken = broken_invariant(tensor, options); !broken.empty()) return broken;
    if (tensor.offset != end) return "a tensor does not begin where the one before it ended";
    if (tensor.byte_count > file_bytes - end) return "a tensor ends beyond the file";
    end += tensor.byte_count;
    dimensions += tensor.shape.size();
    if (index.find(tensor.name) != i) return "a name is not found where its tensor is";
  }
  if (end != file_bytes) return "the tensors do not reach the end of the file";
  if (dimensions != index.dimensions.size()) return "there are dimensions that belong to no tensor";
  if (index.find(std::string("no such\0name", 12)) != format::NameTable::none && index.tensors.empty()) {
    return "a name is found in an empty index";
  }
  for (const auto& [key, value] : index.metadata) {
    if (!base::is_utf8(key) || !base::is_utf8(value)) return "metadata is not UTF-8";
  }
  return {};
}

// An error is one printable line, about a place inside of the file.
inline std::string broken_invariant(const Error& error, std::uint64_t file_bytes) {
  const std::string line = error.to_string();
  if (error.message.empty()) return "an error has no message";
  if (!base::is_utf8(line)) return "an error is not UTF-8";
  if (std::any_of(line.begin(), line.end(), [](unsigned char c) { return c < 0x20; }))
    return "an error is not one line";
  if (error.offset && *error.offset > file_bytes) return "an error is beyond the file";
  return {};
}

inline std::string broken_invariant(const Reading& reading, std::uint64_t file_bytes, const OpenOptions& options) {
  for (const Error& error : reading.errors) {
    if (const std::string broken = broken_invariant(error, file_bytes); !broken.empty()) return broken;
  }
  return reading.accepted() ? broken_invariant(reading.index, file_bytes, options) : std::string();
}

// How two readings differ. Where tensors lie is compared from the end of the header on: the lengths of two spellings
// of the same header differ.
inline std::string difference(const format::Index& a, const format::Index& b) {
  if (a.tensors.size() != b.tensors.size()) return "the number of tensors differs";
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    const TensorInfo &left = a.tensors[i], &right = b.tensors[i];
    const std::string where = " of tensor " + std::to_string(i) + " differs";
    if (left.name != right.name) return "the name" + where;
    if (left.dtype != right.dtype) return "the dtype" + where;
    if (!std::equal(left.shape.begin(), left.shape.end(), right.shape.begin(), right.shape.end())) {
      return "the shape" + where;
    }
    if (left.offset - a.header.size() != right.offset - b.header.size()) return "the offset" + where;
    if (left.byte_count != right.byte_count) return "the size" + where;
  }
  return a.metadata == b.metadata ? std::string() : "the metadata differ";
}

inline std::string difference(const Reading& a, const Reading& b) {
  if (a.errors.size() != b.errors.size()) return "the number of errors differs";
  for (std::size_t i = 0; i < a.errors.size(); ++i) {
    if (a.errors[i].code != b.errors[i].code) return "the code of an error differs";
    if (a.errors[i].to_string() != b.errors[i].to_string()) return "the text of an error differs";
    if (a.errors[i].tensor != b.errors[i].tensor) return "the tensor of an error differs";
    if (a.errors[i].offset != b.errors[i].offset) return "the place of an error differs";
  }
  return a.accepted() ? difference(a.index, b.index) : std::string();
}

}  // namespace hoist::test
