#include "format/file_layout.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "base/utf8.hpp"
#include "format/json_string.hpp"
#include "format/shape.hpp"
#include "hoist/checksums.hpp"

namespace hoist::format {
namespace {

constexpr std::uint64_t block_bytes = 4096;              // what storage and pages are aligned to
constexpr std::uint64_t max_header_bytes = 100'000'000;  // of every reader
constexpr std::size_t length_bytes = 8;
constexpr std::size_t max_rank = 1024;  // OpenOptions
constexpr std::string_view metadata_name = "__metadata__";

void append_entry(std::string& json, const Declaration& tensor, std::uint64_t begin, std::uint64_t end) {
  append_json_string(json, tensor.name);
  json.append(":{\"dtype\":\"").append(name(tensor.dtype)).append("\",\"shape\":[");
  for (std::size_t i = 0; i < tensor.shape.size(); ++i)
    json.append(i == 0 ? "" : ",").append(std::to_string(tensor.shape[i]));
  json.append("],\"data_offsets\":[")
      .append(std::to_string(begin))
      .append(",")
      .append(std::to_string(end))
      .append("]}");
}

// An object of digits by tensor, in a string.
void append_checksums(std::string& json, std::span<const Declaration> declarations, FileLayout& layout) {
  layout.checksums.resize(declarations.size());
  json += "\"{";
  std::string name;
  for (const std::uint32_t i : layout.order) {
    if (i != layout.order.front()) json += ',';
    name.clear();
    append_json_string(name, declarations[i].name);
    append_escaped(json, name);
    json += ":\\\"";
    layout.checksums[i] = json.size();
    json.append(base::checksum_digits, '0').append("\\\"");
  }
  json += "}\"";
}

// `checksums` appends the value of their key, which is there where they are wanted.
void append_metadata(std::string& json, const Metadata& metadata, const std::function<void()>& checksums) {
  append_json_string(json, metadata_name);
  json += ":{";
  bool first = true;
  for (const auto& [key, value] : metadata) {
    if (!std::exchange(first, false)) json += ',';
    append_json_string(json, key);
    json += ':';
    if (key == checksums_key) checksums();
    else append_json_string(json, value);
  }
  json += '}';
}

// Of the sizes up to a block, the largest power of two that divides this one; no bytes are divided by all.
std::uint64_t natural_alignment(std::uint64_t bytes) {
  return bytes == 0 ? block_bytes : std::min(block_bytes, std::uint64_t{1} << std::countr_zero(bytes));
}

void sort(std::vector<std::uint32_t>& order, std::span<const Declaration> declarations,
          std::span<const std::uint64_t> sizes, Layout layout) {
  if (layout == Layout::aligned) {
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [&](std::uint32_t i) { return natural_alignment(sizes[i]); });
  } else if (layout == Layout::reference) {
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
      const Declaration &left = declarations[a], &right = declarations[b];
      return left.dtype != right.dtype ? left.dtype > right.dtype : left.name < right.name;
    });
  }
}

Error not_utf8(std::string_view what, std::string_view text) {
  return {.code = Errc::invalid_utf8, .message = std::string(what) + " is not UTF-8: " + base::quoted(text)};
}

}  // namespace

Result<std::uint64_t> checked_bytes(const Declaration& tensor) {
  if (!base::is_utf8(tensor.name)) return not_utf8("a tensor's name", tensor.name);
  const auto refused = [&](Error error) {
    error.tensor = tensor.name;
    return error;
  };
  if (tensor.name == metadata_name) {
    return refused({.code = Errc::invalid_field, .message = "this name stands for the metadata"});
  }
  if (tensor.shape.size() > max_rank) {
    return refused({.code = Errc::invalid_shape,
                    .message = "rank " + base::grouped(tensor.shape.size()) + " is above what readers take, " +
                               base::grouped(max_rank)});
  }
  const auto bytes = byte_count(tensor.dtype, tensor.shape);
  if (!bytes) return refused(shape_fault(tensor.dtype, tensor.shape));
  return *bytes;
}

Result<void> check_metadata_key(std::string_view key) {
  if (key != checksums_key) return {};
  return Error{.code = Errc::invalid_field,
               .message = base::quoted(key) +
                          " in the metadata is for the checksums of a file as it is written, and is not taken over "
                          "from another"};
}

Result<FileLayout> lay_out(std::span<const Declaration> declarations, const Metadata& metadata, Layout layout,
                           bool checksums) {
  FileLayout found;
  for (const auto& [key, value] : metadata) {
    if (auto allowed = check_metadata_key(key); !allowed) return std::move(allowed).error();
    if (!base::is_utf8(key) || !base::is_utf8(value)) return not_utf8("metadata", key);
  }
  found.sizes.reserve(declarations.size());
  for (const Declaration& tensor : declarations) {
    auto bytes = checked_bytes(tensor);
    if (!bytes) return std::move(bytes).error();
    found.sizes.push_back(*bytes);
  }
  found.order.resize(declarations.size());
  std::iota(found.order.begin(), found.order.end(), 0U);
  sort(found.order, declarations, found.sizes, layout);

  std::string json(length_bytes, '\0');
  json += '{';
  Metadata all = metadata;
  if (checksums) all.emplace(checksums_key, "");
  if (!all.empty()) append_metadata(json, all, [&] { append_checksums(json, declarations, found); });
  found.offsets.resize(declarations.size());
  constexpr std::uint64_t most_bytes = INT64_MAX - 2 * max_header_bytes;  // of a file, as the system counts
  std::uint64_t end = 0;
  for (const std::uint32_t i : found.order) {
    if (found.sizes[i] > most_bytes - end) {
      return Error{.code = Errc::invalid_shape, .message = "all tensors together do not fit a file"};
    }
    if (json.size() != length_bytes + 1) json += ',';
    append_entry(json, declarations[i], end, end + found.sizes[i]);
    found.offsets[i] = end;
    end += found.sizes[i];
  }
  json += '}';
  const std::uint64_t unit = layout == Layout::reference ? length_bytes : block_bytes;
  json.append((unit - json.size() % unit) % unit, ' ');
  const std::uint64_t length = json.size() - length_bytes;
  if (length > max_header_bytes) {
    return Error{.code = Errc::header_too_large,
                 .message = "the header takes " + base::grouped(length) + " bytes, readers take up to " +
                            base::grouped(max_header_bytes)};
  }
  for (std::size_t i = 0; i < length_bytes; ++i)
    json[i] = static_cast<char>(length >> (8 * i) & 0xFF);
  for (std::uint64_t& offset : found.offsets)
    offset += json.size();
  found.file_bytes = json.size() + end;
  found.header = std::move(json);
  return found;
}

}  // namespace hoist::format
