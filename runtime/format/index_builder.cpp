#include "format/index_builder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "format/shape.hpp"

namespace hoist::format {
namespace {

using base::grouped;

constexpr std::size_t strict_max_rank = 64;  // numpy's limit

struct Fault {
  Errc code;
  std::string message;
};

// What is wrong with a tensor by itself: its name, its shape, or offsets that do not fit them.
std::optional<Fault> own_fault(const TensorInfo& tensor, std::uint64_t begin, std::uint64_t end,
                               const OpenOptions& options) {
  if (tensor.name.size() > options.max_name_bytes) {
    return Fault{Errc::invalid_field, "a name of " + grouped(tensor.name.size()) + " bytes is above the limit of " +
                                          grouped(options.max_name_bytes)};
  }
  if (tensor.shape.size() > options.max_rank) {
    return Fault{Errc::invalid_shape,
                 "rank " + grouped(tensor.shape.size()) + " is above the limit of " + grouped(options.max_rank)};
  }
  const auto bytes = byte_count(tensor.dtype, tensor.shape);
  if (!bytes) {
    Error fault = shape_fault(tensor.dtype, tensor.shape);
    return Fault{fault.code, std::move(fault.message)};
  }
  if (end < begin) {
    return Fault{Errc::size_mismatch, "data_offsets run backwards: begin " + grouped(begin) + ", end " + grouped(end)};
  }
  if (end - begin != *bytes) {
    return Fault{Errc::size_mismatch, "data_offsets span " + grouped(end - begin) + " bytes, but " +
                                          shape_text(tensor.dtype, tensor.shape) + " takes " + grouped(*bytes)};
  }
  return std::nullopt;
}

Fault misplaced(std::uint64_t begin, std::uint64_t previous_end) {
  return {Errc::not_contiguous, std::string(begin < previous_end ? "overlap" : "hole") + ": begins at byte " +
                                    grouped(begin) + " of the data, the tensor before it ends at " +
                                    grouped(previous_end)};
}

// In blocks whose count fits a byte: the compiler then compares 16 at once, five times as fast as std::count.
std::size_t count_byte(std::string_view text, char wanted) {
  constexpr std::size_t block = 128;
  std::size_t count = 0, i = 0;
  for (; text.size() - i >= block; i += block) {
    std::uint8_t in_block = 0;
    for (std::size_t j = 0; j < block; ++j)
      in_block += text[i + j] == wanted ? 1 : 0;
    count += in_block;
  }
  for (; i < text.size(); ++i)
    count += text[i] == wanted ? 1 : 0;
  return count;
}

// Gives back what a vector holds in excess, unless that is too little to be worth the copy.
void trim(auto& vector) {
  if (vector.capacity() - vector.size() > vector.size() / 16) vector.shrink_to_fit();
}

}  // namespace

HeaderBytes::HeaderBytes(std::size_t size)
    : bytes_(static_cast<char*>(base::allocate_large(size + zeros_behind))), size_(size) {
  std::memset(bytes_ + size, 0, zeros_behind);
}

HeaderBytes::~HeaderBytes() { base::free_large(bytes_); }

IndexBuilder::IndexBuilder(HeaderBytes& header, std::uint64_t file_bytes, const OpenOptions& options, ErrorList& errors)
    : header_(header), file_bytes_(file_bytes), options_(options), errors_(errors) {
  // One brace a tensor, and no entry is shorter than 51 bytes: exact for honest files, bounded for others.
  const std::size_t most = std::min(count_byte(header.view(), '{'), header.size() / 51);
  index_.tensors.reserve(most);
  index_.dimensions.reserve(2 * most);  // most weights are matrices; the rest is given back
}

void IndexBuilder::tensor(std::string_view name, DType dtype, std::uint64_t begin, std::uint64_t end) {
  // The dimensions may still move: finish() sets where the shape points. Offsets stay relative until then.
  const std::span<const std::uint64_t> shape(index_.dimensions.data() + first_dimension_, rank());
  index_.tensors.push_back({.name = name, .dtype = dtype, .shape = shape, .offset = begin, .byte_count = end});
  first_dimension_ = index_.dimensions.size();
}

void IndexBuilder::drop_tensor() {
  index_.dimensions.resize(first_dimension_);
  dropped_ = true;
}

bool IndexBuilder::metadata(std::string_view key, std::string_view value) {
  return index_.metadata.emplace(key, value).second;
}

void IndexBuilder::not_strict(const char* where, std::string message) {
  if (options_.validation != Validation::strict || not_strict_) return;
  not_strict_ = Error{.code = Errc::not_strict,
                      .message = std::move(message),
                      .offset = 8 + static_cast<std::uint64_t>(where - header_.data())};
}

void IndexBuilder::fail(Errc code, std::string message, const char* where, std::string_view tensor) {
  errors_.add({.code = code,
               .message = std::move(message),
               .tensor = std::string(tensor),
               .offset = 8 + static_cast<std::uint64_t>(where - header_.data())});
}

void IndexBuilder::fail(Errc code, std::string message, const TensorInfo& tensor) {
  fail(code, std::move(message), tensor.name.data(), tensor.name);
}

void IndexBuilder::reset() {
  index_.tensors.clear();
  index_.dimensions.clear();
  index_.metadata.clear();
  first_dimension_ = 0;
  dropped_ = false;
  not_strict_.reset();
}

Index IndexBuilder::finish() {
  trim(index_.dimensions);
  trim(index_.tensors);
  const std::uint64_t* shape = index_.dimensions.data();
  for (TensorInfo& tensor : index_.tensors) {
    tensor.shape = {shape, tensor.shape.size()};
    shape += tensor.shape.size();
  }
  const auto by_offset = [](const TensorInfo& a, const TensorInfo& b) {
    // An empty tensor shares its offset with what follows it; the header's order decides between equals.
    return std::pair(a.offset, a.byte_count) < std::pair(b.offset, b.byte_count);
  };
  if (!std::is_sorted(index_.tensors.begin(), index_.tensors.end(), by_offset)) {
    std::stable_sort(index_.tensors.begin(), index_.tensors.end(), by_offset);
  }
  fill_names();  // first: a name that stands twice is why its tensors overlap
  check_tensors();
  if (errors_.empty() && not_strict_) errors_.add(*std::move(not_strict_));
  index_.header = std::move(header_);
  return std::move(index_);
}

// In file order: each tensor's own numbers first, then whether it begins where the one before it ended. The last
// two fields of TensorInfo turn from (begin, end) into (offset in the file, byte count) here.
void IndexBuilder::check_tensors() {
  std::uint64_t previous_end = 0;
  bool end_known = !dropped_;  // whether the tensor before this one ends at previous_end
  for (TensorInfo& tensor : index_.tensors) {
    if (errors_.full()) return;
    const std::uint64_t begin = tensor.offset, end = tensor.byte_count;
    auto fault = own_fault(tensor, begin, end, options_);
    const bool span_good = !fault;
    const auto place = static_cast<std::uint32_t>(&tensor - index_.tensors.data());
    const bool blamed = std::binary_search(duplicates_.begin(), duplicates_.end(), place);
    if (!fault && !blamed && (begin < previous_end || (begin > previous_end && end_known))) {
      fault = misplaced(begin, previous_end);
    }
    if (fault && !blamed) fail(fault->code, std::move(fault->message), tensor);
    if (tensor.shape.size() > strict_max_rank) {
      not_strict(tensor.name.data(), "rank " + grouped(tensor.shape.size()) + " is above 64");
    }
    end_known = span_good && !dropped_;
    previous_end = std::max(previous_end, span_good ? end : begin);
    tensor.offset = data_begin() + begin;  // meaningless, but not read, once an error stands
    tensor.byte_count = end - begin;
  }
  if (errors_.empty()) check_length(previous_end);  // it says something new only where the tensors are in order
}

void IndexBuilder::check_length(std::uint64_t described) {
  const std::uint64_t data_bytes = file_bytes_ - data_begin();
  if (described > data_bytes) {
    errors_.add({.code = Errc::truncated_data,
                 .message = "the header describes " + grouped(described) + " bytes of data, the file has " +
                            grouped(data_bytes) + ": " + grouped(described - data_bytes) +
                            " bytes are missing; was it copied or downloaded whole?",
                 .tensor = std::string(index_.tensors.back().name),
                 .offset = file_bytes_});
  } else if (described < data_bytes) {
    errors_.add({.code = Errc::trailing_data,
                 .message = grouped(data_bytes - described) + " bytes follow the last tensor, which ends at byte " +
                            grouped(data_begin() + described) + " of " + grouped(file_bytes_),
                 .offset = data_begin() + described});
  }
}

void IndexBuilder::fill_names() {
  const LargeVector<TensorInfo>& tensors = index_.tensors;
  index_.names.insert_all(
      tensors.size(), [&](std::uint32_t i) { return tensors[i].name; },
      [&](std::uint32_t i, std::uint32_t) {
        fail(Errc::duplicate_tensor, "the name stands twice in the header; readers disagree on which tensor it means",
             tensors[i]);
        duplicates_.push_back(i);
        return !errors_.full();
      });
}

}  // namespace hoist::format
